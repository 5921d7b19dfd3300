/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Router solicitations get an advertisement with lifetime 0: "I am no router".
 * iPXE waits 13 s for any answer before it boots over IPv4. Where DHCPv6 is
 * answered it says so, too, and which addresses are on the link.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/ip6.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"

#define DHCP_ROUTER_ADVERTISEMENT_SIZE 24
#define DHCP_ROUTER_MANAGED_SIZE       (DHCP_ROUTER_ADVERTISEMENT_SIZE + 32)

struct dhcp_router_solicitation {
        bool has_mac;
        struct mac_address mac; /* source link-layer address option */
};

/**
 * dhcp_router_solicitation_parse() - RFC 4861 4.1, checked as 6.1.1 asks
 * @icmp:            from the ICMPv6 type on
 * @hop_limit:       of the IPv6 header
 * @has_source:      false if the source was the unspecified address
 *
 * The checksum is the kernel's to check (a raw ICMPv6 socket does).
 *
 * Return: 0; -ENOMSG if it is something else; -EBADMSG if 6.1.1 says to discard it.
 */
int dhcp_router_solicitation_parse(struct reader icmp, uint8_t hop_limit, bool has_source,
                                   struct dhcp_router_solicitation *ret);

/* RFC 4861 4.2, from the ICMPv6 type on: lifetime 0, no M, no O, with our MAC. The kernel fills in
 * the checksum; send it with hop limit 255. Return: bytes written. */
size_t dhcp_router_advertisement_write(const struct mac_address *ours,
                                       uint8_t to[static DHCP_ROUTER_ADVERTISEMENT_SIZE]);

/* The same with M and O, and with @network as on-link but not for addresses of one's own making
 * (RFC 4861 4.6.2: L without A, for ever). A host with an address of DHCPv6 alone knows no
 * neighbours. */
size_t dhcp_router_managed_write(const struct mac_address *ours, const struct ip6_network *network,
                                 uint8_t to[static DHCP_ROUTER_MANAGED_SIZE]);
