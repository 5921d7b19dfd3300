/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The interface that booted, its address by DHCP or DHCPv6, kept for as long as the agent runs. */

#include "lib/base/ip.h"
#include "lib/base/loop.h"

struct network;

/**
 * network_new() - bring up the interface with @mac and keep an address on it
 * @mac:    from BOOTIF; all zero: the first wired interface that has a carrier
 * @ready:  called when an address was put on the interface, each time it changes
 *
 * network_look() is to be called whenever a device may have appeared.
 */
int network_new(struct loop *loop, const struct mac_address *mac, loop_fn ready, void *context,
                struct network **ret);
struct network *network_free(struct network *network);
void network_look(struct network *network);

/* Its address is to be one of IPv6, and of none other: the edge is reached by that. Before
 * network_look(). */
void network_use_ip6(struct network *network);

struct ip_address network_address(const struct network *network);
struct mac_address network_mac(const struct network *network);

/* "no interface has 52:54:00:77:00:01", "eth0 has no carrier", "eth0: no answer to DHCP": what it
 * waits for. */
const char *network_waits_for(const struct network *network);
