/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question, answered by our own engine as if it were somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/server.h"
#include "netboot/probe.h"

static const struct mac_address card = {
        {0x52, 0x54, 0, 0x77, 0, 1}
};
static const uint8_t random_bytes_given[8] = {0xff, 1, 2, 3, 4, 5, 6, 7};
static uint8_t question[PROBE_FRAME_SIZE], answer[PROBE_FRAME_SIZE];

static struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static struct probe begin(struct dhcp_frame *ret)
{
        struct probe probe;
        const ssize_t size = probe_begin(&probe, &card, random_bytes_given, question);

        assert_true(size > 0);
        assert_int_equal(dhcp_frame_parse(reader_over(question, (size_t)size), true, ret), 0);
        return probe;
}

/* What a server at this address, of this MAC, says to the question; a frame. */
static size_t reply(const struct dhcp_frame *asked, const char *address, uint8_t mac_end)
{
        struct dhcp_server *server = dhcp_server_new(NULL, NULL);
        struct dhcp_network network = {
                .pool = {.first = ip("10.9.0.10"), .last = ip("10.9.0.20")}
        };
        const struct dhcp_facts facts = {
                .interface = ip(address), .now = {1000, 1000}
        };
        struct dhcp_frame frame = {.to_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                                   .from_mac = {{2, 0, 0, 0, 0, mac_end}},
                                   .from = facts.interface,
                                   .to = {UINT32_MAX},
                                   .from_port = DHCP_PORT_SERVER,
                                   .to_port = DHCP_PORT_CLIENT};
        static struct dhcp_decision decision;
        struct reader payload = asked->payload;
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const size_t size = reader_left(&payload);
        ssize_t written;

        assert_int_equal(reader_copy(&payload, bytes, size), 0);
        assert_int_equal(ip4_network_parse("10.9.0.0/24", &network.pool.network), 0);
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        assert_int_equal(dhcp_server_receive(server, bytes, size, &facts, &decision), 0);
        assert_int_equal(decision.reply, DHCP_OFFER);
        assert_int_equal(decision.route, DHCP_ROUTE_BROADCAST); /* no card has that MAC */
        frame.payload = reader_over(decision.reply_bytes, decision.reply_size);
        written = dhcp_frame_write(&frame, answer, sizeof(answer));
        assert_true(written > 0);
        dhcp_server_free(server);
        return (size_t)written;
}

static void test_question(void **state)
{
        struct dhcp_message message;
        struct dhcp_frame frame;
        const struct probe probe = begin(&frame);

        (void)state;
        assert_true(mac_is_equal(&frame.from_mac, &card));
        assert_int_equal(frame.to_port, DHCP_PORT_SERVER);
        assert_int_equal(dhcp_message_parse(frame.payload, &message), 0);
        assert_int_equal(message.options.type, DHCP_DISCOVER);
        assert_true(message.is_broadcast);
        assert_true(mac_is_equal(&message.mac, &probe.mac));
        assert_int_equal(probe.mac.bytes[0] & 3, 2); /* locally administered, and no group */
}

static void test_each_server_once(void **state)
{
        struct dhcp_frame frame;
        struct probe probe = begin(&frame);
        size_t size;

        (void)state;
        size = reply(&frame, "10.9.0.1", 1);
        assert_int_equal(probe_take(&probe, reader_over(answer, size), true), 1);
        assert_int_equal(probe_take(&probe, reader_over(answer, size), true), 0);
        size = reply(&frame, "10.9.0.2", 2);
        assert_int_equal(probe_take(&probe, reader_over(answer, size), true), 1);
        assert_int_equal(probe.count, 2);
        assert_true(ip4_is_equal(probe.servers[0].id, ip("10.9.0.1")));
        assert_true(ip4_is_set(probe.servers[0].offered));
        assert_int_equal(probe.servers[1].mac.bytes[5], 2);
        for (unsigned i = 3; i < 100; i++) {
                size = reply(&frame, "10.9.0.3", (uint8_t)i);
                (void)probe_take(&probe, reader_over(answer, size), true);
        }
        assert_int_equal(probe.count, PROBE_MAX_SERVERS);
}

/* Offers to others are nothing to us, and nor is what is cut. */
static void test_others(void **state)
{
        struct dhcp_frame frame;
        struct probe probe = begin(&frame), other = probe;
        const size_t size = reply(&frame, "10.9.0.1", 1);

        (void)state;
        other.xid++;
        assert_int_equal(probe_take(&other, reader_over(answer, size), true), 0);
        other = probe;
        other.mac.bytes[5]++;
        assert_int_equal(probe_take(&other, reader_over(answer, size), true), 0);
        assert_int_equal(probe_take(&probe, reader_over(question, sizeof(question)), true), 0);
        for (size_t cut = 0; cut < DHCP_FRAME_HEADER_SIZE + 240; cut++)
                assert_int_equal(probe_take(&probe, reader_over(answer, cut), true), 0);
        assert_int_equal(probe.count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_question),
                cmocka_unit_test(test_each_server_once),
                cmocka_unit_test(test_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
