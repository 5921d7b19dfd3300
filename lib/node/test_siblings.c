/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/siblings.h"

#define MANY 1000

static struct doc *parse(const char *text)
{
        struct doc *doc = NULL;

        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &doc), 0);
        return doc;
}

static void check_fact(const char *inventory, const char *fact, const char *want)
{
        _doc_ struct doc *whole = parse(inventory), *facts = inventory_facts(whole);
        const char *is = doc_get_text(doc_get(facts, "facts"), fact);

        if (!want)
                assert_null(is);
        else
                assert_string_equal(is, want);
}

/* clang-format off */
#define DIMM(size) "{\"size\":" size ",\"type\":\"DDR4\",\"configured_mts\":3200}"
static const struct {
        const char *inventory, *fact, *want;
} fact_cases[] = {
        {"{\"memory\":{\"installed\":34359738368}}", "memory", "32.0 GiB"},
        {"{\"memory\":{\"items\":[" DIMM("1073741824") "," DIMM("2147483648") "," DIMM("1073741824") "]}}",
         "DIMMs", "2 x 1.0 GiB DDR4, 1 x 2.0 GiB DDR4"},
        {"{\"memory\":{\"items\":[" DIMM("1") "," DIMM("2") "]}}", "DIMM count", "2"},
        {"{\"memory\":{\"items\":[" DIMM("1") ",{}]}}", "DIMM speed (MT/s)", NULL}, /* of one it is not known */
        {"{\"memory\":{\"items\":[" DIMM("1") "]}}", "DIMM speed (MT/s)", "1 x 3200"},
        {"{\"disks\":{\"items\":[{\"model\":\"A\",\"removable\":true},{\"model\":\"B\",\"removable\":false}]}}", "disks", "1 x B"},
        {"{\"disks\":{\"items\":[]}}", "disks", "none"},
        {"{\"disks\":{\"items\":[]}}", "disk count", "0"},
        {"{}", "disk count", NULL},
        {"{\"partial\":true,\"disks\":{\"items\":[],\"errors\":[\"sda: no answer\"]}}", "disk count", NULL},
        {"{\"nics\":{\"items\":[{\"speed_mbps\":1},{\"speed_mbps\":1,\"virtual_function_of\":\"x\"}]}}", "NIC speed (Mb/s)", "1 x 1"},
        {"{\"raid\":{\"controllers\":[{\"volumes\":[{\"level\":\"raid1\",\"size\":1024}]},{\"volumes\":[{\"level\":\"raid6\"}]}]}}",
         "RAID volumes", "1 x raid1 1.0 KiB, 1 x raid6"},
        {"{\"firmware\":{\"secure_boot\":false}}", "Secure Boot", "no"},
        {"{\"cpu\":{\"model\":\"\",\"cores\":[]}}", "CPU", NULL},
        {"{\"cpu\":{\"model\":\"\",\"cores\":[]}}", "cores", NULL},
};
/* clang-format on */

static void test_facts(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(fact_cases) / sizeof(fact_cases[0]); i++)
                check_fact(fact_cases[i].inventory, fact_cases[i].fact, fact_cases[i].want);
}

/* What is too long to be told still tells machines apart. */
static void test_long_facts(void **state)
{
        _doc_ struct doc *x = NULL, *y = NULL, *a = NULL, *b = NULL;
        char text[1000];

        (void)state;
        snprintf(text, sizeof(text), "{\"cpu\":{\"model\":\"%0*d\"}}", 900, 1);
        a = parse(text);
        snprintf(text, sizeof(text), "{\"cpu\":{\"model\":\"%0*d\"}}", 900, 2);
        b = parse(text);
        x = inventory_facts(a);
        y = inventory_facts(b);
        assert_in_range(strlen(doc_get_text(x, "facts.CPU")), 100, FACT_TEXT_SIZE - 1);
        assert_string_not_equal(doc_get_text(x, "facts.CPU"), doc_get_text(y, "facts.CPU"));
}

/* A machine of @class with this memory and this firmware; NULL: not known. */
static void add(struct siblings *siblings, const char *node, const char *class, const char *memory,
                const char *firmware)
{
        _doc_ struct doc *whole = doc_object();
        struct doc *facts = doc_object();

        doc_set_text(whole, "class", class);
        doc_set_text(facts, "memory", memory);
        doc_set_text(facts, "firmware", firmware);
        doc_set_text(facts, "of another version", node);
        doc_set(whole, "facts", facts);
        assert_int_equal(siblings_add(siblings, node, whole), 0);
}

