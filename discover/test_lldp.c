/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/lldp.h"
#include "discover/test_tree.h"

/* Chassis by MAC, port by name, 120 s, a name, VLAN 42, an address, the end. */
static const uint8_t message[] = {
        0x02, 7,    4, 0x00, 0x1c, 0x73, 1,   2,    3,    0x04, 5,    5,    'E',  't',  'h', '7',
        0x06, 2,    0, 120,  0x08, 4,    'r', 'a',  'c',  'k',  0x0a, 3,    's',  'w',  '1', 0x10,
        12,   5,    1, 192,  0,    2,    9,   2,    0,    0,    0,    1,    0,    0xfe, 6,   0x00,
        0x80, 0xc2, 1, 0,    42,   0xfe, 6,   0x00, 0x12, 0x0f, 4,    0x24, 0x14, 0,    0};

static void test_message(void **state)
{
        _doc_ struct doc *said = doc_object();

        (void)state;
        assert_true(lldp_parse(message, sizeof(message), said));
        assert_string_equal(doc_get_text(said, "chassis"), "00:1c:73:01:02:03");
        assert_string_equal(doc_get_text(said, "port"), "Eth7");
        assert_string_equal(doc_get_text(said, "port_description"), "rack");
        assert_string_equal(doc_get_text(said, "system_name"), "sw1");
        assert_string_equal(doc_get_text(said, "address"), "192.0.2.9");
        assert_int_equal(doc_get_number(said, "vlan", 0), 42);
        assert_int_equal(doc_get_number(said, "frame_max", 0), 0x2414);
}

static void test_what_is_none(void **state)
{
        uint8_t bytes[sizeof(message)];

        (void)state;
        /* Without the first three parts there is nothing; of the rest what came whole counts. */
        for (size_t cut = 0; cut < sizeof(message); cut++) {
                _doc_ struct doc *said = doc_object();

                assert_int_equal(lldp_parse(message, cut, said), cut >= 20);
                assert_true(cut >= 20 || doc_count(said) == 0);
                if (cut < sizeof(message) - 10)
                        assert_null(doc_get(said, "frame_max"));
        }
        memcpy(bytes, message, sizeof(bytes));
        bytes[19] = 0; /* it takes itself back */
        {
                _doc_ struct doc *said = doc_object();

                assert_false(lldp_parse(bytes, sizeof(bytes), said));
                assert_int_equal(doc_count(said), 0);
        }
        memcpy(bytes, message, sizeof(bytes));
        bytes[28] = '\033'; /* a name that moves the cursor */
        {
                _doc_ struct doc *said = doc_object();

                assert_true(lldp_parse(bytes, sizeof(bytes), said));
                assert_null(strchr(doc_get_text(said, "system_name"), '\033'));
        }
}

/* The same switch, by an address of IPv6 as well: it stands before the end. */
static void test_ip6(void **state)
{
        static const uint8_t address[] = {0x10, 24, 17, 2, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0,
                                          0,    0,  0,  0, 0,    0, 9,    2,    0, 0, 0, 0, 0};
        _doc_ struct doc *said = doc_object();
        uint8_t bytes[sizeof(message) + sizeof(address)];

        (void)state;
        memcpy(bytes, message, sizeof(message));
        memcpy(bytes + sizeof(message) - 2, address, sizeof(address));
        memset(bytes + sizeof(bytes) - 2, 0, 2);
        assert_true(lldp_parse(bytes, sizeof(bytes), said));
        assert_string_equal(doc_get_text(said, "address"), "192.0.2.9");
        assert_string_equal(doc_get_text(said, "ipv6_address"), "2001:db8::9");
}

static void test_in_an_inventory(void **state)
{
        struct doc *inventory;

        (void)state;
        put("sys/class/net/eth0/device/vendor", "0x8086\n");
        put("sys/class/net/eth1/device/vendor", "0x8086\n");
        put_bytes("answers/lldp/eth1", message, sizeof(message));
        inventory = inventory_of_tree("nics");
        assert_null(doc_get(doc_at(doc_get(inventory, "nics.items"), 0), "neighbour"));
        assert_string_equal(
                doc_get_text(doc_at(doc_get(inventory, "nics.items"), 1), "neighbour.port"),
                "Eth7");
        doc_free(inventory);
}

/* A bridge that passes LLDP on: two behind one cable. */
static void test_several(void **state)
{
        uint8_t other[sizeof(message)];
        struct doc *inventory, *nic;

        (void)state;
        memcpy(other, message, sizeof(other));
        other[15] = '8';
        put("sys/class/net/eth0/device/vendor", "0x8086\n");
        put_bytes("answers/lldp/eth0", message, sizeof(message));
        put_bytes("answers/lldp/eth0+1", other, sizeof(other));
        inventory = inventory_of_tree("nics");
        nic = doc_at(doc_get(inventory, "nics.items"), 0);
        assert_string_equal(doc_get_text(nic, "neighbour.port"), "Eth7");
        assert_int_equal(doc_count(doc_get(nic, "other_neighbours")), 1);
        assert_string_equal(doc_get_text(doc_at(doc_get(nic, "other_neighbours"), 0), "port"),
                            "Eth8");
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_message),
                cmocka_unit_test(test_ip6),
                cmocka_unit_test(test_what_is_none),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_several, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
