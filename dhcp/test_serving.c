/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom the server gives what: wires, classes, relays, known and unknown machines. */
#include "dhcp/test_serving.h"

/* --- classes --- */

/* What a machine says of itself, and the one class that it is tried with. */
static const struct class_case {
        const char *name;
        struct dhcp_class class;
        const char *vendor_class, *user_class, *giaddr, *relay_info;
        size_t relay_size;
        int architecture; /* -1: not said */
        bool matches;
} class_cases[] = {
  /* clang-format off */
        {"UEFI", {.architectures = {9, 7}, .architecture_count = 2},
         "", "", "", "", 0, 7, true},
        {"BIOS is no UEFI", {.architectures = {9, 7}, .architecture_count = 2},
         "", "", "", "", 0, 0, false},
        {"BIOS is 0, and said", {.architectures = {0}, .architecture_count = 1},
         "", "", "", "", 0, -1, false},
        {"how the vendor class begins", {.vendor_class = "PXEClient"},
         "PXEClient:Arch:00007", "", "", "", 0, 7, true},
        {"another vendor class", {.vendor_class = "PXEClient"},
         "HTTPClient:Arch:00016", "", "", "", 0, 7, false},
        {"a user class without its length", {.user_class = "iPXE"},
         "", "iPXE", "", "", 0, -1, true},
        {"the second user class", {.user_class = "lab"},
         "", "\4rack\3lab", "", "", 0, -1, true},
        {"a user class that runs past the end", {.user_class = "lab"},
         "", "\4rack\4lab", "", "", 0, -1, false},
        {"this maker's card", {.mac_prefix_size = 2,
         .mac_prefix = {0x52, 0x54}}, "", "", "10.77.0.2", "", 0, -1, true},
        {"another maker's card", {.mac_prefix_size = 3, .mac_prefix = {0x52, 0x54, 1}},
         "", "", "", "", 0, -1, false},
        {"this port", {.circuit_size = 4, .circuit = "eth0"},
         "", "", "10.77.0.2", "\1\4eth0", 6, -1, true},
        {"this port, of a client that says so itself", {.circuit_size = 4, .circuit = "eth0"},
         "", "", "", "\1\4eth0", 6, -1, false},
        {"this port of another switch", {.circuit_size = 4, .circuit = "eth0",
         .remote_size = 2, .remote = "s1"}, "", "", "10.77.0.2", "\1\4eth0\2\2s2", 10, -1, false},
        {"a broken option 82", {.circuit_size = 4, .circuit = "eth0"},
         "", "", "10.77.0.2", "\1\4eth0\2\5", 8, -1, false},
  /* clang-format on */
};

/* .10 is of the class, .20 of none. */
static void a_machine_is_given_of_its_class(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(class_cases); i++) {
                const struct class_case *c = &class_cases[i];
                struct dhcp_server *server = server_empty();
                struct dhcp_network network =
                        network_of("10.77.0.0/24", "10.77.0.20", "10.77.0.20");
                struct dhcp_message m = message(DHCP_DISCOVER, 0);

                print_message("%s\n", c->name);
                network.range_count = 1;
                network.ranges[0] =
                        (struct dhcp_class_range){ip("10.77.0.10"), ip("10.77.0.10"), c->class};
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                m.giaddr = ip(c->giaddr);
                m.options.has_architecture = c->architecture >= 0;
                m.options.architecture = (uint16_t)c->architecture;
                (void)text_copy(m.options.vendor_class, sizeof(m.options.vendor_class),
                                c->vendor_class);
                blob(&m.options.user_class, c->user_class, strlen(c->user_class));
                blob(&m.options.relay_info, c->relay_info, c->relay_size);
                assert_ip(lease_to(server, m), c->matches ? "10.77.0.10" : "10.77.0.20");
                assert_int_equal(reply.options.relay_info.size, c->relay_size);

                /* The system that it starts says nothing of the kind, and keeps its address. */
                m = message(DHCP_DISCOVER, 0);
                m.giaddr = ip(c->giaddr);
                assert_ip(lease_to(server, m), c->matches ? "10.77.0.10" : "10.77.0.20");
                dhcp_server_free(server);
        }
}

