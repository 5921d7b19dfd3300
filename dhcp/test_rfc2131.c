/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a public suite of conformance asks of DHCPv4 servers (ISC Forge, tests/dhcp/protocol), where
 * the other tests here do not: fields of answers whatever the client wrote into its own, requests
 * that lack what they must have, values of any length.
 */
#include "dhcp/test_serving.h"

#include "dhcp/message.h"

#define OPTIONS_AT 240

static bool boots_shim(void *context, const struct dhcp_message *request,
                       struct ip4_address address, struct dhcp_boot *ret)
{
        (void)context;
        (void)request;
        (void)address;
        ret->next_server = ip("10.77.0.1");
        (void)text_copy(ret->file, sizeof(ret->file), "shimx64.efi");
        return true;
}

/* One pool, and one network that has none. */
static struct dhcp_server *server_of(const char *first, const char *last)
{
        struct dhcp_server *server = dhcp_server_new(boots_shim, NULL);
        struct dhcp_network network = network_of("10.77.0.0/24", first, last);

        facts = (struct dhcp_facts){.interface = ip("10.77.0.1"), .now = start};
        assert_non_null(server);
        network.router = (struct dhcp_address_list){1, {ip("10.77.0.254")}};
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        network = network_of("10.79.0.0/24", "", "");
        network.router = (struct dhcp_address_list){1, {ip("10.79.0.254")}};
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        return server;
}

/* --- RFC 2131 table 3: fields --- */

enum asks { DISCOVERS, SELECTS, REBOOTS, RENEWS, SELECTS_ANOTHERS, MOVED, INFORMS };

static const struct {
        const char *name;
        enum asks asks;
        enum dhcp_message_type reply;
        const char *ciaddr, *yiaddr, *siaddr;
        bool has_lease, has_file;
} answers[] = {
        {"an offer",           DISCOVERS,        DHCP_OFFER, "",           "10.77.0.10", "10.77.0.1", true,  true },
        {"it took the offer",  SELECTS,          DHCP_ACK,   "",           "10.77.0.10", "10.77.0.1", true,  true },
        {"it was restarted",   REBOOTS,          DHCP_ACK,   "",           "10.77.0.10", "10.77.0.1", true,  true },
        {"a renewal",          RENEWS,           DHCP_ACK,   "10.77.0.10", "10.77.0.10", "10.77.0.1", true,  true },
        {"options only",       INFORMS,          DHCP_ACK,   "10.77.0.10", "",           "10.77.0.1", false, true },
        {"another's address",  SELECTS_ANOTHERS, DHCP_NAK,   "",           "",           "",          false, false},
        {"of another network", MOVED,            DHCP_NAK,   "",           "",           "",          false, false},
};

static struct dhcp_message question(enum asks asks, struct dhcp_server *server)
{
        struct dhcp_message m = message(asks == DISCOVERS ? DHCP_DISCOVER : DHCP_REQUEST, 1);

        if (asks != DISCOVERS)
                assert_ip(
                        lease_to(server, message(DHCP_DISCOVER, asks == SELECTS_ANOTHERS ? 2 : 1)),
                        "10.77.0.10");
        if (asks == SELECTS || asks == SELECTS_ANOTHERS)
                m.options.server_id = ip("10.77.0.1");
        if (asks == SELECTS || asks == SELECTS_ANOTHERS || asks == REBOOTS)
                m.options.wanted = ip("10.77.0.10");
        if (asks == MOVED)
                m.options.wanted = ip("10.99.0.10");
        if (asks == INFORMS)
                m.options.type = DHCP_INFORM;
        if (asks == RENEWS || asks == INFORMS)
                m.ciaddr = ip("10.77.0.10");
        return m;
}

/* What the answer has in each byte of its head. */
static void check_head(const struct dhcp_message *m, const char *giaddr)
{
        static const uint8_t none[DHCP_SNAME_SIZE];
        const uint8_t *b = decision.reply_bytes;
        const bool is_broadcast =
                m->is_broadcast || (decision.reply == DHCP_NAK && giaddr[0] != '\0');

        assert_int_equal(b[0], DHCP_OP_REPLY);
        assert_int_equal(b[1], 1);
        assert_int_equal(b[2], 6);
        assert_int_equal(b[3], 0); /* hops */
        assert_memory_equal(b + 4, "\0\0\x12\x34", 4);
        assert_memory_equal(b + 8, none, 2); /* secs */
        assert_int_equal(b[10], is_broadcast ? 0x80 : 0);
        assert_int_equal(b[11], 0);
        assert_memory_equal(b + 28, m->mac.bytes, 6);
        assert_memory_equal(b + 34, none, 10);
        assert_memory_equal(b + 44, none, DHCP_SNAME_SIZE);
        assert_ip(reply.giaddr, giaddr);
}

