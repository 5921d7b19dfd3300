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

#include "discover/test_validate.h"

static const struct field inner_rows[] = {
        {.name = "name",        .kind = FIELD_TEXT},
        {.name = "size",                     .kind = FIELD_NUMBER},
        {.name = NULL},
};

static const struct field rows[] = {
        {.name = "text",         .kind = FIELD_TEXT, .help = "a text"},
        {.name = "number",      .kind = FIELD_NUMBER},
        {.name = "truth",       .kind = FIELD_BOOL},
        {.name = "texts",                      .kind = FIELD_TEXTS},
        {.name = "numbers",.kind = FIELD_NUMBERS},
        {.name = "map",        .kind = FIELD_MAP},
        {.name = "one",                      .kind = FIELD_OBJECT, .inner = inner_rows},
        {.name = "many",    .kind = FIELD_ITEMS, .inner = inner_rows},
        {.name = NULL         },
};

static struct doc *parse(const char *text)
{
        struct doc *doc = NULL;

        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_message, NULL, &doc), 0);
        return doc;
}

static void check_fit(const char *from, const char *want, size_t refused_count)
{
        _doc_ struct doc *doc = parse(from), *refused = doc_list(), *schema = fields_schema(rows);
        _doc_ struct doc *fitting = fields_fit(doc, rows, refused);
        _free_ char *text = NULL;

        assert_int_equal(doc_print(fitting, DOC_COMPACT, &text), 0);
        assert_string_equal(text, want);
        assert_int_equal(doc_count(refused), refused_count);
        assert_true(validate(fitting, schema, "fitting"));
}

static void test_fit(void **state)
{
        (void)state;
        check_fit("{\"number\":1,\"text\":\"a\",\"truth\":false}",
                  "{\"text\":\"a\",\"number\":1,\"truth\":false}", 0); /* in the rows' order */
        check_fit("{\"text\":1,\"number\":-1,\"truth\":\"no\",\"texts\":{}}", "{}", 4);
        check_fit("{\"unknown\":1}", "{}", 1);
        check_fit("{\"texts\":[\"a\",1,\"b\"],\"numbers\":[1,\"x\",3]}",
                  "{\"texts\":[\"a\",\"b\"],\"numbers\":[1,3]}", 2);
        check_fit("{\"one\":{\"name\":\"\"},\"many\":[{\"name\":\"x\",\"what\":1},3]}",
                  "{\"many\":[{\"name\":\"x\"}]}", 3);
        check_fit("{\"map\":{\"a.b\":\"c\",\"d\":1}}", "{\"map\":{\"a.b\":\"c\"}}", 0);
}

/* A disk whose name clears the operator's screen. */
static void test_no_control_characters(void **state)
{
        (void)state;
        check_fit("{\"text\":\"A\\u001b[2JB\\u007f\",\"texts\":[\"\\u0085\"],"
                  "\"map\":{\"x\\ny\":\"a\\tb\"}}",
                  "{\"text\":\"A\xef\xbf\xbd[2JB\xef\xbf\xbd\",\"texts\":[\"\xef\xbf\xbd\"],"
                  "\"map\":{\"x\xef\xbf\xbdy\":\"a\xef\xbf\xbd"
                  "b\"}}",
                  0);
        /* Umlauts share their first byte with C1's. */
        check_fit("{\"text\":\"\\u00a0\\u00e4\\u20ac\"}",
                  "{\"text\":\"\xc2\xa0\xc3\xa4\xe2\x82\xac\"}", 0);
}

/* The validator that all other tests lean on can refuse. */
static void test_validator(void **state)
{
        static const char *const bad[] = {
                "{\"text\":1}",           "{\"text\":\"\"}",
                "{\"text\":\"\\u0007\"}", "{\"number\":-1}",
                "{\"truth\":1}",          "{\"many\":[{\"size\":\"1\"}]}",
                "{\"one\":{\"no\":1}}",   "{\"no\":1}",
                "{\"texts\":[1]}",        "{\"map\":{\"a\":true}}",
                "{\"numbers\":[\"1\"]}",  "[]",
        };
        _doc_ struct doc *schema = fields_schema(rows);

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                _doc_ struct doc *doc = parse(bad[i]);

                assert_false(validate(doc, schema, "bad"));
        }
}

static void test_schema_of_the_inventory(void **state)
{
        _doc_ struct doc *schema = inventory_schema();
        _doc_ struct doc *empty = parse("{\"schema\":1,\"partial\":false,\"took_ms\":0}");
        _doc_ struct doc *lacking = parse("{\"schema\":1,\"partial\":false}");

        (void)state;
        for (size_t i = 0; i < probe_count; i++)
                assert_non_null(doc_get(doc_get(schema, "properties"), probes[i].name));
        assert_true(inventory_is_valid(empty));
        assert_false(inventory_is_valid(lacking));
}

/* Every row says what it is: it becomes the documentation. */
static void check_help(const struct doc *schema, const char *where)
{
        const struct doc *properties = doc_get(schema, "properties");
        const struct doc *items = doc_get(schema, "items");
        struct doc *member;
        const char *name;

        if (items)
                check_help(items, where);
        for (size_t at = 0; doc_next(properties, &at, &name, &member) > 0;) {
                char path[512];

                snprintf(path, sizeof(path), "%s.%s", where, name);
                if (!doc_get_text(member, "description") || !doc_get_text(member, "description")[0])
                        fail_msg("%s has no description", path);
                check_help(member, path);
        }
}

static void test_every_field_is_described(void **state)
{
        _doc_ struct doc *schema = inventory_schema();
        struct doc *member;
        const char *name;

        (void)state;
        for (size_t at = 0; doc_next(doc_get(schema, "properties"), &at, &name, &member) > 0;)
                check_help(member, name);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fit),
                cmocka_unit_test(test_no_control_characters),
                cmocka_unit_test(test_validator),
                cmocka_unit_test(test_schema_of_the_inventory),
                cmocka_unit_test(test_every_field_is_described),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
