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
        struct in_addr to; /* packet_receive_some() alone: what it was sent to */
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

/**
 * packet_receive_some() - take what is there from a socket of UDP over IPv4 with IP_PKTINFO
 * @packets:  where they are put, in their order
 * @count:    of them; at most PACKET_BATCH are taken
 *
 * One system call for all. Return: how many; 0 if there is none; -errno.
 */
#define PACKET_BATCH 64
ssize_t packet_receive_some(int fd, struct packet *const packets[], size_t count);