static void test_majority(void **state)
{
        CLEANUP(siblings_free) struct siblings *s = siblings_new();
        _doc_ struct doc *odd = NULL, *one = NULL;
        const struct doc *row;

        (void)state;
        add(s, "n3", "R640", "32G", "2");
        add(s, "n1", "R640", "64G", "1");
        add(s, "n2", "R640", "64G", "3");
        add(s, "n4", "R640", "64G", NULL); /* who does not know is not odd, and not counted */
        add(s, "p1", "R740", "32G", "1");  /* of two nobody can say */
        add(s, "p2", "R740", "64G", "1");
        add(s, "nameless", NULL, "1G", "1");
        odd = siblings_odd(s, NULL);

        assert_int_equal(doc_count(doc_get(odd, "items")), 1);
        row = doc_at(doc_get(odd, "items"), 0);
        assert_string_equal(doc_get_text(row, "node"), "n3");
        assert_string_equal(doc_get_text(row, "class"), "R640");
        assert_string_equal(doc_get_text(row, "fact"), "memory");
        assert_string_equal(doc_get_text(row, "has"), "32G");
        assert_string_equal(doc_get_text(row, "siblings_have"), "64G");
        assert_int_equal(doc_get_number(row, "same", 0), 3);
        assert_int_equal(doc_get_number(row, "of", 0), 4);
        assert_int_equal(doc_get_number(odd, "rows", 0), 1);
        assert_int_equal(doc_get_number(odd, "nodes", 0), 7);
        assert_int_equal(doc_get_number(odd, "without_class", 0), 1);
        assert_int_equal(doc_count(doc_get(odd, "classes")), 2);
        one = siblings_odd(s, "R740");
        assert_int_equal(doc_count(doc_get(one, "items")), 0);
        assert_int_equal(doc_count(doc_get(one, "classes")), 1);
}

/* Half is no majority; one more is. */
static void test_half(void **state)
{
        CLEANUP(siblings_free) struct siblings *s = siblings_new();
        _doc_ struct doc *half = NULL, *more = NULL;

        (void)state;
        add(s, "a", "X", "1", NULL);
        add(s, "b", "X", "1", NULL);
        add(s, "c", "X", "2", NULL);
        add(s, "d", "X", "2", NULL);
        half = siblings_odd(s, NULL);
        assert_int_equal(doc_count(doc_get(half, "items")), 0);
        add(s, "e", "X", "2", NULL);
        more = siblings_odd(s, NULL);
        assert_int_equal(doc_count(doc_get(more, "items")), 2);
}

/* A hall; and one in which so many differ that not all are told. */
static void test_many(void **state)
{
        CLEANUP(siblings_free) struct siblings *s = siblings_new();
        CLEANUP(siblings_free) struct siblings *wild = siblings_new();
        _doc_ struct doc *odd = NULL, *all = NULL;
        char name[16], memory[16];

        (void)state;
        for (size_t i = 0; i < MANY; i++) {
                snprintf(name, sizeof(name), "n%04zu", i);
                add(s, name, i % 2 ? "X" : "Y", i == 501 ? "32G" : "64G", "1");
        }
        odd = siblings_odd(s, NULL);
        assert_int_equal(doc_count(doc_get(odd, "items")), 1);
        assert_string_equal(doc_get_text(doc_at(doc_get(odd, "items"), 0), "node"), "n0501");
        for (size_t i = 0; i < (size_t)3 * SIBLINGS_ROWS_MAX; i++) {
                snprintf(name, sizeof(name), "n%05zu", i);
                snprintf(memory, sizeof(memory), "%zu",
                         i < (size_t)2 * SIBLINGS_ROWS_MAX - 1 ? 0 : i);
                add(wild, name, "X", memory, NULL);
        }
        all = siblings_odd(wild, NULL);
        assert_int_equal(doc_count(doc_get(all, "items")), SIBLINGS_ROWS_MAX);
        assert_int_equal(doc_get_number(all, "rows", 0), SIBLINGS_ROWS_MAX + 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_facts),    cmocka_unit_test(test_long_facts),
                cmocka_unit_test(test_majority), cmocka_unit_test(test_half),
                cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