/* The first two of three ranges are of one class: the second is used when the first is full, and
 * what is of no class is not. */
static void a_class_has_several_ranges(void **state)
{
        struct dhcp_server *server = server_empty();
        struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.20", "10.77.0.29");
        const struct dhcp_class pxe = {.vendor_class = "PXEClient"};
        struct dhcp_message m;

        (void)state;
        network.range_count = 2;
        network.ranges[0] = (struct dhcp_class_range){ip("10.77.0.10"), ip("10.77.0.10"), pxe};
        network.ranges[1] = (struct dhcp_class_range){ip("10.77.0.15"), ip("10.77.0.15"), pxe};
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        for (uint32_t i = 0; i < 3; i++) {
                static const char *const expected[] = {"10.77.0.10", "10.77.0.15", ""};

                m = message(DHCP_DISCOVER, i);
                (void)text_copy(m.options.vendor_class, sizeof(m.options.vendor_class),
                                "PXEClient");
                assert_ip(lease_to(server, m), expected[i]);
        }
        /* Nor may a machine name an address that is of another class. */
        m = message(DHCP_REQUEST, 2);
        m.options.wanted = ip("10.77.0.20");
        (void)text_copy(m.options.vendor_class, sizeof(m.options.vendor_class), "PXEClient");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NAK);
        dhcp_server_free(server);
}

/* --- wires --- */

/* Two networks on one wire, the second behind the first in the order of preference. */
static struct dhcp_server *shared_server(void)
{
        struct dhcp_server *server = server_empty();
        struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.11");

        network.router = (struct dhcp_address_list){1, {ip("10.77.0.254")}};
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        network = network_of("10.78.0.0/24", "10.78.0.10", "10.78.0.11");
        network.router = (struct dhcp_address_list){1, {ip("10.78.0.254")}};
        network.pool.shares_wire = true;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        network = network_of("10.79.0.0/24", "10.79.0.10", "10.79.0.11");
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        return server;
}

static void a_wire_may_have_two_networks(void **state)
{
        struct dhcp_server *server = shared_server();
        struct ip4_address third;
        struct dhcp_message m;

        (void)state;
        for (uint32_t i = 0; i < 2; i++)
                assert_int_equal(ntohl(lease_to(server, message(DHCP_DISCOVER, i)).be) >> 8,
                                 0x0a4d00);
        third = lease_to(server, message(DHCP_DISCOVER, 2));
        assert_int_equal(ntohl(third.be) >> 8, 0x0a4e00);
        assert_ip(reply.options.router.at[0], "10.78.0.254");
        assert_int_equal(decision.route, DHCP_ROUTE_HARDWARE);

        /* It has the one, in whichever of the two it is heard. */
        m = message(DHCP_DISCOVER, 2);
        m.giaddr = ip("10.78.0.254");
        receive(server, &m);
        assert_ip(reply.yiaddr, decision.reply == DHCP_OFFER && ntohl(third.be) == 0x0a4e000a
                                        ? "10.78.0.10"
                                        : "10.78.0.11");
        m = message(DHCP_REQUEST, 2);
        m.ciaddr = third;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        assert_int_equal(decision.route, DHCP_ROUTE_UNICAST);
        m.ciaddr = ip("10.79.0.10"); /* of another wire */
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NAK);
        m = message(DHCP_INFORM, 9);
        m.ciaddr = ip("10.78.0.99");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        assert_ip(reply.options.router.at[0], "10.78.0.254");
        m.ciaddr = ip("10.79.0.99");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        dhcp_server_free(server);
}

