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
        int rc = doc_parse_yaml(text, strlen(text), limits, error, &value);

        assert_true((rc == 0) == (value != NULL));
        doc_free(value);
        return rc;
}

static char *yaml_to_json(const char *text)
{
        _doc_ struct doc *value = NULL;
        char error[DOC_ERROR_SIZE] = "";
        char *json;

        if (doc_parse_yaml(text, strlen(text), &doc_limits_message, error, &value) < 0)
                fail_msg("%s: %s", text, error);
        assert_int_equal(doc_print(value, DOC_COMPACT, &json), 0);
        return json;
}

static void test_configuration(void **state)
{
        static const char text[] = "# what we serve\n"
                                   "services: [dhcp, tftp]\n"
                                   "networks:\n"
                                   "  - name: lab\n"
                                   "    subnet: 10.77.0.0/24\n"
                                   "    lease_s: 3600\n"
                                   "    mac: 52:54:00:77:00:01\n"
                                   "    note: |\n"
                                   "      two\n"
                                   "      lines\n"
                                   "  - {name: \"007\", is_open: true}\n";
        _free_ char *json = yaml_to_json(text);

        (void)state;
        assert_string_equal(json, "{\"services\":[\"dhcp\",\"tftp\"],\"networks\":["
                                  "{\"name\":\"lab\",\"subnet\":\"10.77.0.0/24\",\"lease_s\":3600,"
                                  "\"mac\":\"52:54:00:77:00:01\",\"note\":\"two\\nlines\\n\"},"
                                  "{\"name\":\"007\",\"is_open\":true}]}");
}

/* YAML 1.2.2 section 10.3.2. */
static void test_core_schema(void **state)
{
        static const struct {
                const char *yaml, *json;
        } rows[] = {
                {"",                    "null"               },
                {"# nothing",           "null"               },
                {"~",                   "null"               },
                {"Null",                "null"               },
                {"true",                "true"               },
                {"FALSE",               "false"              },
                {"yes",                 "\"yes\""            },
                {"No",                  "\"No\""             },
                {"off",                 "\"off\""            },
                {"12",                  "12"                 },
                {"-012",                "-12"                },
                {"+3",                  "3"                  },
                {"0o17",                "15"                 },
                {"0x1F",                "31"                 },
                {"0xZZ",                "\"0xZZ\""           },
                {"1_000",               "\"1_000\""          },
                {"1.5",                 "1.5"                },
                {".5",                  "0.5"                },
                {"5.",                  "5.0"                },
                {"-1e3",                "-1000.0"            },
                {"1e",                  "\"1e\""             },
                {".",                   "\".\""              },
                {"-",                   "[null]"             },
                {"1:30",                "\"1:30\""           },
                {"'12'",                "\"12\""             },
                {"\"true\"",            "\"true\""           },
                {"''",                  "\"\""               },
                {"2026-11-20",          "\"2026-11-20\""     },
                {"9223372036854775807", "9223372036854775807"},
                {"7: true",             "{\"7\":true}"       },
                {"yes: no",             "{\"yes\":\"no\"}"   },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _free_ char *json = yaml_to_json(rows[i].yaml);

                assert_string_equal(json, rows[i].json);
        }
}

static void test_refused(void **state)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
                {"a: &x 1\nb: *x\n",       "line 1, column 4: anchors (&) are not taken"            },
                {"a: &x {b: 1}",           "line 1, column 4: anchors (&) are not taken"            },
                {"- *x",                   "line 1, column 3: aliases (*) are not taken"            },
                {"a: !!str 1",             "line 1, column 4: tags (!) are not taken"               },
                {"a: ! 1",                 "line 1, column 4: tags (!) are not taken"               },
                {"!x [1]",                 "line 1, column 1: tags (!) are not taken"               },
                {"a: 1\nb: 2\na: 3\n",     "line 3, column 1: a name is given twice"                },
                {"{[1]: 2}",               "line 1, column 2: a name must be a plain word or a text"},
                {"a: 1\n---\nb: 2\n",      "line 2, column 1: only one document is taken"           },
                {"a: 9223372036854775808", "line 1, column 4: the number is too large"              },
                {"a: 1e999",               "line 1, column 4: the number is too large"              },
                {"a: .inf",                "line 1, column 4: the number is too large"              },
                {"a: \"x\\0y\"",           "line 1, column 4: a text holds a NUL character"         },
                {"a: [1, 2",               NULL                                                     },
                {"a: 1\n b: 2\n",          NULL                                                     },
                {"a:\n\t- b\n",            NULL                                                     },
                {"a: \xff",                NULL                                                     },
                {"\"\\ud800\"",            NULL                                                     },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char error[DOC_ERROR_SIZE] = "";

                assert_int_equal(parse(rows[i].text, &doc_limits_message, error), -EBADMSG);
                if (rows[i].error)
                        assert_string_equal(error, rows[i].error);
                else
                        assert_memory_equal(error, "line ", 5);
        }
}

