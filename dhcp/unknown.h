/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Unknown: how fast machines that nobody knows use up what is scarce.
 *
 * Whoever is on the wire can invent MACs and DUIDs. While there is plenty, each gets its
 * offer at once. When more than half of what it may have is taken, an unknown
 * machine is offered an address when it asks for the second time, as all
 * firmware does, and at the pace of its port: a program that invents a MAC for
 * each message gets nothing, and one that plays by the rules is slow.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dhcp/lease.h"
#include "lib/base/reader.h"

#define DHCP_UNKNOWN_PORTS    256  /* counted apart; two that meet in one share it */
#define DHCP_UNKNOWN_SEEN     8192 /* who asked once; 64 KiB. The newest are known */
#define DHCP_UNKNOWN_AGAIN_MS 60000
/* At once, and a minute afterwards: of one port of a switch, and of all behind a relay, or on our
 * own wire, that says no port. */
#define DHCP_UNKNOWN_PORT_BURST   8
#define DHCP_UNKNOWN_PORT_MINUTE  30
#define DHCP_UNKNOWN_RELAY_BURST  64
#define DHCP_UNKNOWN_RELAY_MINUTE 600

struct dhcp_unknown {
        struct {
                uint64_t since_ms;
                uint64_t used; /* of the burst */
        } ports[DHCP_UNKNOWN_PORTS];
        struct {
                uint32_t mark;
                uint32_t seen_s;
        } seen[DHCP_UNKNOWN_SEEN];
};

/* Where it asked. */
struct dhcp_place {
        struct reader relay; /* its address, or our own */
        struct reader port;  /* as a relay that is believed says it; may be empty */
};

/* May it be offered an address, now that they are scarce? Counts it. @who: what it is called by: a
 * MAC; DUID and number of an identity. */
bool dhcp_unknown_allows(struct dhcp_unknown *unknown, struct reader who,
                         const struct dhcp_place *place, const struct dhcp_now *now);