/* A relay on the second network has machines of its wire begin there. */
static void a_relay_says_where_to_begin(void **state)
{
        static const struct {
                const char *giaddr, *link, *configured;
                const char *offered; /* the first three bytes' worth; "" silence */
        } cases[] = {
                {"10.78.0.254", "",            "",            "10.78.0.10"},
                {"10.79.0.254", "",            "",            "10.79.0.10"},
                {"10.99.0.254", "",            "",            ""          },
                {"10.99.0.254", "\12\117\0\0", "",            ""          }, /* RFC 3527, 10.79.0.0 */
                {"10.99.0.254", "\12\117\0\0", "10.99.0.254", "10.79.0.10"},
                {"10.79.0.253", "",            "10.79.0.254", ""          },
                {"10.79.0.254", "",            "10.79.0.254", "10.79.0.10"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_server *server = server_empty();
                struct dhcp_network network =
                        network_of("10.79.0.0/24", "10.79.0.10", "10.79.0.10");
                struct dhcp_message m = message(DHCP_DISCOVER, 1);

                print_message("%s\n", cases[i].giaddr);
                network.relay_count = cases[i].configured[0] ? 1 : 0;
                network.relays[0] = ip(cases[i].configured);
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                network = network_of("10.78.0.0/24", "10.78.0.10", "10.78.0.10");
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                m.giaddr = ip(cases[i].giaddr);
                if (cases[i].link[0])
                        blob(&m.options.relay_info, "\5\4\12\117\0\0", 6);
                receive(server, &m);
                assert_ip(reply.yiaddr, cases[i].offered);
                if (cases[i].offered[0])
                        assert_ip(decision.address, cases[i].giaddr);
                dhcp_server_free(server);
        }
}

/* RFC 5107: the relay's own address stands for ours, so that renewals come through it. */
static void a_relay_may_stand_for_us(void **state)
{
        struct dhcp_server *server = shared_server();
        struct dhcp_message m = message(DHCP_DISCOVER, 1);

        (void)state;
        m.giaddr = ip("10.79.0.254");
        blob(&m.options.relay_info, "\13\4\12\117\0\376\1\2p1", 10);
        assert_true(ip4_is_set(lease_to(server, m)));
        assert_ip(reply.options.server_id, "10.79.0.254");
        assert_int_equal(reply.options.relay_info.size, 10);

        m.giaddr = ip(""); /* without a relay nobody tells us who we are */
        receive(server, &m);
        assert_ip(reply.options.server_id, "10.77.0.1");
        dhcp_server_free(server);
}

/* --- what is given back, and what is not --- */

/* RFC 2131 4.3.4, 4.4.6. Through a relay, which nobody sends it by, it must name us. */
static void a_release_through_a_relay_names_us(void **state)
{
        struct dhcp_server *server = server_empty();
        const struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.10");
        struct dhcp_message m = message(DHCP_DISCOVER, 1);

        (void)state;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        m.giaddr = ip("10.77.0.254");
        assert_ip(lease_to(server, m), "10.77.0.10");
        m.options.type = DHCP_RELEASE;
        m.ciaddr = ip("10.77.0.10");
        facts.is_unicast = true;
        receive(server, &m);
        assert_int_equal(decision.record_size, 0);
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_true(decision.record_size > 0);
        facts.is_unicast = false;
        dhcp_server_free(server);
}

/* 10.77.0.10 is leased to machine 1. "No server" is said by systemd-networkd 252. */
static void only_its_owner_releases(void **state)
{
        static const struct {
                const char *name, *ciaddr, *server_id, *source;
                uint32_t number;
                bool is_unicast, is_taken;
        } cases[] = {
                {"its owner",       "10.77.0.10", "10.77.0.1", "10.77.0.10", 1, true,  true },
                {"another MAC",     "10.77.0.10", "10.77.0.1", "10.77.0.10", 2, true,  false},
                {"another address", "10.77.0.11", "10.77.0.1", "10.77.0.11", 1, true,  false},
                {"another server",  "10.77.0.10", "10.77.0.9", "10.77.0.10", 1, true,  false},
                {"no server",       "10.77.0.10", "",          "10.77.0.10", 1, true,  true },
                {"none, to all",    "10.77.0.10", "",          "10.77.0.10", 1, false, false},
                {"none, another's", "10.77.0.10", "",          "10.77.0.99", 1, true,  false},
                {"by broadcast",    "10.77.0.10", "10.77.0.1", "10.77.0.10", 1, false, false},
                {"sent by another", "10.77.0.10", "10.77.0.1", "10.77.0.99", 1, true,  false},
                {"nobody looked",   "10.77.0.10", "10.77.0.1", "",           1, true,  true },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_server *server = server_empty();
                const struct dhcp_network network =
                        network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.10");
                struct dhcp_message m;

                print_message("%s\n", cases[i].name);
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                assert_ip(lease_to(server, message(DHCP_DISCOVER, 1)), "10.77.0.10");
                m = message(DHCP_RELEASE, cases[i].number);
                m.ciaddr = ip(cases[i].ciaddr);
                m.options.server_id = ip(cases[i].server_id);
                facts.is_unicast = cases[i].is_unicast;
                facts.source = ip(cases[i].source);
                receive(server, &m);
                assert_int_equal(decision.reply, DHCP_NONE);
                assert_int_equal(decision.record_size > 0, cases[i].is_taken);
                dhcp_server_free(server);
        }
}

static bool decline(struct dhcp_server *server, uint32_t number, const char *giaddr)
{
        struct dhcp_message m = message(DHCP_DISCOVER, number);
        struct dhcp_lease lease;

        m.giaddr = ip(giaddr);
        m.options.wanted = lease_to(server, m);
        assert_true(ip4_is_set(m.options.wanted));
        m.options.type = DHCP_DECLINE;
        m.options.server_id = reply.options.server_id;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        assert_int_equal(dhcp_lease_record_parse(decision.record, decision.record_size, &lease), 0);
        return lease.state == DHCP_LEASE_DECLINED;
}

static void nobody_fills_the_quarantine_alone(void **state)
{
        struct dhcp_server *server = server_empty();
        const struct dhcp_network network =
                network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.200"); /* 23 may rest */
        size_t resting = 0;

        (void)state;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        for (size_t i = 0; i < 10; i++)
                resting += decline(server, 1, "");
        assert_int_equal(resting, DHCP_MAX_QUARANTINE_CLIENT);
        for (uint32_t i = 0; i < 20; i++)
                resting += decline(server, 100 + i, "10.77.0.2");
        assert_int_equal(resting, DHCP_MAX_QUARANTINE_CLIENT + 12);
        for (uint32_t i = 0; i < 7; i++) /* those of others are heard all the same */
                assert_true(decline(server, 200 + i, "10.77.0.3"));
        dhcp_server_free(server);
}

/* --- RFC 2131, where test_server.c does not have it --- */

/* 10.77.0.10 is leased to machine 1, .11 is free; 10.77.0.2 is a relay. */
static const struct rfc_case {
        const char *name, *ciaddr, *wanted, *server_id, *giaddr;
        enum dhcp_message_type type, reply;
        enum dhcp_route route;
        uint32_t number;
        bool is_broadcast, has_record;
} rfc_cases[] = {
  /* clang-format off */
        {"4.1: unicast to who has no address yet", "", "", "", "",
         DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_HARDWARE, 2, false, false},
        {"4.1: broadcast to who cannot take that", "", "", "", "",
         DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_BROADCAST, 2, true, false},
        {"4.1: the relay, whatever the flag says", "", "", "", "10.77.0.2",
         DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_RELAY, 2, true, false},
        {"4.3.1: what it wants, if it is free", "", "10.77.0.11", "", "",
         DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_HARDWARE, 2, false, false},
        {"4.3.2: rebinding, to its address", "10.77.0.10", "", "", "",
         DHCP_REQUEST, DHCP_ACK, DHCP_ROUTE_UNICAST, 1, true, true},
        {"4.3.2: rebinding through a relay", "10.77.0.10", "", "", "10.77.0.2",
         DHCP_REQUEST, DHCP_ACK, DHCP_ROUTE_RELAY, 1, false, true},
        {"4.3.2: rebinding another's", "10.77.0.10", "", "", "",
         DHCP_REQUEST, DHCP_NAK, DHCP_ROUTE_BROADCAST, 2, false, false},
        {"4.3.3: its own", "", "10.77.0.10", "10.77.0.1", "",
         DHCP_DECLINE, DHCP_NONE, DHCP_ROUTE_NONE, 1, false, true},
        {"4.3.3: another's", "", "10.77.0.10", "10.77.0.1", "",
         DHCP_DECLINE, DHCP_NONE, DHCP_ROUTE_NONE, 2, false, false},
        {"4.3.3: what it does not have", "", "10.77.0.11", "10.77.0.1", "",
         DHCP_DECLINE, DHCP_NONE, DHCP_ROUTE_NONE, 1, false, false},
        {"4.4.1, table 5: a decline names the server", "", "10.77.0.10", "", "",
         DHCP_DECLINE, DHCP_NONE, DHCP_ROUTE_NONE, 1, false, false},
        {"4.3.5: to ciaddr, whatever the flag says", "10.77.0.77", "", "", "",
         DHCP_INFORM, DHCP_ACK, DHCP_ROUTE_UNICAST, 3, true, false},
        {"4.3.5: through a relay", "10.77.0.77", "", "", "10.77.0.2",
         DHCP_INFORM, DHCP_ACK, DHCP_ROUTE_RELAY, 3, false, false},
        {"4.3.5: of another network", "10.99.0.77", "", "", "",
         DHCP_INFORM, DHCP_NONE, DHCP_ROUTE_NONE, 3, false, false},
  /* clang-format on */
};

static void answers_as_rfc_2131_says(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rfc_cases); i++) {
                const struct rfc_case *c = &rfc_cases[i];
                struct dhcp_server *server = server_empty();
                struct dhcp_network network =
                        network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.11");
                struct dhcp_message m = message(DHCP_DISCOVER, 1);

                print_message("%s\n", c->name);
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                m.options.wanted = ip("10.77.0.10");
                assert_ip(lease_to(server, m), "10.77.0.10");
                m = message(c->type, c->number);
                m.ciaddr = ip(c->ciaddr);
                m.giaddr = ip(c->giaddr);
                m.is_broadcast = c->is_broadcast;
                m.options.wanted = ip(c->wanted);
                m.options.server_id = ip(c->server_id);
                receive(server, &m);
                assert_int_equal(decision.reply, c->reply);
                assert_int_equal(decision.route, c->route);
                assert_int_equal(decision.record_size > 0, c->has_record);
                if (c->route == DHCP_ROUTE_UNICAST)
                        assert_ip(decision.address, c->ciaddr);
                if (c->reply == DHCP_OFFER)
                        assert_ip(reply.yiaddr, "10.77.0.11");
                if (c->type == DHCP_INFORM)
                        assert_int_equal(reply.options.lease_s, 0);
                dhcp_server_free(server);
        }
}

