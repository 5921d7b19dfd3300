/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Datagrams: several to one peer, handed to the kernel at once. A window of TFTP
 * is one system call then, and one way through the stack (UDP_SEGMENT), not one
 * a block.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATAGRAMS_MAX   64    /* UDP_MAX_SEGMENTS of Linux before 6.9 */
#define DATAGRAMS_BYTES 65507 /* what one datagram before segmentation may be: 65535 - 28 */

struct datagrams {
        size_t count, used;
        uint16_t sizes[DATAGRAMS_MAX];
        uint8_t bytes[DATAGRAMS_BYTES];
};

/* Where the next one is written, and how large it may be; NULL when no more fit. */
uint8_t *datagrams_space(struct datagrams *datagrams, size_t *ret_size);

/* It was written there. */
void datagrams_add(struct datagrams *datagrams, size_t size);

/**
 * datagrams_send() - send all, in their order, on a connected socket, and be empty then
 * @is_plain:  of this socket; false at first. Set when its card or its path cannot take several in
 *             one: they then go by sendmmsg(2), and so does all that follows
 *
 * What the socket does not take is lost, as on the wire.
 */
void datagrams_send(struct datagrams *datagrams, int fd, bool *is_plain);