static void test_limits(void **state)
{
        char error[DOC_ERROR_SIZE];

        (void)state;
        assert_int_equal(parse("[[[]]]", &small, NULL), 0);
        assert_int_equal(parse("[[[[]]]]", &small, error), -E2BIG);
        assert_string_equal(error, "line 1, column 4: nested too deep");
        assert_int_equal(parse("[1,2,3,4,5]", &small, NULL), 0);
        assert_int_equal(parse("[1,2,3,4,5,6]", &small, error), -E2BIG);
        assert_string_equal(error, "line 1, column 12: too many values");
        assert_int_equal(parse("                                                                x",
                               &small, NULL),
                         -E2BIG);
}

/* JSON -> tree -> YAML -> the same tree, and the same YAML again. */
static void assert_goes_round(const char *json)
{
        _doc_ struct doc *value = NULL, *again = NULL;
        _free_ char *yaml = NULL, *yaml_again = NULL, *json_again = NULL;

        assert_int_equal(doc_parse(json, strlen(json), &doc_limits_message, NULL, &value), 0);
        assert_int_equal(doc_print(value, DOC_YAML, &yaml), 0);
        assert_int_equal(doc_parse_yaml(yaml, strlen(yaml), &doc_limits_message, NULL, &again), 0);
        assert_int_equal(doc_print(again, DOC_COMPACT, &json_again), 0);
        assert_string_equal(json_again, json);
        assert_int_equal(doc_print(again, DOC_YAML, &yaml_again), 0);
        assert_string_equal(yaml_again, yaml);
}

static void test_print(void **state)
{
        static const char json[] =
                "{\"kind\":\"node\",\"is_held\":true,\"labels\":{},\"none\":null,"
                "\"macs\":[\"52:54:00:77:00:01\"],\"list\":[1,{\"a\":\"yes\",\"ip\":\"10.77.0.1\"}]"
                "}";
        _doc_ struct doc *value = NULL;
        _free_ char *yaml = NULL;

        (void)state;
        assert_int_equal(doc_parse(json, strlen(json), &doc_limits_message, NULL, &value), 0);
        assert_int_equal(doc_print(value, DOC_YAML, &yaml), 0);
        assert_string_equal(yaml,
                            "kind: node\nis_held: true\nlabels: {}\nnone: null\nmacs:\n"
                            "- '52:54:00:77:00:01'\nlist:\n- 1\n- a: 'yes'\n  ip: 10.77.0.1\n");
}

static void test_print_reads_back(void **state)
{
        static const char *const rows[] = {
                "{\"a\":\"\",\"b\":\"~\",\"c\":\"null\",\"d\":\"12\",\"e\":\"1e5\",\"f\":\"0x10\"}",
                "[\" lead\",\"trail \",\"two\\nlines\\n\",\"\\ttab\",\"a: b\",\"a #b\",\"- "
                "x\",\"---\"]",
                "[\"'\",\"\\\"\",\"\\\\\",\"%\",\"@\",\"`\",\"{\",\"[x\",\"&a\",\"*a\",\"!t\",\"|"
                "\",\">\",\"?\"]",
                "{\"true\":1,\"12\":2,\"a: b\":3,\"\":4,\"on\":5,\"<<\":6,\"long\\nname\":7}",
                "[\"caf\u00e9\",\"\u2028\",\"\ufeffbom\",\"\xc2\x85\",\"\U0001f600\",\"\x7f\"]",
                "[1.5,-0.25,1e22,-9223372036854775808,9223372036854775807,[],{},[[]],[{}],{\"a\":["
                "]}]",
                "\"only a text\"",
                "3",
                "null",
                "[\"1:30\",\"1_000\",\"2026-11-20\",\"...\",\"=\",\"y\"]",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_goes_round(rows[i]);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_configuration), cmocka_unit_test(test_core_schema),
                cmocka_unit_test(test_refused),       cmocka_unit_test(test_limits),
                cmocka_unit_test(test_print),         cmocka_unit_test(test_print_reads_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