/* --- options --- */

/* RFC 4702 3.1 and 4: E as asked, N, and O where the client wanted S; both RCODEs 255. */
static void no_name_is_written_into_the_dns(void **state)
{
        static const struct {
                uint8_t asked, told;
        } cases[] = {
                {0, 8 },
                {1, 10},
                {4, 12},
                {5, 14},
                {8, 8 },
                {9, 10},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_server *server = shared_server();
                struct dhcp_message m = message(DHCP_DISCOVER, 1);

                blob(&m.options.fqdn, "\0\0\0\2pc\3lab\0", 11);
                m.options.fqdn.bytes[0] = cases[i].asked;
                receive(server, &m);
                assert_int_equal(reply.options.fqdn.size, 11);
                assert_int_equal(reply.options.fqdn.bytes[0], cases[i].told);
                assert_int_equal(reply.options.fqdn.bytes[1], 255);
                assert_int_equal(reply.options.fqdn.bytes[2], 255);
                assert_memory_equal(reply.options.fqdn.bytes + 3, "\2pc\3lab", 8);
                m.options.fqdn.size = 0;
                receive(server, &m);
                assert_int_equal(reply.options.fqdn.size,
                                 0); /* RFC 4702 4: only who asks is told */
                dhcp_server_free(server);
        }
}

