/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/spcr.h"
#include "discover/test_tree.h"

/* A table with the right sum. */
static void make_table(uint8_t to[static 96], uint8_t revision, size_t length)
{
        memset(to, 0, 96);
        for (size_t i = 0; i < 4; i++)
                to[i] = (uint8_t) "SPCR"[i];
        to[4] = (uint8_t)length;
        to[8] = revision;
        to[40] = 1;
        to[44] = 0xf8;
        to[45] = 2;
        to[58] = 7;
        to[61] = 2;
        to[62] = 2;
        to[64] = to[65] = to[66] = to[67] = 0xff;
}

static void sum_up(uint8_t *table)
{
        uint8_t sum = 0;

        table[9] = 0;
        for (size_t i = 0; i < table[4]; i++)
                sum = (uint8_t)(sum + table[i]);
        table[9] = (uint8_t)-sum;
}

/* Changes of the table above, and what comes of them; NULL: the field is absent. */
/* clang-format off */
static const struct {
        uint8_t revision, length;
        struct { uint8_t at, value; } changes[6];
        const char *type, *device, *address, *pci;
        int64_t baud;
} cases[] = {
        {2, 80, {{0}}, "16550", "ttyS1", "0x2f8", NULL, 115200},
        {2, 80, {{44, 0xe8}, {45, 3}, {58, 0}}, "16550", "ttyS2", "0x3e8", NULL, 0},
        {2, 80, {{36, 3}, {40, 0}, {45, 0}, {46, 9}}, "pl011", NULL, "0x900f8", NULL, 115200},
        {2, 80, {{36, 0x20}, {58, 5}}, "0x20", "ttyS1", "0x2f8", NULL, 0},
        {2, 80, {{64, 2}, {65, 1}, {66, 0x86}, {67, 0x80}, {68, 3}, {69, 4}}, "16550", "ttyS1", "0x2f8",
         "0000:03:04.0", 115200},
        /* The precise speed, of revision 4 alone. */
        {4, 88, {{80, 0x80}, {81, 0x25}}, "16550", "ttyS1", "0x2f8", NULL, 9600},
        {3, 88, {{80, 0x80}, {81, 0x25}}, "16550", "ttyS1", "0x2f8", NULL, 115200},
};
/* clang-format on */

static void check_text(const struct doc *doc, const char *name, const char *want)
{
        const char *got = doc_get_text(doc, name);

        if (!want)
                assert_null(got);
        else
                assert_string_equal(got, want);
}

static void test_tables(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *console = doc_object();
                uint8_t table[96];

                make_table(table, cases[i].revision, cases[i].length);
                for (size_t j = 0; j < 6 && cases[i].changes[j].at; j++)
                        table[cases[i].changes[j].at] = cases[i].changes[j].value;
                sum_up(table);
                assert_true(spcr_parse(table, sizeof(table), console));
                check_text(console, "type", cases[i].type);
                check_text(console, "device", cases[i].device);
                check_text(console, "address", cases[i].address);
                check_text(console, "pci", cases[i].pci);
                assert_int_equal(doc_get_number(console, "baud", 0), cases[i].baud);
                check_text(console, "terminal", "vt-utf8");
                assert_true(doc_get_bool(console, "flow_control", false));
                assert_true(doc_get_bool(console, "enabled", false));
        }
}

static void test_what_is_none(void **state)
{
        _doc_ struct doc *console = doc_object();
        uint8_t table[96];

        (void)state;
        make_table(table, 2, 80);
        sum_up(table);
        for (size_t size = 0; size < 80; size++)
                assert_false(spcr_parse(table, size, console));
        table[50]++; /* the sum is wrong */
        assert_false(spcr_parse(table, sizeof(table), console));
        table[50]--;
        table[4] = 79;
        sum_up(table);
        assert_false(spcr_parse(table, sizeof(table), console));
        make_table(table, 2, 80);
        table[3] = 'S';
        sum_up(table);
        assert_false(spcr_parse(table, sizeof(table), console));
        assert_int_equal(doc_count(console), 0);
}

static void test_in_an_inventory(void **state)
{
        _doc_ struct doc *on = NULL, *off = NULL;
        uint8_t table[96];

        (void)state;
        make_table(table, 2, 80);
        sum_up(table);
        put_bytes("sys/firmware/acpi/tables/SPCR", table, 80);
        on = inventory_of_tree("firmware");
        assert_string_equal(doc_get_text(on, "firmware.console.device"), "ttyS1");
        assert_string_equal(doc_get_text(on, "firmware.console.space"), "ports");
        table[44] = table[45] = 0;
        sum_up(table);
        put_bytes("sys/firmware/acpi/tables/SPCR", table, 80);
        off = inventory_of_tree("firmware");
        assert_false(doc_get_bool(off, "firmware.console.enabled", true));
        assert_null(doc_get(off, "firmware.console.device"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_what_is_none),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
