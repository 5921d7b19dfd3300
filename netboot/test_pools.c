/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "netboot/pools.h"

static const char config_text[] =
        "{\"networks\": [{\"name\": \"a\", \"subnet\": \"10.77.0.0/24\", \"shared_network\": \"w\","
        " \"pool_first\": \"10.77.0.100\", \"pool_last\": \"10.77.0.101\","
        " \"pools\": [{\"first\": \"10.77.0.10\", \"last\": \"10.77.0.11\", \"match\":"
        "   {\"architectures\": [\"uefi-x86-64\", \"16\"], \"vendor_class\": \"PXE\","
        "    \"user_class\": \"lab\", \"relay\": \"10.77.0.2\", \"circuit\": \"0x0001\","
        "    \"remote\": \"s1\", \"mac_prefix\": \"52:54:0a\"}}],"
        " \"relays\": [\"10.77.0.2\", \"10.99.0.2\"],"
        " \"captive_portal\": \"https://portal.example/\"},"
        " {\"name\": \"b\", \"subnet\": \"10.78.0.0/24\","
        "  \"pools\": [{\"first\": \"10.78.0.10\", \"last\": \"10.78.0.11\"}]},"
        " {\"name\": \"c\", \"subnet\": \"10.79.0.0/24\", \"shared_network\": \"w\","
        "  \"pool_first\": \"10.79.0.100\", \"pool_last\": \"10.79.0.101\"}],"
        "\"reservations\": [{\"mac\": \"52:54:00:77:00:01\", \"address\": \"10.77.0.50\"},"
        " {\"client_id\": \"0xff00010a\", \"address\": \"10.77.0.51\"},"
        " {\"uuid\": \"00112233-4455-6677-8899-aabbccddeeff\", \"address\": \"10.77.0.52\"},"
        " {\"circuit\": \"p1\", \"remote\": \"s1\", \"address\": \"10.77.0.53\"},"
        " {\"circuit\": \"p1\", \"address\": \"10.77.0.54\"}]}";

static struct edge_config config_read(void)
{
        struct edge_config config = {0};
        char error[DOC_ERROR_SIZE] = "";
        struct doc *object = NULL;

        if (doc_parse(config_text, strlen(config_text), &doc_limits_message, error, &object) < 0 ||
            edge_config_decode(object, error, &config) < 0 || edge_config_check(&config, error) < 0)
                fail_msg("%s", error);
        assert_non_null(config.networks);
        assert_non_null(config.reservations);
        doc_free(object);
        return config;
}

static void test_networks(void **state)
{
        struct edge_config config = config_read();
        const struct ip4_address ours = {.be = htonl(0x0a4d0001)};
        struct dhcp_network network = pools_network(&config.networks[0], ours);
        const struct dhcp_class *class = &network.ranges[0].class;

        (void)state;
        assert_int_equal(network.range_count, 1);
        assert_int_equal(class->architecture_count, 3);
        assert_int_equal(class->architectures[0], 7);
        assert_int_equal(class->architectures[1], 9);
        assert_int_equal(class->architectures[2], 16);
        assert_string_equal(class->vendor_class, "PXE");
        assert_string_equal(class->user_class, "lab");
        assert_int_equal(class->circuit_size, 2);
        assert_memory_equal(class->circuit, "\0\1", 2);
        assert_int_equal(class->remote_size, 2);
        assert_int_equal(class->mac_prefix_size, 3);
        assert_memory_equal(class->mac_prefix, "\x52\x54\x0a", 3);
        assert_int_equal(network.relay_count, 2);
        assert_string_equal(network.captive_portal, "https://portal.example/");
        assert_true(ip4_is_equal(network.pool.ours, ours));

        network = pools_network(&config.networks[1], ours);
        assert_false(dhcp_class_is_said(&network.ranges[0].class));
        assert_false(ip4_is_set(network.pool.first));
        assert_false(ip4_is_set(network.pool.ours)); /* it is of another network */
        assert_true(pools_find_wire(&config, 0) < 0);
        assert_true(pools_find_wire(&config, 1) < 0);
        assert_int_equal(pools_find_wire(&config, 2), 0);
        edge_config_done(&config);
}

/* Who gives addresses is numbered without those beside it that do not. */
static void test_wires_of_served_networks(void **state)
{
        struct edge_network networks[] = {
                {.shared_network = "w",  .pool_first = {1}},
                {.mode = NETWORK_LISTEN},
                {.shared_network = "w",     .pool_first = {1}                 },
        };
        const struct edge_config config = {.networks = networks,
                                           .network_count = ARRAY_SIZE(networks)};

        (void)state;
        assert_int_equal(pools_find_wire(&config, 2), 0);
        networks[0].mode = NETWORK_PROXY;
        assert_true(pools_find_wire(&config, 2) < 0);
        networks[1] = (struct edge_network){.shared_network = "w", .pool_first = {1}};
        assert_int_equal(pools_find_wire(&config, 2), 0);
        /* Of IPv6 alone. */
        networks[1].pool_first = (struct ip4_address){0};
        assert_true(pools_find_wire(&config, 2) < 0);
}

static void test_reservations(void **state)
{
        struct edge_config config = config_read();
        struct dhcp_server *server = dhcp_server_new(NULL, NULL);
        struct dhcp_leases *leases = dhcp_server_leases(server);
        const struct dhcp_network network =
                pools_network(&config.networks[0], (struct ip4_address){0});
        struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        struct dhcp_reservation_key key = {DHCP_RESERVED_UUID, 16,
                                           "\0\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd"
                                           "\xee\xff"};

        (void)state;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        for (size_t i = 0; i < config.reservation_count; i++)
                assert_int_equal(pools_reserve(leases, &config.reservations[i]), 0);
        assert_int_equal(dhcp_leases_reserved(leases, 0, &mac, NULL).be, htonl(0x0a4d0032));
        assert_int_equal(
                dhcp_leases_reserved_by_client_id(leases, reader_over("\xff\0\1\x0a", 4)).be,
                htonl(0x0a4d0033));
        mac.bytes[5] = 9;
        assert_int_equal(dhcp_leases_recognise(leases, 0, &mac, &key, 1), 0);
        assert_int_equal(dhcp_leases_reserved(leases, 0, &mac, NULL).be, htonl(0x0a4d0034));
        assert_int_equal(
                dhcp_reservation_key_circuit(reader_over("p1", 2), reader_over("s1", 2), &key), 0);
        mac.bytes[5] = 8;
        assert_int_equal(dhcp_leases_recognise(leases, 0, &mac, &key, 1), 0);
        assert_int_equal(dhcp_leases_reserved(leases, 0, &mac, NULL).be, htonl(0x0a4d0035));
        dhcp_server_free(server);
        edge_config_done(&config);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_networks),
                cmocka_unit_test(test_wires_of_served_networks),
                cmocka_unit_test(test_reservations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
