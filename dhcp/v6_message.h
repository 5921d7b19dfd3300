/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A message of DHCPv6, RFC 8415 8 and 9: what a client or a server said, and the relays that it
 * came through. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dhcp/v6_option.h"
#include "lib/base/ip6.h"
#include "lib/base/reader.h"

enum {
        DHCP6_PORT_CLIENT = 546,
        DHCP6_PORT_SERVER = 547,
};

#define DHCP6_MESSAGE_MAX     1452 /* fits into one Ethernet frame with IPv6 and UDP headers */
#define DHCP6_HOP_COUNT_LIMIT 8    /* RFC 8415 7.6 */
#define DHCP6_MAX_RELAYS      (DHCP6_HOP_COUNT_LIMIT + 1) /* the first one counts 0 hops */

struct dhcp6_relay {
        uint8_t hop_count;
        struct ip6_address link; /* of the client's link; unset: the interface id says it */
        struct ip6_address peer; /* who the relay had it from */
        bool has_interface_id;   /* 18: goes back as it came */
        struct dhcp6_blob interface_id;
        struct dhcp6_blob remote_id; /* 37: enterprise number and what it likes; not said where it
                                        is longer than a blob */
        struct dhcp6_blob subscriber_id; /* 38: likewise */
        bool has_mac;
        struct mac_address mac; /* 79: the client's, where it is an Ethernet one */
};

struct dhcp6_message {
        enum dhcp6_message_type type; /* of the innermost message: never one of a relay */
        uint32_t xid;                 /* 24 bits */
        size_t relay_count;
        struct dhcp6_relay relays[DHCP6_MAX_RELAYS]; /* from us to the client */
        struct dhcp6_options options;
};

/**
 * dhcp6_message_parse() - read one message, out of all relay messages around it
 * @bytes:  the UDP payload
 * @ret:    written only on success
 *
 * A Relay-reply and what is in it are read, too.
 *
 * Return: 0 on success.
 *         -EBADMSG if it is cut short, an option is malformed, relay messages of both directions
 *         are mixed, or one has no message in it or counts too many hops.
 *         -EMSGSIZE if it is above DHCP6_MESSAGE_MAX.
 *         -ENOMSG if its type is none that we know.
 */
int dhcp6_message_parse(struct reader bytes, struct dhcp6_message *ret);

/**
 * dhcp6_message_write() - write one message
 * @to:    the destination
 * @size:  its size; at most DHCP6_MESSAGE_MAX of them are used
 *
 * With relays, it is put into their messages: Relay-reply where @message is what a server says
 * (ADVERTISE, REPLY, RECONFIGURE), Relay-forward else. A reply repeats hop count, addresses and
 * interface id alone (RFC 8415 19.3).
 *
 * Return: bytes written, or -EMSGSIZE.
 */
ssize_t dhcp6_message_write(const struct dhcp6_message *message, void *to, size_t size);

/**
 * dhcp6_message_mac() - the MAC of the card that speaks
 * @source:  of the datagram; the client's own where there is no relay
 *
 * What the first relay saw (option 79), else what the client's link-local address was made of, else
 * what its DUID says. A hint, and no proof: each of them can be forged, as a MAC can.
 *
 * Return: true if there was one.
 */
bool dhcp6_message_mac(const struct dhcp6_message *message, const struct ip6_address *source,
                       struct mac_address *ret);
