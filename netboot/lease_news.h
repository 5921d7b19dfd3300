/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Lease news: which leases changed, on the way to the controller.
 *
 * The thread of the tables notes what changed, and makes the next report of it when the last one
 * was delivered; another thread delivers. An address that changes often is told of once, as it is
 * then. A cycle begins with all there is; the controller asks for a new one when it does not know
 * ours.
 */

#include "dhcp/lease.h"
#include "dhcp/v6_lease.h"
#include "lib/node/lease_report.h"

/* Addresses whose news wait: all leases of both families. */
#define LEASE_NEWS_MAX (DHCP_MAX_LEASES + DHCP6_MAX_LEASES)
/* Where nothing changes, so often the controller hears that this is so. */
#define LEASE_NEWS_QUIET_MS 15000

struct lease_news;

struct lease_news *lease_news_new(void); /* NULL without memory */
struct lease_news *lease_news_free(struct lease_news *news);

/* --- the thread of the tables --- */

/* A record for the journal: what it says of is news. Others than of leases are skipped. */
void lease_news_note(struct lease_news *news, const void *record, size_t size);

/* All of it is news: the tables are others, or were read from the journal. */
void lease_news_note_all(struct lease_news *news);

/**
 * lease_news_make() - make the next report, if the last one is delivered and there is something
 *
 * @pools, @count: as they are now
 *
 * Return: true if one was made.
 */
bool lease_news_make(struct lease_news *news, const struct dhcp_leases *leases,
                     const struct dhcp6_leases *leases6, const struct lease_pool *pools,
                     size_t count, uint64_t now_ms);

/* --- the thread that delivers --- */

/* The report to deliver, or NULL: none came within @wait_ms, or lease_news_stop(). It is valid, and
 * returned again, until lease_news_told(). */
const struct lease_report *lease_news_take(struct lease_news *news, unsigned wait_ms);
/* The controller has it. @again: it wants to hear all of it. */
void lease_news_told(struct lease_news *news, bool again);
void lease_news_stop(struct lease_news *news); /* any thread */