static void check_options(size_t i)
{
        const struct dhcp_options *options = &reply.options;

        assert_ip(options->server_id, "10.77.0.1");
        assert_int_equal(options->lease_s > 0, answers[i].has_lease);
        assert_int_equal(options->renewal_s > 0, answers[i].has_lease);
        assert_ip(options->wanted, "");
        assert_int_equal(options->max_size, 0);
        assert_int_equal(options->parameters.size, 0);
        assert_int_equal(options->router.count, decision.reply == DHCP_NAK ? 0 : 1);
        assert_string_equal(options->boot_file, answers[i].has_file ? "shimx64.efi" : "");
        assert_string_equal((const char *)decision.reply_bytes + 108,
                            answers[i].has_file ? "shimx64.efi" : "");
}

/* Whatever else the client says of itself, or a relay of it. */
static void answers_have_the_fields_of_table_3(void **state)
{
        static const char *const relays[] = {"", "10.77.0.254"};

        (void)state;
        for (size_t i = 0; i < 2 * ARRAY_SIZE(answers); i++) {
                const size_t at = i / 2;
                struct dhcp_server *server = server_of("10.77.0.10", "10.77.0.10");
                struct dhcp_message m = question(answers[at].asks, server);

                print_message("%s, relay '%s'\n", answers[at].name, relays[i % 2]);
                m.hops = 3;
                m.secs = 77;
                m.is_broadcast = at % 2;
                m.yiaddr = ip("10.77.0.99");
                m.siaddr = ip("10.77.0.98");
                m.giaddr = ip(relays[i % 2]);
                m.options.max_size = 1000;
                if (!ip4_is_set(m.ciaddr) && answers[at].asks != MOVED)
                        m.ciaddr = ip("255.255.255.255"); /* it has none yet */
                receive(server, &m);
                assert_int_equal(decision.reply, answers[at].reply);
                check_head(&m, relays[i % 2]);
                check_options(at);
                assert_ip(reply.yiaddr, answers[at].yiaddr);
                assert_ip(reply.siaddr, answers[at].siaddr);
                if (answers[at].asks == RENEWS || answers[at].asks == INFORMS)
                        assert_ip(reply.ciaddr, answers[at].ciaddr);
                else if (decision.reply != DHCP_ACK)
                        assert_ip(reply.ciaddr, "");
                dhcp_server_free(server);
        }
}

/* --- what must be named --- */

static const struct {
        const char *name;
        enum dhcp_message_type type;
        uint32_t number;
        const char *server_id, *wanted, *ciaddr;
        bool is_taken;
} returns[] = {
        {"declined",            DHCP_DECLINE, 1, "10.77.0.1", "10.77.0.10", "",           true },
        {"no server",           DHCP_DECLINE, 1, "",          "10.77.0.10", "",           false},
        {"no address",          DHCP_DECLINE, 1, "10.77.0.1", "",           "",           false},
        {"in the wrong field",  DHCP_DECLINE, 1, "10.77.0.1", "",           "10.77.0.10", false},
        {"by another",          DHCP_DECLINE, 2, "10.77.0.1", "10.77.0.10", "",           false},
        {"another's",           DHCP_DECLINE, 1, "10.77.0.1", "10.77.0.11", "",           false},
        {"nobody's",            DHCP_DECLINE, 1, "10.77.0.1", "10.99.0.11", "",           false},
        {"released",            DHCP_RELEASE, 1, "10.77.0.1", "",           "10.77.0.10", true },
        {"in the wrong option", DHCP_RELEASE, 1, "10.77.0.1", "10.77.0.10", "",           false},
        {"released by another", DHCP_RELEASE, 2, "10.77.0.1", "",           "10.77.0.10", false},
};

