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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parts),
                cmocka_unit_test(test_what_is_no_change),
                cmocka_unit_test(test_sections),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
