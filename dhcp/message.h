/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A DHCP message, RFC 2131 2: Ethernet clients of DHCPv4. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/option.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"

enum {
        DHCP_PORT_SERVER = 67,
        DHCP_PORT_CLIENT = 68,
};

#define DHCP_MESSAGE_MAX   1472 /* fits into one Ethernet frame with IP and UDP headers */
#define DHCP_MESSAGE_MIN   300  /* BOOTP, RFC 951 3; relays and old ROMs drop less */
#define DHCP_DATAGRAM_SAFE 576  /* IP datagram that any client takes, RFC 2131 2 */
#define DHCP_HEADERS_SIZE  28   /* IP and UDP, which option 57 counts for some clients */
#define DHCP_FILE_SIZE     128  /* the field; may be full, without a NUL byte */
#define DHCP_SNAME_SIZE    64

enum dhcp_op {
        DHCP_OP_REQUEST = 1, /* from a client */
        DHCP_OP_REPLY = 2,   /* from a server */
};

struct dhcp_message {
        enum dhcp_op op;
        uint8_t hops;
        uint32_t xid;
        uint16_t secs;
        bool is_broadcast; /* the client cannot take unicast before it has its address */
        struct ip4_address ciaddr, yiaddr, siaddr, giaddr;
        struct mac_address mac; /* chaddr */
        struct dhcp_options options;
};

/**
 * dhcp_message_parse() - read one message
 * @bytes:  the UDP payload
 * @ret:    written only on success
 *
 * The file field stands in for option 67 where that is absent and option 52
 * does not claim the field.
 *
 * Return: 0 on success.
 *         -EBADMSG if it is cut short, or an option is malformed.
 *         -EMSGSIZE if it is above DHCP_MESSAGE_MAX.
 *         -EPROTONOSUPPORT if it is not about an Ethernet client, or its MAC is not a unicast one;
 *         a lease query may be about nobody (RFC 4388), and mac is then all zero.
 *         -ENOMSG without the magic cookie or a message type: BOOTP, not DHCP.
 */
int dhcp_message_parse(struct reader bytes, struct dhcp_message *ret);

/**
 * dhcp_message_peek() - what kind of message is it, and of whom, without reading it
 * @ret_mac:  chaddr; written only on success
 *
 * For a choice of what is read first, or not at all: nothing is checked.
 *
 * Return: its type; DHCP_NONE if its own field of options names none, or it is cut short.
 */
enum dhcp_message_type dhcp_message_peek(struct reader bytes, struct mac_address *ret_mac);

/**
 * dhcp_message_write() - write one message
 * @to:    the destination
 * @size:  bytes that the receiver takes, at most DHCP_MESSAGE_MAX of them are used
 *
 * options.boot_file is written into the file field too, where it fits. The
 * message is padded to DHCP_MESSAGE_MIN.
 *
 * Return: bytes written, or -EMSGSIZE if @size is too small for what must be said.
 */
ssize_t dhcp_message_write(const struct dhcp_message *message, void *to, size_t size);

/* Bytes of UDP payload that the sender of @request is willing to take. */
size_t dhcp_message_reply_space(const struct dhcp_message *request);
