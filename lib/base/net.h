/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Addresses as types, so that none is mistaken for a number or for another. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mac_address {
        uint8_t bytes[6];
};

struct ip4_address {
        uint32_t be; /* network byte order, as on the wire */
};

struct uuid {
        uint8_t bytes[16]; /* in the order in which its text is printed (RFC 4122) */
};

/* Text forms with their NUL byte. */
#define MAC_TEXT_SIZE  18
#define IP4_TEXT_SIZE  16
#define UUID_TEXT_SIZE 37

/* Lower case with colons: 52:54:00:77:00:01. Returns @to. */
const char *mac_text(char to[static MAC_TEXT_SIZE], const struct mac_address *mac);

/* Accepts colons or dashes between the six, either case; -EINVAL else. */
int mac_parse(const char *text, struct mac_address *ret);

/* Unicast, and not all zero: a MAC that a network card may have. */
bool mac_is_usable(const struct mac_address *mac);
bool mac_is_equal(const struct mac_address *a, const struct mac_address *b);

const char *ip4_text(char to[static IP4_TEXT_SIZE], struct ip4_address ip);
int ip4_parse(const char *text, struct ip4_address *ret); /* dotted quad only; -EINVAL */
static inline bool ip4_is_equal(struct ip4_address a, struct ip4_address b)
{
        return a.be == b.be;
}
static inline bool ip4_is_set(struct ip4_address ip)
{
        return ip.be != 0;
}

struct ip4_network {
        struct ip4_address address; /* host bits are zero */
        uint8_t prefix;             /* 0..32 */
};

/* "10.77.0.0/24"; -EINVAL if it is not that, or if host bits are set. */
int ip4_network_parse(const char *text, struct ip4_network *ret);
struct ip4_address ip4_network_mask(const struct ip4_network *network);
struct ip4_address ip4_network_broadcast(const struct ip4_network *network);
bool ip4_network_has(const struct ip4_network *network, struct ip4_address ip);

const char *uuid_text(char to[static UUID_TEXT_SIZE], const struct uuid *uuid);
int uuid_parse(const char *text, struct uuid *ret);

/*
 * SMBIOS and PXE (option 97) carry the first three fields little-endian
 * (SMBIOS 7.2.1); text and RFC 4122 carry them big-endian.
 */
struct uuid uuid_from_smbios(const uint8_t bytes[static 16]);

bool uuid_is_set(const struct uuid *uuid); /* not all zero */

/* False for all zero, all F, and the numbers that vendors forget to fill in. */
bool uuid_identifies(const struct uuid *uuid);