static bool boot_root(void *context, const struct dhcp_message *request, struct ip4_address address,
                      struct dhcp_boot *ret)
{
        (void)request;
        (void)address;
        return text_copy(ret->root_path, sizeof(ret->root_path), context) == 0;
}

/* A FreeBSD loader asks without a class; and what is longer than an option goes over two. */
static void tells_where_the_root_is(void **state)
{
        char path[400];
        struct dhcp_server *server;
        struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER, 1);

        (void)state;
        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        server = dhcp_server_new(boot_root, path);
        facts = (struct dhcp_facts){.interface = ip("10.77.0.1"), .now = start};
        (void)text_copy(network.captive_portal, sizeof(network.captive_portal),
                        "https://portal.example/api");
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        m.options.max_size = 1500;
        blob(&m.options.parameters, "\1\21\162", 3);
        receive(server, &m);
        assert_string_equal(reply.options.root_path, path);
        assert_string_equal(reply.options.captive_portal, "https://portal.example/api");
        m.options.max_size = 0; /* 576 bytes have no room for it */
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_OFFER);
        assert_string_equal(reply.options.root_path, "");
        blob(&m.options.parameters, "\1", 1);
        receive(server, &m);
        assert_string_equal(reply.options.captive_portal, ""); /* it did not ask */
        dhcp_server_free(server);
}

