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

#include "lib/node/inventory_diff.h"

static struct doc *parse(const char *text)
{
        struct doc *doc = NULL;

        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_message, NULL, &doc), 0);
        return doc;
}

/* One change, or "" for none. */
static void check(const char *before, const char *after, const char *want)
{
        _doc_ struct doc *x = parse(before), *y = parse(after), *changes = inventory_diff(x, y);

        if (!want[0])
                assert_int_equal(doc_count(changes), 0);
        else
                assert_int_equal(doc_count(changes), 1);
        if (want[0])
                assert_string_equal(doc_text(doc_at(changes, 0)), want);
}

#define DIMM(slot, serial) "{\"slot\":\"" slot "\",\"size\":1024,\"serial\":\"" serial "\"}"
#define DISK(name, pci, serial)                                                                    \
        "{\"name\":\"" name "\",\"pci\":\"" pci "\",\"serial\":\"" serial "\"}"
#define NIC(name, mac, speed)                                                                      \
        "{\"name\":\"" name "\",\"permanent_mac\":\"" mac "\",\"speed_mbps\":" speed "}"
#define ITEMS(section, items) "{\"" section "\":{\"items\":[" items "]}}"

static void test_parts(void **state)
{
        (void)state;
        check(ITEMS("memory", DIMM("A1", "1") "," DIMM("B2", "2")),
              ITEMS("memory", DIMM("A1", "1")), "DIMM B2 (S/N 2) gone");
        check(ITEMS("memory", DIMM("A1", "1")),
              ITEMS("memory", DIMM("A1", "1") "," DIMM("B2", "2")), "DIMM B2 (S/N 2) new");
        check(ITEMS("memory", DIMM("A1", "1")), ITEMS("memory", DIMM("A1", "9")),
              "DIMM S/N 1 replaced by 9 (A1)");
        check(ITEMS("memory", DIMM("A1", "1")), ITEMS("memory", DIMM("A2", "1")),
              "DIMM A2: slot A1 -> A2"); /* the same module in another slot */
        check(ITEMS("nics", NIC("eth1", "m", "25000")), ITEMS("nics", NIC("eth1", "m", "10000")),
              "eth1 25G -> 10G");
        check(ITEMS("nics", NIC("eth1", "m", "2500")), ITEMS("nics", NIC("eth1", "m", "100")),
              "eth1 2.5G -> 100M");
        check(ITEMS("disks", DISK("sda", "p", "X")), ITEMS("disks", DISK("sda", "p", "Y")),
              "disk S/N X replaced by Y (sda)");
        check(ITEMS("disks", "{\"name\":\"sda\",\"serial\":\"X\",\"size\":1073741824}"),
              ITEMS("disks", "{\"name\":\"sda\",\"serial\":\"X\",\"size\":2147483648}"),
              "disk sda: size 1.0 GiB -> 2.0 GiB");
}

/* Names and order are the kernel's, and change from boot to boot. */
static void test_what_is_no_change(void **state)
{
        (void)state;
        check(ITEMS("disks", DISK("sda", "p", "X") "," DISK("sdb", "q", "Y")),
              ITEMS("disks", DISK("sda", "q", "Y") "," DISK("sdb", "p", "X")), "");
        check("{\"took_ms\":1}", "{\"took_ms\":99}", "");
        check(ITEMS("memory", DIMM("A1", "1")), "{}", ""); /* it was not asked for */
        check(ITEMS("memory", DIMM("A1", "1")),
              "{\"partial\":true,\"memory\":{\"items\":[],\"errors\":[\"no answer\"]}}", "");
        check("[]", "3", "");
        check(ITEMS("memory", "{\"size\":1},7"), ITEMS("memory", "{\"size\":2}"), ""); /* whose? */
}

static void test_sections(void **state)
{
        (void)state;
        check("{\"firmware\":{\"version\":\"1\"}}", "{\"firmware\":{\"version\":\"2\"}}",
              "firmware: 1 -> 2");
        check("{\"firmware\":{\"secure_boot\":true}}", "{\"firmware\":{\"secure_boot\":false}}",
              "Secure Boot: yes -> no");
        check("{\"memory\":{\"installed\":2147483648}}", "{\"memory\":{}}",
              "memory installed: 2.0 GiB -> not known");
}

