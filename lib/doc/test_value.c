/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/doc/value.h"

static const struct doc_limits small = {.size = 64, .depth = 3, .count = 6};

static int parse(const char *text, const struct doc_limits *limits, char *error)
{
        struct doc *value = NULL;
        int rc = doc_parse(text, strlen(text), limits, error, &value);

        assert_true((rc == 0) == (value != NULL));
        doc_free(value);
        return rc;
}

static void assert_prints(const struct doc *value, enum doc_format format, const char *expected)
{
        _free_ char *text = NULL;

        assert_int_equal(doc_print(value, format, &text), 0);
        assert_string_equal(text, expected);
}

static void test_build(void **state)
{
        _doc_ struct doc *object = doc_object(), *copy = NULL;
        struct doc *list = doc_list();

        (void)state;
        assert_int_equal(doc_set_text(object, "name", "lab-0001"), 0);
        assert_int_equal(doc_set_text(object, "absent", NULL), 0);
        assert_int_equal(doc_set_number(object, "threads", -4), 0);
        assert_int_equal(doc_set_bool(object, "is_held", true), 0);
        assert_int_equal(doc_append_text(list, "a"), 0);
        assert_int_equal(doc_append_number(list, 7), 0);
        assert_int_equal(doc_append(list, NULL), 0);
        assert_int_equal(doc_set(object, "list", list), 0);
        assert_int_equal(doc_set(object, "child", NULL), 0);
        copy = doc_copy(object);
        assert_int_equal(doc_remove(object, "threads"), 0);
        assert_int_equal(doc_remove(object, "threads"), 0);
        assert_prints(object, DOC_COMPACT,
                      "{\"name\":\"lab-0001\",\"is_held\":true,\"list\":[\"a\",7]}");
        assert_prints(copy, DOC_PRETTY,
                      "{\n  \"name\": \"lab-0001\",\n  \"threads\": -4,\n  \"is_held\": true,\n"
                      "  \"list\": [\n    \"a\",\n    7\n  ]\n}\n");
}

static void test_build_into_nothing(void **state)
{
        char *text = NULL;

        (void)state;
        assert_int_equal(doc_set(NULL, "a", doc_list()), -EINVAL); /* taken: no leak */
        assert_int_equal(doc_set_text(NULL, "a", "b"), -EINVAL);
        assert_int_equal(doc_append(NULL, doc_object()), -EINVAL);
        assert_int_equal(doc_remove(NULL, "a"), -EINVAL);
        assert_int_equal(doc_print(NULL, DOC_COMPACT, &text), -EINVAL);
        assert_null(doc_copy(NULL));
        assert_null(doc_free(NULL));
        assert_null(doc_get(NULL, "a"));
        assert_false(doc_is_object(NULL) || doc_is_list(NULL) || doc_is_null(NULL));
}

/* RFC 3629: what is no character is replaced, byte by byte; what is one stays. */
static void test_text_is_mended(void **state)
{
        static const struct {
                const char *given, *kept;
        } rows[] = {
                {"QEMU \xff disk",       "QEMU \xef\xbf\xbd disk"                          },
                {"\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac"                            },
                {"\xc0\xaf",             "\xef\xbf\xbd\xef\xbf\xbd"                        },
                {"\xed\xa0\x80",         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"            },
                {"\xff\xf0\x9f\x98\x80", "\xef\xbf\xbd\xf0\x9f\x98\x80"                    },
                {"\xf4\x90\x80\x80",     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                {"cut \xe2\x82",         "cut \xef\xbf\xbd\xef\xbf\xbd"                    },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _doc_ struct doc *object = doc_object();

                assert_int_equal(doc_set_text(object, "t", rows[i].given), 0);
                assert_string_equal(doc_get_text(object, "t"), rows[i].kept);
        }
}

static void test_get(void **state)
{
        static const char text[] =
                "{\"a\":{\"b\":{\"c\":\"deep\",\"n\":5,\"r\":-2.9,\"huge\":1e300,"
                "\"t\":true,\"z\":null}},\"l\":[1,2,3]}";
        _doc_ struct doc *value = NULL;

        (void)state;
        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_message, NULL, &value), 0);
        assert_string_equal(doc_get_text(value, "a.b.c"), "deep");
        assert_null(doc_get_text(value, "a.b.n"));
        assert_null(doc_get(value, "a.x.c"));
        assert_null(doc_get(value, "a.b.c.d"));
        assert_null(doc_get(value, ""));
        assert_int_equal(doc_get_number(value, "a.b.n", 1), 5);
        assert_int_equal(doc_get_number(value, "a.b.r", 1), -2);
        assert_true(doc_get_number(value, "a.b.huge", 1) == INT64_MAX);
        assert_int_equal(doc_get_number(value, "a.b.c", 1), 1);
        assert_true(doc_get_bool(value, "a.b.t", false));
        assert_true(doc_get_bool(value, "a.b.n", true));
        assert_true(doc_is_null(doc_get(value, "a.b.z")));
        assert_int_equal(doc_count(value), 2);
        assert_int_equal(doc_count(doc_get(value, "l")), 3);
        assert_int_equal(doc_count(doc_get(value, "a.b.c")), 0);
        assert_int_equal(doc_number(doc_at(doc_get(value, "l"), 2)), 3);
        assert_null(doc_at(doc_get(value, "l"), 3));
}