/* --- lease queries, RFC 4388 --- */

/* Machine 1 has 10.77.0.10 for 600 s since 100 s; .11 is free; the relay is 10.77.0.2. */
static const struct query_case {
        const char *name, *giaddr, *ciaddr;
        const char *client_id;
        size_t id_size;
        uint32_t number; /* 0: no MAC */
        enum dhcp_message_type reply;
} query_cases[] = {
  /* clang-format off */
        {"by address", "10.77.0.2", "10.77.0.10", "", 0, 0, DHCP_LEASEACTIVE},
        {"by MAC", "10.77.0.2", "", "", 0, 1, DHCP_LEASEACTIVE},
        {"by client id", "10.77.0.2", "", "\1\x52\x54\0\0\0\1", 7, 0, DHCP_LEASEACTIVE},
        {"by a reserved client id", "10.77.0.2", "", "\377idx", 4, 0, DHCP_LEASEUNKNOWN},
        {"by no client id of ours", "10.77.0.2", "", "\377idy", 4, 0, DHCP_LEASEUNKNOWN},
        {"a free address", "10.77.0.2", "10.77.0.11", "", 0, 0, DHCP_LEASEUNASSIGNED},
        {"an address of others", "10.77.0.2", "192.0.2.1", "", 0, 0, DHCP_LEASEUNKNOWN},
        {"another MAC", "10.77.0.2", "", "", 0, 2, DHCP_LEASEUNKNOWN},
        {"about nothing", "10.77.0.2", "", "", 0, 0, DHCP_LEASEUNKNOWN},
        {"not a relay of ours", "10.77.0.3", "10.77.0.10", "", 0, 0, DHCP_NONE},
        {"not a relay", "", "10.77.0.10", "", 0, 0, DHCP_NONE},
  /* clang-format on */
};

/* What a system calls itself is found, also after a start; and in the order of RFC 4388 6.4.1 all
 * that its machine has. */