#define HEALTH(passed)        "{\"name\":\"sda\",\"serial\":\"X\",\"health\":{\"passed\":" passed "}}"
#define USB(path)             "{\"path\":\"" path "\"}"

#define CONTROLLERS(members)  "{\"raid\":{\"controllers\":[" members "]}}"
#define VOLUMES(pci, volumes) "{\"pci\":\"" pci "\",\"volumes\":[" volumes "]}"
#define VOLUME(target, level) "{\"target\":" target ",\"level\":\"" level "\"}"
#define DRIVE(serial)         "{\"pci\":\"p\",\"drives\":[{\"id\":8,\"serial\":\"" serial "\"}]}"

static void test_volumes(void **state)
{
        (void)state;
        check(CONTROLLERS(VOLUMES("p", VOLUME("0", "raid1"))),
              CONTROLLERS(VOLUMES("p", VOLUME("0", "raid5"))),
              "RAID volume p/0: level raid1 -> raid5");
        check(CONTROLLERS(VOLUMES("p", VOLUME("0", "raid1")) "," VOLUMES("q", "")),
              CONTROLLERS(VOLUMES("q", "") "," VOLUMES("p", "")), "RAID volume p/0 gone");
        /* Nobody told them this time. */
        check(CONTROLLERS(VOLUMES("p", VOLUME("0", "raid1"))), CONTROLLERS("{\"pci\":\"p\"}"), "");
        check(CONTROLLERS("{\"pci\":\"p\"}"), CONTROLLERS(VOLUMES("p", VOLUME("0", "raid1"))), "");
        check(CONTROLLERS(DRIVE("a")), CONTROLLERS(DRIVE("b")), "drive S/N a replaced by b (p/8)");
}

#define STICK(name, serial, size)                                                                  \
        "{\"name\":\"" name "\",\"pci\":\"p\",\"removable\":true,\"serial\":\"" serial             \
        "\",\"size\":" size "}"
#define FIRMWARE(members) "{\"raid\":{\"controllers\":[{\"pci\":\"p\"" members "}]}}"

/* clang-format off */
static const struct {
        const char *before, *after;
        size_t told, drift;
} drifts[] = {
        {ITEMS("memory", DIMM("A1", "1")), ITEMS("memory", ""), 1, 1},
        {ITEMS("nics", NIC("eth1", "m", "25000")), ITEMS("nics", NIC("eth1", "m", "10000")), 1, 0},
        {ITEMS("disks", HEALTH("true")), ITEMS("disks", HEALTH("false")), 1, 0},
        {ITEMS("usb", USB("1-1")), ITEMS("usb", USB("1-2")), 2, 0},
        {"{\"firmware\":{\"version\":\"1\"}}", "{\"firmware\":{\"version\":\"2\"}}", 1, 1},
        {"{\"kernel\":{\"version\":\"1\"}}", "{\"kernel\":{\"version\":\"2\"}}", 1, 0},
        /* Sticks come and go, and a card is put into its reader. */
        {ITEMS("disks", ""), ITEMS("disks", STICK("sdb", "U", "1024")), 1, 0},
        {ITEMS("disks", STICK("sdb", "U", "1024")), ITEMS("disks", ""), 1, 0},
        {ITEMS("disks", STICK("sdb", "U", "1024")), ITEMS("disks", STICK("sdb", "V", "1024")), 1, 0},
        {ITEMS("disks", STICK("sdb", "U", "1024")), ITEMS("disks", STICK("sdb", "U", "2048")), 1, 0},
        {ITEMS("disks", STICK("sdb", "U", "1024")), ITEMS("disks", DISK("sdb", "p", "X")), 1, 1},
        /* What a newer cloudie-discover reads for the first time was so before. */
        {FIRMWARE(""), FIRMWARE(",\"firmware\":\"7\""), 1, 0},
        {FIRMWARE(",\"firmware\":\"7\""), FIRMWARE(""), 1, 1},
        {"{\"bmc\":{}}", "{\"bmc\":{\"amt\":{\"version\":\"16\"}}}", 1, 0},
        {"{\"bmc\":{\"amt\":{\"version\":\"16\"}}}", "{\"bmc\":{}}", 1, 1},
};
/* clang-format on */

