/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/v6_client.h"
#include "dhcp/v6_server.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* The client against our own server, by the bytes that they would send. */
struct lab {
        struct dhcp6_server *server;
        struct dhcp6_client *client;
        struct dhcp6_client_action action;
        struct dhcp6_decision said;
        uint64_t now_ms;
};

static const struct mac_address mac = {
        {0x52, 0x54, 0, 0x77, 0, 1}
};
static const struct mac_address other = {
        {0x52, 0x54, 0, 0x77, 0, 2}
};

static struct ip6_address ip(const char *text)
{
        struct ip6_address address = {{0}};

        assert_int_equal(ip6_parse(text, &address), 0);
        return address;
}

static struct dhcp6_server *server_of(const struct mac_address *ours, bool no_rapid_commit)
{
        const struct dhcp6_duid duid = dhcp6_duid_of_mac(ours);
        struct dhcp6_server *server = dhcp6_server_new(&duid, NULL, NULL);
        struct dhcp6_network network = {
                .pool = {.first = ip("fd77::100"), .last = ip("fd77::1ff"), .ours = ip("fd77::1")},
                .dns = {1,                        {ip("fd77::53")}                                              },
                .lease_s = 4000,
                .no_rapid_commit = no_rapid_commit
        };

        assert_non_null(server);
        assert_int_equal(ip6_network_parse("fd77::/64", &network.pool.network), 0);
        (void)text_copy(network.domain, sizeof(network.domain), "lab.example");
        assert_int_equal(dhcp6_server_add_network(server, &network), 0);
        return server;
}

static void lab_init(struct lab *lab, bool no_rapid_commit)
{
        memset(lab, 0, sizeof(*lab));
        lab->now_ms = 5000;
        lab->server = server_of(&other, no_rapid_commit);
        lab->client = dhcp6_client_new(&mac);
        assert_non_null(lab->client);
        dhcp6_client_start(lab->client, lab->now_ms, 7, &lab->action);
}

static void lab_done(struct lab *lab)
{
        dhcp6_server_free(lab->server);
        dhcp6_client_free(lab->client);
}

/* What the client sent goes to the server, what that says to the client. */
static int exchange(struct lab *lab)
{
        struct dhcp6_facts facts = {
                .interface = ip("fd77::1"),
                .source = ip("fe80::5054:ff:fe77:1"),
                .now = {lab->now_ms, lab->now_ms}
        };

        assert_true(lab->action.size > 0);
        assert_int_equal(dhcp6_server_receive(lab->server, lab->action.bytes, lab->action.size,
                                              &facts, &lab->said),
                         0);
        if (lab->said.reply == DHCP6_NONE)
                return -ENODATA;
        return dhcp6_client_receive(lab->client, lab->said.reply_bytes, lab->said.reply_size,
                                    lab->now_ms, 8, &lab->action);
}

static void expire(struct lab *lab)
{
        lab->now_ms = lab->action.deadline_ms;
        dhcp6_client_expire(lab->client, lab->now_ms, 9, &lab->action);
}

static void gets_an_address_at_once(void **state)
{
        const struct dhcp6_client_lease *lease;
        char text[IP6_TEXT_SIZE];
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        assert_null(dhcp6_client_get_lease(lab.client));
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.said.received, DHCP6_SOLICIT);
        assert_int_equal(lab.action.event, DHCP_CLIENT_BOUND);
        lease = dhcp6_client_get_lease(lab.client);
        assert_non_null(lease);
        assert_true(ip6_is_equal(&lease->address, &lab.said.leased));
        assert_int_equal(lease->valid_s, 4000);
        assert_int_equal(lease->dns.count, 1);
        assert_string_equal(ip6_text(text, &lease->dns.at[0]), "fd77::53");
        assert_string_equal(lease->domain, "lab.example");
        assert_string_equal(dhcp6_client_state_name(lab.client), "BOUND");
        assert_true(mac_is_equal(&lab.said.mac, &mac));
        assert_string_equal(lab.said.request.options.user_class, DHCP6_CLIENT_CLASS);
        lab_done(&lab);
}

