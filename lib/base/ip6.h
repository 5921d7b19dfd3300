/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* IPv6 addresses, as lib/base/net.h has those of IPv4. */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/net.h"

struct ip6_address {
        uint8_t bytes[16]; /* as on the wire */
};

#define IP6_TEXT_SIZE 46 /* with its NUL byte */

const char *ip6_text(char to[static IP6_TEXT_SIZE], const struct ip6_address *ip);
int ip6_parse(const char *text, struct ip6_address *ret); /* without zone or brackets; -EINVAL */
bool ip6_is_equal(const struct ip6_address *a, const struct ip6_address *b);
bool ip6_is_set(const struct ip6_address *ip); /* not :: */
bool ip6_is_link_local(const struct ip6_address *ip);

/* The MAC that a host part was made of (RFC 4291 appendix A). False: it was made otherwise. */
bool ip6_mac(const struct ip6_address *ip, struct mac_address *ret);

/* fe80::, and that host part: what Linux gives a card. */
struct ip6_address ip6_link_local_of(const struct mac_address *mac);

struct ip6_network {
        struct ip6_address address; /* host bits are zero */
        uint8_t prefix;             /* 0..128 */
};

/* "fd77::/64"; -EINVAL if it is not that, or if host bits are set. */
int ip6_network_parse(const char *text, struct ip6_network *ret);
bool ip6_network_has(const struct ip6_network *network, const struct ip6_address *ip);