/* What changes by itself is told, and makes no other machine of it. */
static void test_drift(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
                _doc_ struct doc *x = parse(drifts[i].before), *y = parse(drifts[i].after);
                _doc_ struct doc *told = inventory_diff(x, y), *drift = inventory_drift(x, y);

                assert_int_equal(doc_count(told), drifts[i].told);
                assert_int_equal(doc_count(drift), drifts[i].drift);
        }
}

static void test_covers(void **state)
{
        static const struct {
                const char *before, *after;
                bool is_whole;
        } cases[] = {
                {"{\"memory\":{},\"bmc\":{}}",                         "{\"bmc\":{},\"memory\":{}}",                         true },
                {"{}",                                                 "{\"memory\":{}}",                                    true },
                {"{\"memory\":{},\"bmc\":{}}",                         "{\"memory\":{}}",                                    false},
                {"{\"memory\":{}}",                                    "{}",                                                 false},
                {"{\"memory\":{}}",                                    "{\"partial\":true,\"memory\":{\"errors\":[\"x\"]}}", false},
                {"{\"partial\":true,\"memory\":{\"errors\":[\"x\"]}}", "{}",                                                 true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *before = parse(cases[i].before), *after = parse(cases[i].after);

                assert_int_equal(inventory_covers(after, before), cases[i].is_whole);
        }
}

/* @count disks, whose serials begin at @first; their names are the same. */
static struct doc *many_disks(size_t count, size_t first)
{
        struct doc *items = doc_list(), *section = doc_object(), *inventory = doc_object();
        char text[32];

        for (size_t i = 0; i < count; i++) {
                struct doc *disk = doc_object();

                snprintf(text, sizeof(text), "S%zu", first + i);
                doc_set_text(disk, "serial", text);
                doc_set_text(disk, "name", "same");
                doc_set_text(disk, "pci", "same");
                doc_append(items, disk);
        }
        doc_set(section, "items", items);
        doc_set(inventory, "disks", section);
        return inventory;
}

/* Each with each would be 10^8 looks: the limit of this test's time would not do. */
static void test_ten_thousand(void **state)
{
        _doc_ struct doc *before = many_disks(10000, 0), *other = many_disks(10000, 10000);
        _doc_ struct doc *shifted = many_disks(10000, 5000);
        _doc_ struct doc *replaced = inventory_diff(before, other);
        _doc_ struct doc *half = inventory_diff(before, shifted);
        _doc_ struct doc *none = inventory_diff(before, before);

        (void)state;
        assert_int_equal(doc_count(replaced), 10000);
        assert_string_equal(doc_text(doc_at(replaced, 0)), "disk S/N S0 replaced by S10000 (same)");
        assert_int_equal(doc_count(half), 5000); /* one came for each that went */
        assert_int_equal(doc_count(none), 0);
}

/* Two parts that claim to be one are two all the same. */
static void test_twins(void **state)
{
        (void)state;
        check(ITEMS("memory", DIMM("A1", "1") "," DIMM("A1", "1")),
              ITEMS("memory", DIMM("A1", "1")), "DIMM A1 (S/N 1) gone");
        check(ITEMS("memory", DIMM("A1", "1")),
              ITEMS("memory", DIMM("A1", "1") "," DIMM("A1", "1")), "DIMM A1 (S/N 1) new");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parts),    cmocka_unit_test(test_what_is_no_change),
                cmocka_unit_test(test_sections), cmocka_unit_test(test_volumes),
                cmocka_unit_test(test_drift),    cmocka_unit_test(test_ten_thousand),
                cmocka_unit_test(test_twins),    cmocka_unit_test(test_covers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
