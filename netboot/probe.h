/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Probe: is there a DHCP server of somebody else's on this wire? A DHCPDISCOVER
 * of a MAC that no machine has goes out, and who offers anything is one. Nothing
 * is ever requested: no server keeps an address for us longer than its offer.
 */

#include <stddef.h>
#include <stdint.h>

#include "dhcp/frame.h"
#include "dhcp/message.h"
#include "lib/base/net.h"

#define PROBE_MAX_SERVERS 16   /* a segment with more has other troubles */
#define PROBE_WAIT_MS     3000 /* a server that pings an address first answers within 1 s */
#define PROBE_AGAIN_MS    1000 /* the first is easily lost: it is sent once more */
#define PROBE_FRAME_SIZE  (DHCP_FRAME_HEADER_SIZE + DHCP_MESSAGE_MAX)

struct probe_server {
        struct ip4_address id;      /* option 54; unset: not said */
        struct mac_address mac;     /* of the frame: the server's, or the last router's */
        struct ip4_address offered; /* unset: none, as a ProxyDHCP has none to give */
};

struct probe {
        struct mac_address mac; /* that asks */
        uint32_t xid;
        struct probe_server servers[PROBE_MAX_SERVERS];
        size_t count;
};

/**
 * probe_begin() - the question
 * @from:    MAC of the interface: wireless cards send as no other
 * @random:  8 bytes; the MAC that asks, and what answers are known by
 * @to:      PROBE_FRAME_SIZE bytes: a frame
 *
 * Return: its size, -ENOMEM.
 */
ssize_t probe_begin(struct probe *probe, const struct mac_address *from,
                    const uint8_t random[static 8], uint8_t *to);

/* A frame came. 1: it is an offer to us of a server that was not heard yet; 0: it is not. */
int probe_take(struct probe *probe, struct reader frame, bool has_checksum);

/**
 * probe_run() - ask on a network interface, and print a line a server
 * @error:  DAEMON_ERROR_SIZE bytes: one sentence
 *
 * Gives up every capability, and most system calls, before the first byte is read.
 *
 * Return: how many servers there are, -errno.
 */
int probe_run(const char *interface, char *error);
