/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * DHCP client of the ramdisk, RFC 2131 4.4. Bytes, time and random numbers go
 * in; messages, a deadline and events come out. The caller owns the packet
 * socket (dhcp/frame.h) and configures the interface.
 *
 * It says of itself what iPXE says (MAC, client id 01+MAC), so that a machine
 * keeps its address from firmware to agent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/message.h"
#include "lib/base/net.h"

struct dhcp_client;

/* What was obtained. */
struct dhcp_client_lease {
        struct ip4_address address;
        uint8_t prefix; /* 24 */
        struct ip4_address server;
        struct dhcp_address_list router;
        struct dhcp_address_list dns;
        char hostname[DHCP_HOSTNAME_SIZE]; /* "" if none was given */
        char domain[DHCP_DOMAIN_SIZE];
        uint32_t lease_s;
};

enum dhcp_client_event {
        DHCP_CLIENT_NOTHING,
        DHCP_CLIENT_BOUND,   /* configure the interface; also after a renewal that changed something
                              */
        DHCP_CLIENT_RENEWED, /* same address for longer */
        DHCP_CLIENT_LOST,    /* take the address away; it is already asking for a new one */
};

/* What the caller does after a call: send if size > 0, obey the event, call again at the deadline.
 */
struct dhcp_client_action {
        enum dhcp_client_event event;
        size_t size;
        uint8_t bytes[DHCP_MESSAGE_MAX];
        struct ip4_address from, to; /* 0.0.0.0 to 255.255.255.255, or unicast when renewing */
        uint64_t deadline_ms;        /* monotonic; always set */
};

/* @random: any number, another for each client: it becomes the xid and jitters the timers.
 * @hostname: asked to be known as; may be "". NULL without memory. */
struct dhcp_client *dhcp_client_new(const struct mac_address *mac, const char *hostname);
struct dhcp_client *dhcp_client_free(struct dhcp_client *client);

/* Begin anew. @wanted: an address it had (kernel's ip=, last boot), or unset. */
void dhcp_client_start(struct dhcp_client *client, struct ip4_address wanted, uint64_t now_ms,
                       uint32_t random, struct dhcp_client_action *ret);

/**
 * dhcp_client_receive() - a message came to port 68
 *
 * Messages that are not for us (xid, MAC, state) change nothing.
 *
 * Return: 0 if it was taken; -EBADMSG and the like as dhcp_message_parse(), -ENOMSG if it is not
 *         for us: @ret then holds no event, no bytes, and the deadline that stood before.
 */
int dhcp_client_receive(struct dhcp_client *client, const void *bytes, size_t size, uint64_t now_ms,
                        uint32_t random, struct dhcp_client_action *ret);

/* The deadline has come. Harmless when called early. */
void dhcp_client_expire(struct dhcp_client *client, uint64_t now_ms, uint32_t random,
                        struct dhcp_client_action *ret);

/* NULL unless it has an address. It is the client's. */
const struct dhcp_client_lease *dhcp_client_get_lease(const struct dhcp_client *client);

/* "SELECTING"; and how many messages were sent in it, for the log and the named cause. */
const char *dhcp_client_state_name(const struct dhcp_client *client);
unsigned int dhcp_client_attempts(const struct dhcp_client *client);