static void a_relay_may_ask_by_any_client_id(void **state)
{
        struct dhcp_message discover = message(DHCP_DISCOVER, 1),
                            query = message(DHCP_LEASEQUERY, 0);
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        size_t size = 0;

        (void)state;
        blob(&discover.options.client_id, "\377\0\0\0\7\0\4a DUID of 16 by.", 23);
        query.options.client_id = discover.options.client_id;
        query.giaddr = ip("10.77.0.2");
        memset(&query.mac, 0, sizeof(query.mac));
        for (int is_restarted = 0; is_restarted < 2; is_restarted++) {
                struct dhcp_server *server = server_empty();
                struct dhcp_network network =
                        network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.10");

                network.relay_count = 1;
                network.relays[0] = ip("10.77.0.2");
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                receive(server, &query);
                assert_int_equal(decision.reply, DHCP_LEASEUNKNOWN);
                if (is_restarted) {
                        assert_int_equal(dhcp_leases_replay(dhcp_server_leases(server), record,
                                                            size, &facts.now),
                                         0);
                } else {
                        assert_ip(lease_to(server, discover), "10.77.0.10");
                        size = decision.record_size;
                        memcpy(record, decision.record, size);
                }
                receive(server, &query);
                assert_int_equal(decision.reply, DHCP_LEASEACTIVE);
                assert_ip(reply.ciaddr, "10.77.0.10");
                assert_int_equal(reply.mac.bytes[5], 1);
                dhcp_server_free(server);
        }
}

/* Nobody takes a machine's name by saying its MAC for its own. */
static void a_client_id_that_says_a_mac_is_of_that(void **state)
{
        struct dhcp_server *server = server_empty();
        struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.11");
        struct dhcp_message other = message(DHCP_DISCOVER, 2), query = message(DHCP_LEASEQUERY, 0);
        struct ip4_address owned;

        (void)state;
        network.relay_count = 1;
        network.relays[0] = ip("10.77.0.2");
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        owned = lease_to(server, message(DHCP_DISCOVER, 1));
        memset(&query.mac, 0, sizeof(query.mac));
        query.options.client_id.size = 7;
        query.options.client_id.bytes[0] = 1;
        memcpy(query.options.client_id.bytes + 1, message(DHCP_DISCOVER, 1).mac.bytes, 6);
        query.giaddr = ip("10.77.0.2");
        other.options.client_id = query.options.client_id;
        (void)lease_to(server, other);
        receive(server, &query);
        assert_int_equal(decision.reply, DHCP_LEASEACTIVE);
        assert_true(ip4_is_equal(reply.ciaddr, owned));
        dhcp_server_free(server);
}

static void a_relay_may_ask_who_has_an_address(void **state)
{
        const struct dhcp_reservation_key idx = {DHCP_RESERVED_CLIENT_ID, 4, "\377idx"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(query_cases); i++) {
                const struct query_case *c = &query_cases[i];
                struct dhcp_server *server = server_empty();
                struct dhcp_network network =
                        network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.10");
                struct dhcp_message m = message(DHCP_LEASEQUERY, c->number);

                print_message("%s\n", c->name);
                network.relay_count = 1;
                network.relays[0] = ip("10.77.0.2");
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                assert_int_equal(dhcp_leases_reserve_key(dhcp_server_leases(server), &idx,
                                                         ip("10.77.0.99"), ""),
                                 0);
                assert_ip(lease_to(server, message(DHCP_DISCOVER, 1)), "10.77.0.10");
                facts.now.monotonic_ms += 100000;
                if (c->number == 0)
                        memset(&m.mac, 0, sizeof(m.mac));
                m.giaddr = ip(c->giaddr);
                m.ciaddr = ip(c->ciaddr);
                blob(&m.options.client_id, c->client_id, c->id_size);
                receive(server, &m);
                assert_int_equal(decision.reply, c->reply);
                if (c->reply == DHCP_LEASEACTIVE) {
                        assert_ip(reply.ciaddr, "10.77.0.10");
                        assert_int_equal(reply.mac.bytes[5], 1);
                        assert_int_equal(reply.options.lease_s, 500);
                        assert_int_equal(reply.options.last_transaction_s, 100);
                        assert_int_equal(decision.route, DHCP_ROUTE_RELAY);
                        assert_int_equal(decision.record_size, 0);
                }
                dhcp_server_free(server);
        }
}