static void test_next_keeps_order(void **state)
{
        static const char text[] = "{\"z\":1,\"a\":2,\"m\":3}";
        _doc_ struct doc *value = NULL;
        char seen[4] = "";
        size_t count = 0;
        const char *name;
        struct doc *at_value;
        size_t at = 0;

        (void)state;
        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_message, NULL, &value), 0);
        while (doc_next(value, &at, &name, &at_value))
                seen[count++] = *name;
        assert_string_equal(seen, "zam");
        assert_int_equal(doc_next(value, &at, &name, &at_value), 0);
        at = 0;
        assert_int_equal(doc_next(doc_at(value, 0), &at, &name, &at_value), 0);
}

static void test_limits(void **state)
{
        char error[DOC_ERROR_SIZE];

        (void)state;
        assert_int_equal(parse("[[[]]]", &small, NULL), 0);
        assert_int_equal(parse("[[[[]]]]", &small, error), -E2BIG);
        assert_string_equal(error, "line 1, column 4: nested deeper than 3");
        assert_int_equal(parse("[1,2,3,4,5]", &small, NULL), 0); /* with the list: 6 */
        assert_int_equal(parse("[1,\n2,3,4,5,6]", &small, error), -E2BIG);
        assert_string_equal(error, "line 2, column 8: more than 6 values");
        assert_int_equal(parse("{\"a\":{},\"b\":[],\"c\":[ ],\"d\":1,\"e\":2}", &small, NULL), 0);
        assert_int_equal(parse("[\"[[[[,,,,,,,\\\"[[[[\"]", &small, NULL), 0); /* a text */
        assert_int_equal(parse("                                                             [ ] ",
                               &small, error),
                         -E2BIG);
        assert_string_equal(error, "65 bytes; at most 64 are taken");
        /* brackets that never fit must not count depth down below what is open */
        assert_int_equal(parse("]]]][[[[[", &small, NULL), -E2BIG);
        assert_int_equal(parse("[]]]]][[[[", &small, NULL), -E2BIG);
}

static void test_refused(void **state)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
                {"",                       "line 1, column 1: the text ends too early"               },
                {"{\"a\":1,\n\"a\":2}",    "line 2, column 3: a name is given twice"                 },
                {"[1]x",                   "line 1, column 4: something follows the end of the value"},
                {"\"\\u0000\"",            "line 1, column 8: a text holds a NUL character"          },
                {"[1,]",                   "line 1, column 4: this is not JSON"                      },
                {"[NaN]",                  "line 1, column 4: this is not JSON"                      },
                {"[99999999999999999999]", "line 1, column 21: the number is too large"              },
                {"[\"\xff\"]",             "line 1, column 2: this is not UTF-8"                     },
                {"[\"a",                   "line 1, column 3: the text ends too early"               },
                {"\"\\",                   NULL                                                      },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char error[DOC_ERROR_SIZE] = "";

                assert_int_equal(parse(rows[i].text, &doc_limits_message, error), -EBADMSG);
                if (rows[i].error)
                        assert_string_equal(error, rows[i].error);
        }
        assert_int_equal(doc_parse("[1]\0", 4, &doc_limits_message, NULL, &(struct doc *){NULL}),
                         -EBADMSG);
}

static void test_scalars_are_texts_of_json(void **state)
{
        (void)state;
        assert_int_equal(parse("7", &small, NULL), 0);
        assert_int_equal(parse(" \"x\" ", &small, NULL), 0);
        assert_int_equal(parse("null", &small, NULL), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_build),
                cmocka_unit_test(test_build_into_nothing),
                cmocka_unit_test(test_text_is_mended),
                cmocka_unit_test(test_get),
                cmocka_unit_test(test_next_keeps_order),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_scalars_are_texts_of_json),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
