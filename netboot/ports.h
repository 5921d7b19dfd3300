/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Ports: which machines' installs wait for a port, and whether it answers
 *
 * The controller says which machine and which port, and never where: the address is the one that
 * the machine leases of us. All calls come from the loop's thread.
 */

#include "lib/base/loop.h"
#include "lib/node/wire.h"
#include "netboot/events.h"
#include "netboot/prober.h"

/* How often a machine is looked at; and one that has answered, in case that was lost on the
 * controller, as it was in conflict then. */
#define PORTS_EVERY_MS 2000
#define PORTS_AGAIN_MS 60000

/* The addresses that this machine leases now; how many. leases_addresses(). */
typedef size_t (*ports_addresses_fn)(void *context, const struct mac_address *mac,
                                     struct ip_address ret[static 2]);

struct ports_options {
        struct loop *loop;
        const struct prober *prober; /* stays the caller's */
        struct events *events;       /* STEP_PORT goes here */
        ports_addresses_fn addresses;
        void *context;
};

struct ports;

int ports_new(const struct ports_options *options, struct ports **ret); /* -ENOMEM, -errno */
struct ports *ports_free(struct ports *ports);                          /* takes NULL */

/* In the place of those before; what is known of one that stays is kept. 0, -ENOMEM. */
int ports_apply(struct ports *ports, const struct edge_port *rows, size_t count);
