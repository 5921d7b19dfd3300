/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/client.h"
#include "dhcp/server.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* The client speaks to our own server, byte for byte; the test is the wire and the clock. */
static const struct mac_address mac = {
        {0x52, 0x54, 0, 0x77, 0, 1}
};

struct wire {
        struct dhcp_client *client;
        struct dhcp_server *server;
        struct dhcp_client_action action;
        struct dhcp_decision decision;
        uint64_t now_ms;
};

static struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        if (text[0])
                assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static struct dhcp_server *server_new(const char *router)
{
        struct dhcp_server *server = dhcp_server_new(NULL, NULL);
        struct dhcp_network network = {
                .pool = {.first = ip("10.77.0.10"), .last = ip("10.77.0.200")},
                .lease_s = 600,
                .domain = "lab.example",
        };

        assert_int_equal(ip4_network_parse("10.77.0.0/24", &network.pool.network), 0);
        network.router.count = 1;
        network.router.at[0] = ip(router);
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        return server;
}

static struct wire wire_new(void)
{
        return (struct wire){
                .client = dhcp_client_new(&mac, "node"),
                .server = server_new("10.77.0.254"),
                .now_ms = 5000,
        };
}

static void wire_done(struct wire *wire)
{
        dhcp_client_free(wire->client);
        dhcp_server_free(wire->server);
}

/* What the client wants to send goes to the server; whether it answers: decision.reply. */
static void serve(struct wire *wire)
{
        const struct dhcp_facts facts = {
                .interface = ip("10.77.0.1"),
                .is_unicast = ip4_is_set(wire->action.from),
                .now = {.monotonic_ms = wire->now_ms, .wall_ms = wire->now_ms},
        };

        assert_true(wire->action.size > 0);
        assert_int_equal(dhcp_server_receive(wire->server, wire->action.bytes, wire->action.size,
                                             &facts, &wire->decision),
                         0);
}

static void answer(struct wire *wire)
{
        assert_int_not_equal(wire->decision.reply, DHCP_NONE);
        assert_int_equal(dhcp_client_receive(wire->client, wire->decision.reply_bytes,
                                             wire->decision.reply_size, wire->now_ms, 77,
                                             &wire->action),
                         0);
}

static void wait_for_deadline(struct wire *wire)
{
        assert_true(wire->action.deadline_ms > wire->now_ms);
        wire->now_ms = wire->action.deadline_ms;
        dhcp_client_expire(wire->client, wire->now_ms, 78, &wire->action);
}

static void obtain(struct wire *wire)
{
        dhcp_client_start(wire->client, ip(""), wire->now_ms, 42, &wire->action);
        serve(wire);
        answer(wire);
        assert_string_equal(dhcp_client_state_name(wire->client), "REQUESTING");
        serve(wire);
        answer(wire);
        assert_string_equal(dhcp_client_state_name(wire->client), "BOUND");
}

static void obtains_a_lease(void **state)
{
        struct wire wire = wire_new();
        const struct dhcp_client_lease *lease;

        (void)state;
        assert_null(dhcp_client_get_lease(wire.client));
        obtain(&wire);
        assert_int_equal(wire.action.event, DHCP_CLIENT_BOUND);
        assert_int_equal(wire.action.size, 0);
        assert_int_equal(wire.action.deadline_ms, wire.now_ms + 300000);
        lease = dhcp_client_get_lease(wire.client);
        assert_non_null(lease);
        assert_int_equal(lease->prefix, 24);
        assert_int_equal(lease->lease_s, 600);
        assert_true(ip4_is_equal(lease->router.at[0], ip("10.77.0.254")));
        assert_true(ip4_is_equal(lease->server, ip("10.77.0.1")));
        assert_string_equal(lease->domain, "lab.example");
        wire_done(&wire);
}

static void says_what_ipxe_says(void **state)
{
        struct wire wire = wire_new();
        struct dhcp_message m;

        (void)state;
        dhcp_client_start(wire.client, ip("10.77.0.99"), wire.now_ms, 42, &wire.action);
        assert_true(ip4_is_equal(wire.action.to, ip("255.255.255.255")));
        assert_false(ip4_is_set(wire.action.from));
        assert_int_equal(dhcp_message_parse(reader_over(wire.action.bytes, wire.action.size), &m),
                         0);
        assert_int_equal(m.options.type, DHCP_DISCOVER);
        assert_int_equal(m.options.client_id.size, 7);
        assert_memory_equal(m.options.client_id.bytes, "\1\x52\x54\0\x77\0\1", 7);
        assert_true(ip4_is_equal(m.options.wanted, ip("10.77.0.99")));
        assert_string_equal(m.options.hostname, "node");
        assert_true(dhcp_options_wants(&m.options, DHCP_OPT_DNS));
        wire_done(&wire);
}

static void asks_again_with_growing_patience(void **state)
{
        static const uint64_t seconds[] = {1, 2, 4, 8, 16, 16, 16};
        struct wire wire = wire_new();

        (void)state;
        dhcp_client_start(wire.client, ip(""), wire.now_ms, 42, &wire.action);
        for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
                const uint64_t wait = wire.action.deadline_ms - wire.now_ms;

                assert_in_range(wait, seconds[i] * 750, seconds[i] * 1250);
                assert_int_equal(dhcp_client_attempts(wire.client), i + 1);
                wait_for_deadline(&wire);
                assert_true(wire.action.size > 0);
        }
        dhcp_client_expire(wire.client, wire.now_ms, 1, &wire.action); /* early */
        assert_int_equal(wire.action.size, 0);
        wire_done(&wire);
}

