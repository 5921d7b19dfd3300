/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * DHCPv6 client of the ramdisk, RFC 8415 18.2: one IA_NA. As dhcp/client.h, bytes,
 * time and random numbers go in; messages, a deadline and events come out. The
 * caller owns the socket (UDP 546 of a link-local address; all that is sent goes
 * to ff02::1:2, port 547) and configures the interface.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/client.h"
#include "dhcp/v6_message.h"
#include "lib/base/ip6.h"
#include "lib/base/net.h"

#define DHCP6_CLIENT_CLASS "cloudie-agent" /* what it says in option 15 */

struct dhcp6_client;

/* What was obtained. */
struct dhcp6_client_lease {
        struct ip6_address address;
        struct dhcp6_address_list dns;
        char domain[DHCP6_DOMAIN_SIZE];
        uint32_t valid_s;
};

/* What the caller does after a call: send if size > 0, obey the event, call again at the deadline.
 */
struct dhcp6_client_action {
        enum dhcp_client_event event;
        size_t size;
        uint8_t bytes[DHCP6_MESSAGE_MAX];
        uint64_t deadline_ms; /* monotonic; always set */
};

/* Its name is the DUID-LL of @mac. NULL without memory. */
struct dhcp6_client *dhcp6_client_new(const struct mac_address *mac);
struct dhcp6_client *dhcp6_client_free(struct dhcp6_client *client);

/* Begin anew. @random: any number; it becomes the transaction id and jitters the timers. */
void dhcp6_client_start(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                        struct dhcp6_client_action *ret);

/**
 * dhcp6_client_receive() - a message came to port 546
 *
 * Messages that are not for us (transaction, names, state) change nothing.
 *
 * Return: 0 if it was taken; what dhcp6_message_parse() says; -ENOMSG if it is not for us: @ret
 *         then holds no event, no bytes, and the deadline that stood before.
 */
int dhcp6_client_receive(struct dhcp6_client *client, const void *bytes, size_t size,
                         uint64_t now_ms, uint32_t random, struct dhcp6_client_action *ret);

/* The deadline has come. Harmless when called early. */
void dhcp6_client_expire(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                         struct dhcp6_client_action *ret);

/**
 * dhcp6_client_decline() - another has the address that it has (RFC 8415 18.2.8)
 *
 * The lease is gone at once, without an event. The server is told, and when it answers, or after
 * some tries, another address is asked for. Harmless without a lease.
 */
void dhcp6_client_decline(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                          struct dhcp6_client_action *ret);

/* NULL unless it has an address. It is the client's. */
const struct dhcp6_client_lease *dhcp6_client_get_lease(const struct dhcp6_client *client);

/* "SOLICITING". */
const char *dhcp6_client_state_name(const struct dhcp6_client *client);