static void gives_back_what_is_named(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(returns); i++) {
                struct dhcp_server *server = server_of("10.77.0.10", "10.77.0.11");
                struct dhcp_message m = message(DHCP_DISCOVER, 1);

                print_message("%s\n", returns[i].name);
                m.options.wanted = ip("10.77.0.10");
                assert_ip(lease_to(server, m), "10.77.0.10");
                assert_ip(lease_to(server, message(DHCP_DISCOVER, 2)), "10.77.0.11");
                m = message(returns[i].type, returns[i].number);
                m.options.server_id = ip(returns[i].server_id);
                m.options.wanted = ip(returns[i].wanted);
                m.ciaddr = ip(returns[i].ciaddr);
                facts.is_unicast = returns[i].type == DHCP_RELEASE;
                receive(server, &m);
                assert_int_equal(decision.reply, DHCP_NONE);
                assert_int_equal(decision.record_size > 0, returns[i].is_taken);
                dhcp_server_free(server);
        }
}

/* Nobody else can have it meanwhile; afterwards it is nobody's to give back. */
static void an_ended_lease_is_not_released(void **state)
{
        struct dhcp_server *server = server_of("10.77.0.10", "10.77.0.10");
        struct dhcp_message m = message(DHCP_RELEASE, 1);

        (void)state;
        assert_ip(lease_to(server, message(DHCP_DISCOVER, 1)), "10.77.0.10");
        assert_ip(lease_to(server, message(DHCP_DISCOVER, 2)), "");
        facts.now.monotonic_ms += 601000;
        facts.now.wall_ms += 601000;
        facts.is_unicast = true;
        m.ciaddr = ip("10.77.0.10");
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_int_equal(decision.record_size, 0);
        facts.is_unicast = false;
        assert_ip(lease_to(server, message(DHCP_DISCOVER, 2)), "10.77.0.10");
        dhcp_server_free(server);
}

/* --- requests --- */

static void a_request_without_an_address_is_not_answered(void **state)
{
        struct dhcp_server *server = server_of("10.77.0.10", "10.77.0.11");
        struct dhcp_message m = message(DHCP_REQUEST, 1);

        (void)state;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        assert_int_equal(decision.record_size, 0);
        dhcp_server_free(server);
}

/* RFC 2131 4.3.5. A network may have no address to give and yet have something to tell; who names a
 * server there, which it must not, is told as well. */
static void informs_where_nothing_is_given(void **state)
{
        struct dhcp_server *server = server_of("10.77.0.10", "10.77.0.11");
        struct dhcp_message m = message(DHCP_DISCOVER, 1);

        (void)state;
        m.giaddr = ip("10.79.0.254");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        m = message(DHCP_INFORM, 1);
        m.giaddr = ip("10.79.0.254");
        m.ciaddr = ip("10.79.0.20");
        m.options.server_id = ip("10.79.0.2");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        assert_int_equal(decision.route, DHCP_ROUTE_RELAY);
        assert_ip(reply.options.router.at[0], "10.79.0.254");
        assert_int_equal(reply.options.lease_s, 0);
        dhcp_server_free(server);
}

/* --- values of any length --- */

/* Each option, with each length of its value: an answer or silence, and the next one is answered.
 */
static void any_length_is_survived(void **state)
{
        struct dhcp_server *server = server_of("10.77.0.10", "10.77.0.200");
        const struct dhcp_message m = message(DHCP_DISCOVER, 1);
        uint8_t bytes[DHCP_MESSAGE_MAX];
        size_t answered = 0;

        (void)state;
        assert_true(dhcp_message_write(&m, bytes, sizeof(bytes)) > 0);
        for (unsigned int code = 1; code < 255; code++) {
                for (unsigned int size = 0; size < 256; size++) {
                        uint8_t *at = bytes + OPTIONS_AT;

                        *at++ = DHCP_OPT_MESSAGE_TYPE;
                        *at++ = 1;
                        *at++ = DHCP_DISCOVER;
                        *at++ = (uint8_t)code;
                        *at++ = (uint8_t)size;
                        memset(at, (int)(size % 3 ? 'a' : 0xff), size);
                        at += size;
                        *at++ = DHCP_OPT_END;
                        (void)dhcp_server_receive(server, bytes, (size_t)(at - bytes), &facts,
                                                  &decision);
                        answered += decision.reply == DHCP_OFFER;
                }
        }
        /* Of an option that we do not know, any length is right: there are more than 200. */
        assert_true(answered > (size_t)200 * 256);
        assert_true(ip4_is_set(lease_to(server, m)));
        dhcp_server_free(server);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_have_the_fields_of_table_3),
                cmocka_unit_test(gives_back_what_is_named),
                cmocka_unit_test(an_ended_lease_is_not_released),
                cmocka_unit_test(a_request_without_an_address_is_not_answered),
                cmocka_unit_test(informs_where_nothing_is_given),
                cmocka_unit_test(any_length_is_survived),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
