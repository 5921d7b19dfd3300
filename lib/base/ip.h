/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An address of either kind, for those who do not care which: who boots, and from where. */

#include <sys/socket.h>

#include "lib/base/ip6.h"

struct ip_address {
        struct ip6_address six; /* of IPv4: as ::ffff:10.77.0.1 (RFC 4291 2.5.5.2) */
};

/* A constant of IPv4. */
#define IP_OF4_BYTES(a, b, c, d)                                                                   \
        {                                                                                          \
                {                                                                                  \
                        {                                                                          \
                                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c), (d)       \
                        }                                                                          \
                }                                                                                  \
        }

#define IP_TEXT_SIZE     IP6_TEXT_SIZE
#define IP_URL_TEXT_SIZE (IP6_TEXT_SIZE + 2)

/* 0.0.0.0 becomes the address that is not set. */
struct ip_address ip_of4(struct ip4_address ip);
struct ip_address ip_of6(const struct ip6_address *ip);

bool ip_is_4(struct ip_address ip);
/* 0.0.0.0 for one that is no address of IPv4. */
struct ip4_address ip_to4(struct ip_address ip);

/* "10.77.0.1", "fd77::1"; "" of one that is not set. Returns @to. */
const char *ip_text(char to[static IP_TEXT_SIZE], struct ip_address ip);
/* The same as a URL has it: "[fd77::1]". Returns @to. */
const char *ip_url_text(char to[static IP_URL_TEXT_SIZE], struct ip_address ip);
int ip_parse(const char *text, struct ip_address *ret); /* of either kind; -EINVAL */

bool ip_is_equal(struct ip_address a, struct ip_address b);
bool ip_is_set(struct ip_address ip);

/* Whose share is used up by who has this address: of IPv4 the address alone, of IPv6 its /64, as a
 * host may take any address of that (RFC 4862 5.5.3). */
struct ip_address ip_share(struct ip_address ip);

/* The address that a socket speaks to. Not set: it is of another family. */
struct ip_address ip_of_socket(const struct sockaddr_storage *peer);
/* To bind or connect to. @interface: its index, for a link-local address; 0 else. Returns the size
 * of what was written. */
socklen_t ip_to_socket(struct ip_address ip, uint16_t port, unsigned interface,
                       struct sockaddr_storage *ret);
uint16_t ip_socket_port(const struct sockaddr_storage *peer); /* 0: of another family */
