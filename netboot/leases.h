/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Leases: the DHCP engines and the journal that makes its answers durable.
 * All calls come from the loop's thread, but leases_is_broken().
 */

#include <stdbool.h>

#include "dhcp/server.h"
#include "dhcp/v6_server.h"
#include "lib/base/journal.h"
#include "lib/base/loop.h"
#include "netboot/boots.h"
#include "netboot/events.h"
#include "netboot/interface.h"
#include "netboot/site.h"

struct lease_news;
struct leases;
struct usage;

struct leases_options {
        struct loop *loop;
        const char *path; /* the journal; opened when there is a configuration */
        struct boots *boots;
        struct events *events;
        struct lease_news *news; /* of these the controller is told */
        struct usage *usage;
        struct site *site;
        dhcp_boot_fn boot;
        dhcp_admit_fn admit;    /* with the same context */
        dhcp_known_fn is_known; /* the same */
        void *boot_context;
        const struct netboot_interfaces *interfaces; /* for DHCPv6: our name, and our addresses */
        dhcp6_boot_fn boot6;
        dhcp6_admit_fn admit6;
        dhcp_known_fn is_known6;
        void *boot6_context; /* of these three */
};

int leases_new(const struct leases_options *options, struct leases **ret); /* -ENOMEM, -errno */
/* Commits and closes. */
struct leases *leases_free(struct leases *leases);

/**
 * leases_apply() - serve these networks from now on
 * @error:  DAEMON_ERROR_SIZE bytes: one sentence
 *
 * The first call opens the journal and replays it: a record means something only within a network.
 * Later ones carry the leases over; those of a network that is gone go with it.
 *
 * Return: 0, or what journal_open(), dhcp_server_add_network() say; what was served before is.
 */
int leases_apply(struct leases *leases, const struct edge_config *config, char *error);

/* Our own addresses are others now: where one in a network that is served is, the next
 * leases_apply() makes everything anew. */
void leases_addresses_changed(struct leases *leases);

/* The addresses that this machine leases of us now, and may use; how many. */
size_t leases_addresses(struct leases *leases, const struct mac_address *mac,
                        struct ip_address ret[static BOOTS_ADDRESSES]);

/* NULL until there is a configuration. */
struct dhcp_server *leases_server(struct leases *leases);
struct dhcp6_server *leases_server6(struct leases *leases);

/* Keeps a record that nobody waits for; it is synced within LEASES_LAZY_MS. 0, or why it was not
 * kept. */
int leases_keep(struct leases *leases, const void *record, size_t size);
#define LEASES_LAZY_MS 200

/**
 * leases_commit() - have the record, and all before it, on disk
 * @size:  0: only what was kept before
 * @done:  as journal_commit()
 *
 * Return: 0; or an error, and @done is not called.
 */
int leases_commit(struct leases *leases, const void *record, size_t size, journal_done_fn done,
                  void *context);

/* The disk failed us: no lease is promised until it works again, which is tried now and then. Any
 * thread. */
bool leases_is_broken(const struct leases *leases);
/* Notes a failure that a done function was told. Logs the first one, and begins to mend. */
void leases_break(struct leases *leases, int rc);