static void asks_for_what_was_offered(void **state)
{
        struct lab lab;

        (void)state;
        lab_init(&lab, true);
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.said.reply, DHCP6_ADVERTISE);
        assert_int_equal(lab.action.event, DHCP_CLIENT_NOTHING);
        assert_string_equal(dhcp6_client_state_name(lab.client), "REQUESTING");
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.said.received, DHCP6_REQUEST);
        assert_int_equal(lab.action.event, DHCP_CLIENT_BOUND);
        lab_done(&lab);
}

static void renews_rebinds_and_loses(void **state)
{
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.action.deadline_ms, 5000 + 1500000); /* T1: half of three quarters */
        expire(&lab);
        assert_string_equal(dhcp6_client_state_name(lab.client), "RENEWING");
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.said.received, DHCP6_RENEW);
        assert_int_equal(lab.action.event, DHCP_CLIENT_RENEWED);

        /* Nobody answers any more. */
        expire(&lab);
        while (strcmp(dhcp6_client_state_name(lab.client), "RENEWING") == 0)
                expire(&lab);
        assert_string_equal(dhcp6_client_state_name(lab.client), "REBINDING");
        while (lab.action.event != DHCP_CLIENT_LOST) {
                assert_non_null(dhcp6_client_get_lease(lab.client));
                expire(&lab);
        }
        assert_int_equal(lab.now_ms, 5000 + 1500000 + 4000000);
        assert_null(dhcp6_client_get_lease(lab.client));
        assert_string_equal(dhcp6_client_state_name(lab.client), "SOLICITING");
        assert_true(lab.action.size > 0);
        lab_done(&lab);
}

/* The server lost its journal: it knows no binding, and the client begins anew. */
static void begins_anew_where_it_is_not_known(void **state)
{
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        assert_int_equal(exchange(&lab), 0);
        dhcp6_server_free(lab.server);
        lab.server = server_of(&other, false);
        expire(&lab);
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.action.event, DHCP_CLIENT_LOST);
        assert_string_equal(dhcp6_client_state_name(lab.client), "SOLICITING");
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.action.event, DHCP_CLIENT_BOUND);
        lab_done(&lab);
}

static void declines_what_another_has(void **state)
{
        struct ip6_address had;
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        dhcp6_client_decline(lab.client, lab.now_ms, 10, &lab.action); /* it has none */
        assert_int_equal(lab.action.size, 0);
        assert_string_equal(dhcp6_client_state_name(lab.client), "SOLICITING");
        expire(&lab);
        assert_int_equal(exchange(&lab), 0);
        had = lab.said.leased;

        dhcp6_client_decline(lab.client, lab.now_ms, 10, &lab.action);
        assert_null(dhcp6_client_get_lease(lab.client));
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.said.received, DHCP6_DECLINE);
        assert_true(ip6_is_equal(&lab.said.leased, &had));
        assert_int_equal(exchange(&lab), 0);
        assert_int_equal(lab.said.received, DHCP6_SOLICIT);
        assert_int_equal(lab.action.event, DHCP_CLIENT_BOUND);
        assert_false(ip6_is_equal(&dhcp6_client_get_lease(lab.client)->address, &had));
        lab_done(&lab);
}

/* It asks anew where nobody answers that. */
static void declines_four_times(void **state)
{
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        assert_int_equal(exchange(&lab), 0);
        dhcp6_client_decline(lab.client, lab.now_ms, 10, &lab.action);
        for (int i = 0; i < 4; i++) {
                assert_string_equal(dhcp6_client_state_name(lab.client), "DECLINING");
                assert_true(lab.action.size > 0);
                expire(&lab);
        }
        assert_string_equal(dhcp6_client_state_name(lab.client), "SOLICITING");
        assert_int_equal(lab.action.event, DHCP_CLIENT_NOTHING);
        lab_done(&lab);
}

