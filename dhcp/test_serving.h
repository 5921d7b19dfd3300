/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What tests of the server share: a message goes in as bytes, and its decision is read back. */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/server.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static const struct dhcp_now start = {.monotonic_ms = 1000000, .wall_ms = 1795000000000};
static struct dhcp_facts facts; /* of the next message; reset by server_empty() */
static struct dhcp_decision decision;
static struct dhcp_message reply;

static inline struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        if (text && text[0])
                assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static inline struct dhcp_server *server_empty(void)
{
        struct dhcp_server *server = dhcp_server_new(NULL, NULL);

        assert_non_null(server);
        facts = (struct dhcp_facts){.interface = ip("10.77.0.1"), .now = start};
        return server;
}

static inline struct dhcp_network network_of(const char *subnet, const char *first,
                                             const char *last)
{
        struct dhcp_network network = {
                .pool = {.first = ip(first), .last = ip(last)},
                .lease_s = 600,
        };

        assert_int_equal(ip4_network_parse(subnet, &network.pool.network), 0);
        return network;
}

static inline struct dhcp_message message(enum dhcp_message_type type, uint32_t number)
{
        struct dhcp_message m = {.op = DHCP_OP_REQUEST, .xid = 0x1234, .options.type = type};

        number = htonl(number);
        memcpy(m.mac.bytes, "\x52\x54", 2);
        memcpy(m.mac.bytes + 2, &number, sizeof(number));
        return m;
}

static inline void blob(struct dhcp_blob *to, const void *bytes, size_t size)
{
        assert_true(size <= sizeof(to->bytes));
        to->size = (uint8_t)size;
        memcpy(to->bytes, bytes, size);
}

static inline void receive(struct dhcp_server *server, const struct dhcp_message *m)
{
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const ssize_t size = dhcp_message_write(m, bytes, sizeof(bytes));

        assert_true(size > 0);
        memset(&reply, 0, sizeof(reply));
        assert_int_equal(dhcp_server_receive(server, bytes, (size_t)size, &facts, &decision), 0);
        assert_int_not_equal(decision.reason[0], 0);
        if (decision.reply != DHCP_NONE)
                assert_int_equal(
                        dhcp_message_parse(reader_over(decision.reply_bytes, decision.reply_size),
                                           &reply),
                        0);
}

/* Both steps of @m, a DISCOVER; what it holds then, or nothing. */
static inline struct ip4_address lease_to(struct dhcp_server *server, struct dhcp_message m)
{
        receive(server, &m);
        if (decision.reply != DHCP_OFFER)
                return ip("");
        m.options.type = DHCP_REQUEST;
        m.options.wanted = reply.yiaddr;
        m.options.server_id = reply.options.server_id;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        return reply.yiaddr;
}

static inline void assert_ip(struct ip4_address address, const char *expected)
{
        char text[IP4_TEXT_SIZE];

        assert_string_equal(ip4_text(text, address), expected[0] ? expected : "0.0.0.0");
}