/* --- a flood --- */

static bool knows_small_numbers(void *context, const struct mac_address *mac)
{
        (void)context;
        return mac->bytes[2] == 0;
}

/* Machines that are made up, one a message or with all the patience of a real one. */
static void flood(struct dhcp_server *server, bool is_patient, size_t count)
{
        static uint32_t made_up = 0x99000000;

        for (size_t i = 0; i < count; i++) {
                const struct dhcp_message m = message(DHCP_DISCOVER, made_up++);

                facts.now.monotonic_ms += 1;
                if (is_patient)
                        (void)lease_to(server, m);
                else
                        receive(server, &m);
                if (is_patient)
                        (void)lease_to(server, m);
        }
}

static void a_flood_does_not_starve_the_known(void **state)
{
        (void)state;
        for (int is_patient = 0; is_patient < 2; is_patient++) {
                struct dhcp_server *server = server_empty();
                const struct dhcp_network network =
                        network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.169"); /* 160 */
                size_t served = 0;

                print_message("%s\n", is_patient ? "patient" : "one message each");
                assert_int_equal(dhcp_server_add_network(server, &network), 0);
                dhcp_server_set_known(server, knows_small_numbers);
                assert_true(ip4_is_set(lease_to(server, message(DHCP_DISCOVER, 1))));
                flood(server, is_patient, 5000);
                for (uint32_t i = 1; i <= 20; i++)
                        served += ip4_is_set(lease_to(server, message(DHCP_DISCOVER, i)));
                assert_int_equal(served, 20); /* an eighth of 160 */
                dhcp_server_free(server);
        }
}

/* Whoever asks as firmware does, again and again, gets in between those that were made up. */
static void a_new_machine_gets_in_beside_a_flood(void **state)
{
        struct dhcp_server *server = server_empty();
        const struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.169");
        const struct dhcp_message new = message(DHCP_DISCOVER, 0x88000001);
        struct ip4_address address = {0};

        (void)state;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        dhcp_server_set_known(server, knows_small_numbers);
        flood(server, false, 2000);
        assert_false(ip4_is_set(lease_to(server, new)));
        flood(server, false, 2000);
        address = lease_to(server, new);
        assert_true(ip4_is_set(address));
        dhcp_server_free(server);
}

/* While there is plenty, nobody waits: a rack of new machines is switched on at once. */
static void a_rack_of_new_machines_is_served_at_once(void **state)
{
        struct dhcp_server *server = server_empty();
        const struct dhcp_network network = network_of("10.77.0.0/16", "10.77.1.0", "10.77.8.0");

        (void)state;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        dhcp_server_set_known(server, knows_small_numbers);
        for (uint32_t i = 0; i < 800; i++)
                assert_true(ip4_is_set(lease_to(server, message(DHCP_DISCOVER, 0x77000000 + i))));
        dhcp_server_free(server);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_machine_is_given_of_its_class),
                cmocka_unit_test(a_class_has_several_ranges),
                cmocka_unit_test(a_wire_may_have_two_networks),
                cmocka_unit_test(a_relay_says_where_to_begin),
                cmocka_unit_test(a_relay_may_stand_for_us),
                cmocka_unit_test(answers_as_rfc_2131_says),
                cmocka_unit_test(only_its_owner_releases),
                cmocka_unit_test(a_release_through_a_relay_names_us),
                cmocka_unit_test(nobody_fills_the_quarantine_alone),
                cmocka_unit_test(no_name_is_written_into_the_dns),
                cmocka_unit_test(tells_where_the_root_is),
                cmocka_unit_test(a_relay_may_ask_who_has_an_address),
                cmocka_unit_test(a_relay_may_ask_by_any_client_id),
                cmocka_unit_test(a_client_id_that_says_a_mac_is_of_that),
                cmocka_unit_test(a_flood_does_not_starve_the_known),
                cmocka_unit_test(a_new_machine_gets_in_beside_a_flood),
                cmocka_unit_test(a_rack_of_new_machines_is_served_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
