/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Networks and reservations of a configuration, as the DHCP engine takes them. */

#include "dhcp/server.h"
#include "lib/node/wire.h"

/* @ours: our address in it; unset or elsewhere: none. @config was checked. Wires are not said: see
 * pools_find_wire(). */
struct dhcp_network pools_network(const struct edge_network *from, struct ip4_address ours);

/* The network before @number that is on its wire: -ENOENT, or its number among those that give
 * addresses, as the server counts them when they are added in their order. */
ssize_t pools_find_wire(const struct edge_config *config, size_t number);

/* As dhcp_leases_reserve() and dhcp_leases_reserve_key(). */
int pools_reserve(struct dhcp_leases *leases, const struct edge_reservation *reservation);
