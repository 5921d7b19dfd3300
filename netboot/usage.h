/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Usage: how many addresses of each pool are taken, for metrics, for the
 * controller, and told as an event when there are few left.
 */

#include "dhcp/lease.h"
#include "dhcp/v6_lease.h"
#include "lib/node/lease_report.h"
#include "netboot/events.h"

/* Percent of a pool. A pool that is told of as nearly full has to fall below the last one before it
 * is told of again: one machine that comes and goes is no news. */
#define USAGE_NEARLY 90
#define USAGE_FREE   80

struct usage;

struct usage *usage_new(struct events *events); /* NULL without memory */
struct usage *usage_free(struct usage *usage);

/* What the tables hold now. The thread of the tables alone; adds an event for each pool that became
 * nearly full, full, or free again. Of the pools of networks only those are named that are in
 * @networks. */
struct usage_tables {
        const struct dhcp_leases *leases;
        const struct dhcp6_leases *leases6;
        const struct edge_network *networks;
        size_t network_count;
};
void usage_update(struct usage *usage, const struct usage_tables *tables);

/* A copy of what it was last. Any thread. Return: how many. */
size_t usage_copy(struct usage *usage, struct lease_pool ret[static LEASE_POOLS_MAX]);
