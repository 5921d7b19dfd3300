/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Ethernet II, IPv4 and UDP around a payload: for packet sockets, where a peer has no address yet.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/net.h"
#include "lib/base/reader.h"

#define DHCP_FRAME_HEADER_SIZE 42 /* 14 + 20 + 8 */

struct dhcp_frame {
        struct mac_address to_mac, from_mac;
        struct ip4_address from, to;
        uint16_t from_port, to_port;
        struct reader payload; /* looks into the caller's bytes */
};

/**
 * dhcp_frame_parse() - take a frame apart
 * @bytes:         from the destination MAC on
 * @has_checksum:  false if the kernel said that the UDP checksum is not filled in yet
 *                 (TP_STATUS_CSUMNOTREADY: the sender is a virtual machine on the same host)
 *
 * Return: 0; -EBADMSG if it is cut short or a checksum is wrong; -ENOMSG if it is not IPv4 and
 *         UDP, or a fragment.
 */
int dhcp_frame_parse(struct reader bytes, bool has_checksum, struct dhcp_frame *ret);

/* Return: bytes written to @to, or -EMSGSIZE if @size is too small. */
ssize_t dhcp_frame_write(const struct dhcp_frame *frame, void *to, size_t size);
