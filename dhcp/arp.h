/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Does anybody use this address already? RFC 5227: a question for it, and who answers. */

#include "lib/base/net.h"
#include "lib/base/reader.h"

#define DHCP_ARP_SIZE 42 /* Ethernet II, 14, and ARP for IPv4, 28 (RFC 826) */

/* Asks all on the wire who has @address, and says no address of its own (RFC 5227 2.1.1). */
void dhcp_arp_probe(const struct mac_address *from, struct ip4_address address,
                    uint8_t to[static DHCP_ARP_SIZE]);

/* A whole frame: who says that it has which address. 0; -ENOMSG if it is no answer; -EBADMSG if it
 * is cut short, or no card has that MAC. */
int dhcp_arp_reply_parse(struct reader frame, struct mac_address *ret_mac,
                         struct ip4_address *ret_address);