static void begins_anew_when_the_server_is_gone(void **state)
{
        struct wire wire = wire_new();

        (void)state;
        dhcp_client_start(wire.client, ip(""), wire.now_ms, 42, &wire.action);
        serve(&wire);
        answer(&wire);
        for (int i = 0; i < 3; i++) {
                wait_for_deadline(&wire);
                assert_string_equal(dhcp_client_state_name(wire.client), "REQUESTING");
        }
        wait_for_deadline(&wire);
        assert_string_equal(dhcp_client_state_name(wire.client), "SELECTING");
        assert_true(wire.action.size > 0);
        wire_done(&wire);
}

static void renews_then_rebinds_then_loses(void **state)
{
        struct wire wire = wire_new();
        uint64_t bound_ms;

        (void)state;
        obtain(&wire);
        wait_for_deadline(&wire);
        assert_string_equal(dhcp_client_state_name(wire.client), "RENEWING");
        assert_true(ip4_is_equal(wire.action.to, ip("10.77.0.1")));
        assert_true(ip4_is_equal(wire.action.from, dhcp_client_get_lease(wire.client)->address));
        serve(&wire);
        assert_int_equal(wire.decision.route, DHCP_ROUTE_UNICAST);
        answer(&wire);
        assert_int_equal(wire.action.event, DHCP_CLIENT_RENEWED);

        bound_ms = wire.now_ms;
        while (!text_is_equal(dhcp_client_state_name(wire.client), "REBINDING"))
                wait_for_deadline(&wire);
        assert_int_equal(wire.now_ms, bound_ms + 525000);
        assert_true(ip4_is_equal(wire.action.to, ip("255.255.255.255")));
        while (wire.action.event != DHCP_CLIENT_LOST)
                wait_for_deadline(&wire);
        assert_int_equal(wire.now_ms, bound_ms + 600000);
        assert_null(dhcp_client_get_lease(wire.client));
        assert_string_equal(dhcp_client_state_name(wire.client), "SELECTING");
        assert_true(wire.action.size > 0); /* it asks for another at once */
        wire_done(&wire);
}

static void tells_what_a_renewal_changed(void **state)
{
        struct wire wire = wire_new();

        (void)state;
        obtain(&wire);
        dhcp_server_free(wire.server);
        wire.server = server_new("10.77.0.253"); /* restarted, with another router */
        wait_for_deadline(&wire);
        serve(&wire);
        answer(&wire);
        assert_int_equal(wire.action.event, DHCP_CLIENT_BOUND);
        assert_true(
                ip4_is_equal(dhcp_client_get_lease(wire.client)->router.at[0], ip("10.77.0.253")));
        wire_done(&wire);
}

static void obeys_a_refusal(void **state)
{
        struct wire wire = wire_new();
        struct ip4_address address;
        const struct mac_address other = {
                {0x52, 0x54, 0, 0x77, 0, 9}
        };

        (void)state;
        obtain(&wire);
        address = dhcp_client_get_lease(wire.client)->address;
        assert_int_equal(dhcp_leases_reserve(dhcp_server_leases(wire.server), &other, address, ""),
                         0);
        wait_for_deadline(&wire);
        serve(&wire);
        assert_int_equal(wire.decision.reply, DHCP_NAK);
        answer(&wire);
        assert_int_equal(wire.action.event, DHCP_CLIENT_LOST);
        serve(&wire);
        answer(&wire);
        serve(&wire);
        answer(&wire);
        assert_int_equal(wire.action.event, DHCP_CLIENT_BOUND);
        assert_false(ip4_is_equal(dhcp_client_get_lease(wire.client)->address, address));
        wire_done(&wire);
}

/* A message that is not for us, or that we cannot use, changes nothing. */
static void ignores_what_is_not_for_it(void **state)
{
        static const struct {
                const char *name;
                size_t at;
                uint8_t flip;
        } changes[] = {
                {"another's xid",     4,   1   },
                {"another's MAC",     33,  1   },
                {"no reply",          0,   3   },
                {"an ACK, not asked", 242, 7   }, /* 53: OFFER becomes ACK */
                {"no magic cookie",   236, 0xff},
        };
        struct wire wire = wire_new();
        uint64_t deadline_ms;

        (void)state;
        dhcp_client_start(wire.client, ip(""), wire.now_ms, 42, &wire.action);
        deadline_ms = wire.action.deadline_ms;
        serve(&wire);
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                uint8_t *bytes = wire.decision.reply_bytes;

                print_message("%s\n", changes[i].name);
                bytes[changes[i].at] ^= changes[i].flip;
                assert_true(dhcp_client_receive(wire.client, bytes, wire.decision.reply_size,
                                                wire.now_ms, 1, &wire.action) < 0);
                assert_int_equal(wire.action.event, DHCP_CLIENT_NOTHING);
                assert_int_equal(wire.action.size, 0);
                assert_int_equal(wire.action.deadline_ms, deadline_ms);
                assert_string_equal(dhcp_client_state_name(wire.client), "SELECTING");
                bytes[changes[i].at] ^= changes[i].flip;
        }
        answer(&wire);
        wire_done(&wire);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(obtains_a_lease),
                cmocka_unit_test(says_what_ipxe_says),
                cmocka_unit_test(asks_again_with_growing_patience),
                cmocka_unit_test(begins_anew_when_the_server_is_gone),
                cmocka_unit_test(renews_then_rebinds_then_loses),
                cmocka_unit_test(tells_what_a_renewal_changed),
                cmocka_unit_test(obeys_a_refusal),
                cmocka_unit_test(ignores_what_is_not_for_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
