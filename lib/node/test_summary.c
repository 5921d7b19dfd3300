/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/summary.h"

static const char inventory[] =
        "{\"schema\":1,\"system\":{\"vendor\":\"QEMU\",\"product\":\"Blank\",\"serial\":\"LAB-"
        "0001\","
        "\"uuid\":\"8d1a2b3c-4e5f-6071-8293-a4b5c6d70001\"},\"firmware\":{\"boot_mode\":\"bios\"},"
        "\"cpu\":{\"model\":\"Some CPU\",\"packages\":2,\"cores\":4,\"threads\":8},"
        "\"memory\":{\"total\":536870912},"
        "\"disks\":{\"items\":[{\"size\":1000},{\"size\":-5},{\"size\":\"big\"},{\"size\":24},{"
        "\"type\":\"optical\",\"size\":700}]},"
        "\"nics\":{\"items\":[{\"mac\":\"52:54:00:77:00:01\"},"
        "{\"mac\":\"02:00:00:00:00:09\",\"permanent_mac\":\"52:54:00:77:00:02\"},"
        "{\"mac\":\"52:54:00:77:00:01\"},{\"mac\":\"00:00:00:00:00:00\"},{\"mac\":7},{}]}}";

static struct doc *parse(const char *text)
{
        struct doc *value = NULL;

        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &value), 0);
        return value;
}

static void test_system(void **state)
{
        static const struct {
                const char *inventory, *system;
        } cases[] = {
                {"{}",                                                                   ""    },
                {"{\"disks\":{\"items\":[{\"name\":\"sda\"}]}}",                         ""    },
                {"{\"firmware\":{\"boot_mode\":\"bios\"},\"disks\":{\"items\":["
                 "{\"name\":\"sda\",\"boots\":[\"uefi\"]},"
                 "{\"name\":\"sdb\",\"boots\":[\"bios\",\"uefi\"]}]}}", "sdb" },
                {"{\"firmware\":{\"boot_mode\":\"uefi\"},\"disks\":{\"items\":["
                 "{\"name\":\"sda\",\"boots\":[\"bios\"]}]}}",          ""    },
                {"{\"disks\":{\"items\":[{\"name\":\"sda\",\"boots\":[\"bios\"]}]}}",    "sda" },
                {"{\"disks\":{\"items\":[{\"name\":\"sda\",\"boots\":[\"bios\"],"
                 "\"removable\":true}]}}",                              ""    },
                {"{\"disks\":{\"items\":[{\"name\":\"; rm\",\"boots\":[\"bios\"]}]}}",   "disk"},
                {"{\"disks\":{\"items\":[{\"name\":\"sda\",\"boots\":\"bios\"}]}}",      ""    },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct doc *object = parse(cases[i].inventory);
                char system[SUMMARY_TEXT_SIZE] = "x";

                node_system_of(object, system);
                assert_string_equal(system, cases[i].system);
                doc_free(object);
        }
}

static void test_summary(void **state)
{
        struct doc *object = parse(inventory);
        struct mac_address macs[NODE_MAX_MACS];
        struct node_summary s = {0};
        char text[MAC_TEXT_SIZE];

        (void)state;
        assert_int_equal(node_summary_of(object, &s), 0);
        assert_string_equal(s.serial, "LAB-0001");
        assert_string_equal(s.cpu, "Some CPU");
        assert_int_equal(s.sockets, 2);
        assert_int_equal(s.threads, 8);
        assert_int_equal(s.memory_bytes, 536870912);
        assert_int_equal(s.disk_count, 4);
        assert_int_equal(s.disk_bytes, 1024); /* absurd sizes count as not known */
        assert_int_equal(s.nic_count, 6);
        assert_string_equal(s.boot_mode, "bios");
        assert_true(uuid_identifies(&s.uuid));

        assert_int_equal(node_macs_of(object, macs), 2); /* each once, the permanent one, no zero */
        assert_string_equal(mac_text(text, &macs[0]), "52:54:00:77:00:01");
        assert_string_equal(mac_text(text, &macs[1]), "52:54:00:77:00:02");
        doc_free(object);

        object = parse("{\"schema\":1}");
        assert_int_equal(node_summary_of(object, &s), 0);
        assert_int_equal(s.disk_count, 0);
        doc_free(object);
        object = parse("[1]");
        assert_int_equal(node_summary_of(object, &s), -EBADMSG);
        assert_int_equal(node_macs_of(object, macs), 0);
        doc_free(object);
}

static void test_names(void **state)
{
        static const struct {
                const char *asset_tag, *serial, *name;
        } cases[] = {
                {"",                       "",                     "52-54-00-77-00-01"},
                {"",                       "LAB-0001",             "lab-0001"         },
                {"Rack A/12",              "LAB-0001",             "rack-a-12"        },
                {"To Be Filled By O.E.M.", "Default string",       "52-54-00-77-00-01"},
                {"No Asset Tag",           "SYSTEM SERIAL NUMBER", "52-54-00-77-00-01"},
                {"0000000",                "........",             "52-54-00-77-00-01"},
                {"--x--",                  "Y2",                   "y2"               }, /* one letter is no name */
                {"\xc3\xbc\xc3\xb6",       "7C0ABC ",              "7c0abc"           },
        };
        const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct node_summary s = {0};
                char name[NODE_NAME_SIZE];

                snprintf(s.asset_tag, sizeof(s.asset_tag), "%s", cases[i].asset_tag);
                snprintf(s.serial, sizeof(s.serial), "%s", cases[i].serial);
                node_name_default(&s, &mac, name);
                assert_string_equal(name, cases[i].name);
                assert_true(node_name_is_valid(name));
        }
        assert_false(node_name_is_valid(""));
        assert_false(node_name_is_valid("-a"));
        assert_false(node_name_is_valid("a-"));
        assert_false(node_name_is_valid("A"));
        assert_false(node_name_is_valid("a/b"));
}

static void test_fillers(void **state)
{
        static const char *const fillers[] = {
                "",          "   ", "-",         "...",    "00000000", "0123456789", "No DIMM",
                "ASSET TAG", "N/A", "UNDEFINED", "O.E.M.", "00",       "XXXX",       "FFFFFFFF"};
        static const char *const texts[] = {"7",  "LAB-0001", "OEM-7", "00000001", "none of it",
                                            "11", "22",       "AAA",   "0"};

        (void)state;
        for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
                assert_true(node_text_is_filler(fillers[i]));
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_false(node_text_is_filler(texts[i]));
}

static void test_a_name_that_is_too_long_is_cut(void **state)
{
        const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        struct node_summary s = {0};
        char name[NODE_NAME_SIZE];

        (void)state;
        memset(s.serial, '-', sizeof(s.serial) - 1);
        memset(s.serial, 'a', 62);
        s.serial[80] = 'b';
        node_name_default(&s, &mac, name);
        assert_true(node_name_is_valid(name));
        assert_int_equal(strlen(name), 62);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_system),
                cmocka_unit_test(test_summary),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_fillers),
                cmocka_unit_test(test_a_name_that_is_too_long_is_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
