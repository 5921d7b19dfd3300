/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A packet, and what the kernel says beside it. */

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct packet {
        uint8_t bytes[2048]; /* any of Ethernet; more is cut, and then refused by who reads it */
        size_t size;
        union {
                struct sockaddr_in from; /* of an UDP socket */
                struct sockaddr_storage any;
        };
};

/**
 * packet_receive() - take one packet from a socket
 * @level, @type:  the control data that is wanted: IPPROTO_IP and IP_PKTINFO, ...
 * @ret_info:      filled with it
 *
 * Return: 1; 0 if it came without that control data (@ret_info is then as it was); -errno.
 */
int packet_receive(int fd, struct packet *ret, int level, int type, void *ret_info,
                   size_t info_size);