static void asks_again_and_less_often(void **state)
{
        uint64_t before, wait = 0;
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        for (size_t i = 0; i < 10; i++) {
                before = lab.now_ms;
                expire(&lab);
                assert_true(lab.action.size > 0);
                assert_true(lab.now_ms - before >= wait / 2);
                wait = lab.now_ms - before;
        }
        assert_in_range(wait, 14000, 18000);

        /* Called early: nothing happens. */
        before = lab.action.deadline_ms;
        dhcp6_client_expire(lab.client, before - 1, 9, &lab.action);
        assert_int_equal(lab.action.size, 0);
        assert_int_equal(lab.action.deadline_ms, before);
        lab_done(&lab);
}

enum spoil { SPOIL_XID, SPOIL_CLIENT, SPOIL_SERVER, SPOIL_IAID, SPOIL_ADDRESS, SPOIL_TYPE, SPOILS };

static void spoil(struct dhcp6_message *message, enum spoil how)
{
        static const char *const useless[] = {"::1", "fe80::1", "ff02::1", "::", "::ffff:10.0.0.1"};
        static size_t next;

        switch (how) {
        case SPOIL_XID:
                message->xid ^= 1;
                break;
        case SPOIL_CLIENT:
                message->options.client_id = dhcp6_duid_of_mac(&other);
                break;
        case SPOIL_SERVER:
                message->options.server_id.size = 0;
                break;
        case SPOIL_IAID:
                message->options.ia_na.at[0].iaid ^= 1;
                break;
        case SPOIL_ADDRESS:
                message->options.ia_na.at[0].at[0].address =
                        ip(useless[next++ % ARRAY_SIZE(useless)]);
                break;
        case SPOIL_TYPE:
                message->type = DHCP6_RENEW;
                break;
        case SPOILS:
                break;
        }
}

static void what_is_not_for_us_changes_nothing(void **state)
{
        struct dhcp6_facts facts = {
                .interface = ip("fd77::1"),
                .source = ip("fe80::5054:ff:fe77:1"),
                .now = {5000, 5000}
        };
        uint8_t bytes[DHCP6_MESSAGE_MAX];
        struct lab lab;

        (void)state;
        lab_init(&lab, false);
        assert_int_equal(dhcp6_server_receive(lab.server, lab.action.bytes, lab.action.size, &facts,
                                              &lab.said),
                         0);
        for (unsigned how = 0; how < 5 * SPOILS; how++) {
                struct dhcp6_message message;
                ssize_t size;

                assert_int_equal(
                        dhcp6_message_parse(reader_over(lab.said.reply_bytes, lab.said.reply_size),
                                            &message),
                        0);
                spoil(&message, how % SPOILS);
                size = dhcp6_message_write(&message, bytes, sizeof(bytes));
                assert_true(size > 0);
                assert_int_equal(
                        dhcp6_client_receive(lab.client, bytes, (size_t)size, 6000, 1, &lab.action),
                        -ENOMSG);
                assert_int_equal(lab.action.event, DHCP_CLIENT_NOTHING);
                assert_int_equal(lab.action.size, 0);
                assert_null(dhcp6_client_get_lease(lab.client));
        }
        assert_int_equal(dhcp6_client_receive(lab.client, lab.said.reply_bytes, lab.said.reply_size,
                                              6000, 1, &lab.action),
                         0);
        assert_int_equal(lab.action.event, DHCP_CLIENT_BOUND);
        lab_done(&lab);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(gets_an_address_at_once),
                cmocka_unit_test(asks_for_what_was_offered),
                cmocka_unit_test(renews_rebinds_and_loses),
                cmocka_unit_test(begins_anew_where_it_is_not_known),
                cmocka_unit_test(declines_what_another_has),
                cmocka_unit_test(declines_four_times),
                cmocka_unit_test(asks_again_and_less_often),
                cmocka_unit_test(what_is_not_for_us_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
