/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/net.h"
#include "lib/doc/schema.h"
#include "lib/doc/table.h"

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_BLUE };
static const char *const colour_names[] = {NULL, "red", "blue", NULL};

enum carrier { CARRIER_HTTP, CARRIER_TFTP };
static const char *const carrier_names[] = {"http", "tftp", NULL};

struct part {
        char name[8];
        uint32_t lease_s;
        struct doc *extra;
};

struct whole {
        char name[16];
        uint64_t bytes;
        uint32_t port;
        bool is_on, is_always;
        enum colour colour;
        enum carrier carrier;
        struct mac_address mac;
        struct ip4_address ip;
        struct uuid uuid;
        struct part inner;
        struct doc *tree;
        struct part parts[3];
        size_t part_count;
        char services[2][8];
        size_t service_count;
};

static const struct doc_field part_fields[] = {
        DOC_FIELD(struct part, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct part, lease_s, DOC_U32, 0, .max = 86400),
        DOC_FIELD(struct part, extra, DOC_TREE, 0),
};
static DOC_TABLE(part_table, struct part, "part", part_fields);

static const struct doc_field whole_fields[] = {
        DOC_FIELD(struct whole, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct whole, bytes, DOC_U64, 0),
        DOC_FIELD(struct whole, port, DOC_U32, 0, .max = 65535),
        DOC_FIELD(struct whole, is_on, DOC_BOOL, 0),
        DOC_FIELD(struct whole, is_always, DOC_BOOL, DOC_ALWAYS),
        DOC_FIELD(struct whole, colour, DOC_ENUM, 0, .names = colour_names),
        DOC_FIELD(struct whole, carrier, DOC_ENUM, 0, .names = carrier_names),
        DOC_FIELD(struct whole, mac, DOC_MAC, 0),
        DOC_FIELD(struct whole, ip, DOC_IP4, 0),
        DOC_FIELD(struct whole, uuid, DOC_UUID, 0),
        DOC_FIELD(struct whole, inner, DOC_OBJECT, 0, .table = &part_table),
        DOC_FIELD(struct whole, tree, DOC_TREE, 0),
        DOC_LIST_FIELD(struct whole, parts, part_count, 0, &part_table),
        DOC_TEXTS_FIELD(struct whole, services, service_count, 0),
};
static DOC_TABLE(whole_table, struct whole, "whole", whole_fields);
static DOC_TABLE(strict_table, struct whole, "cloudied.yaml", whole_fields, .is_strict = true);

static int decode(const struct doc_table *table, const char *text, char *error, struct whole *ret)
{
        return doc_decode_text(table, text, strlen(text), &doc_limits_message, error, ret);
}

static void test_there_and_back(void **state)
{
        static const char text[] =
                "{\"name\":\"lab\",\"bytes\":9223372036854775807,\"port\":65535,\"is_on\":true,"
                "\"is_always\":false,\"colour\":\"blue\",\"carrier\":\"http\","
                "\"mac\":\"52:54:00:77:00:01\",\"ip\":\"10.77.0.1\","
                "\"uuid\":\"00112233-4455-6677-8899-aabbccddeeff\","
                "\"inner\":{\"name\":\"in\",\"lease_s\":60},\"tree\":{\"any\":[1,null]},"
                "\"parts\":[{\"name\":\"a\",\"extra\":[7]},{\"name\":\"b\",\"lease_s\":1}],"
                "\"services\":[\"dhcp\",\"tftp\"]}";
        struct whole whole = {.carrier = CARRIER_TFTP};
        _doc_ struct doc *object = NULL;
        _free_ char *again = NULL;

        (void)state;
        assert_int_equal(decode(&strict_table, text, NULL, &whole), 0);
        assert_string_equal(whole.name, "lab");
        assert_true(whole.bytes == INT64_MAX);
        assert_int_equal(whole.port, 65535);
        assert_int_equal(whole.colour, COLOUR_BLUE);
        assert_int_equal(whole.carrier, CARRIER_HTTP);
        assert_int_equal(whole.inner.lease_s, 60);
        assert_int_equal(whole.part_count, 2);
        assert_string_equal(whole.parts[1].name, "b");
        assert_int_equal(doc_count(doc_get(whole.tree, "any")), 2);
        assert_string_equal(whole.services[1], "tftp");
        object = doc_encode(&whole_table, &whole);
        assert_int_equal(doc_print(object, DOC_COMPACT, &again), 0);
        assert_string_equal(again, text);
        doc_release(&whole_table, &whole);
        assert_null(whole.tree);
        assert_null(whole.parts[0].extra);
}

static void test_zero_is_absent(void **state)
{
        struct whole whole = {0};
        _doc_ struct doc *object = doc_encode(&whole_table, &whole);
        _free_ char *text = NULL;

        (void)state;
        assert_int_equal(doc_print(object, DOC_COMPACT, &text), 0);
        assert_string_equal(text, "{\"is_always\":false,\"carrier\":\"http\"}");
        whole.bytes = (uint64_t)INT64_MAX + 1;
        assert_null(doc_encode(&whole_table, &whole));
}

static void test_defaults_stay(void **state)
{
        struct whole whole = {.port = 8443, .is_on = true, .name = "default"};
        struct whole empty = whole;

        (void)state;
        for (size_t i = 0; i < 3; i++)
                whole.parts[i].lease_s = 3600;
        assert_int_equal(decode(&whole_table,
                                "{\"name\":\"x\",\"port\":null,\"unknown\":{},"
                                "\"parts\":[{\"name\":\"a\"},{\"name\":\"b\",\"lease_s\":5}]}",
                                NULL, &whole),
                         0);
        assert_int_equal(whole.port, 8443);
        assert_true(whole.is_on);
        assert_int_equal(whole.parts[0].lease_s, 3600);
        assert_int_equal(whole.parts[1].lease_s, 5);
        /* a list takes the place of the whole list */
        assert_int_equal(decode(&whole_table, "{\"name\":\"x\",\"parts\":[]}", NULL, &whole), 0);
        assert_int_equal(whole.part_count, 0);
        assert_int_equal(decode(&whole_table, "{}", NULL, &empty), -EBADMSG);
}

static void test_sentences(void **state)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
                {"[]",                                                                       "the document must be an object"               },
                {"{}",                                                                       "'name' is missing"                            },
                {"{\"name\":null}",                                                          "'name' is missing"                            },
                {"{\"name\":12}",                                                            "'name' must be a text; put it in quotes"      },
                {"{\"name\":[]}",                                                            "'name' must be a text"                        },
                {"{\"name\":\"0123456789abcdef\"}",                                          "'name' must be a text of at most 15 bytes"    },
                {"{\"name\":\"x\",\"port\":65536}",
                 "'port' must be a whole number from 0 to 65535"                                                                            },
                {"{\"name\":\"x\",\"port\":-1}",                                             "'port' must be a whole number from 0 to 65535"},
                {"{\"name\":\"x\",\"port\":\"1\"}",
                 "'port' must be a whole number from 0 to 65535"                                                                            },
                {"{\"name\":\"x\",\"bytes\":1.5}",
                 "'bytes' must be a whole number from 0 to 9223372036854775807"                                                             },
                {"{\"name\":\"x\",\"is_on\":1}",                                             "'is_on' must be true or false"                },
                {"{\"name\":\"x\",\"colour\":\"green\"}",                                    "'colour' must be 'red' or 'blue'"             },
                {"{\"name\":\"x\",\"carrier\":1}",                                           "'carrier' must be 'http' or 'tftp'"           },
                {"{\"name\":\"x\",\"mac\":\"z\"}",
                 "'mac' must be a MAC address such as \"52:54:00:77:00:01\""                                                                },
                {"{\"name\":\"x\",\"ip\":\"1.2.3\"}",
                 "'ip' must be an IPv4 address such as \"10.77.0.1\""                                                                       },
                {"{\"name\":\"x\",\"uuid\":\"1\"}",                                          "'uuid' must be a UUID"                        },
                {"{\"name\":\"x\",\"inner\":1}",                                             "'inner' must be an object"                    },
                {"{\"name\":\"x\",\"inner\":{}}",                                            "'inner.name' is missing"                      },
                {"{\"name\":\"x\",\"parts\":{}}",                                            "'parts' must be a list"                       },
                {"{\"name\":\"x\",\"parts\":[1,2,3,4]}",                                     "'parts' must be a list of at most 3"          },
                {"{\"name\":\"x\",\"parts\":[{\"name\":\"a\",\"extra\":[1]},{\"name\":1}]}",
                 "'parts[1].name' must be a text; put it in quotes"                                                                         },
                {"{\"name\":\"x\",\"services\":[\"dhcp\",\"too-long\"]}",
                 "'services[1]' must be a text of at most 7 bytes"                                                                          },
                {"{\"nam\":\"x\"}",                                                          "'nam' is not a key; did you mean 'name'?"     },
                {"{\"name\":\"x\",\"prot\":1}",                                              "'prot' is not a key"                          },
                {"{\"name\":\"x\",\"colours\":1}",
                 "'colours' is not a key; did you mean 'colour'?"                                                                           },
                {"{\"name\":\"x\",\"zebra\":1}",                                             "'zebra' is not a key"                         },
                {"{\"name\":\"x\",\"a\\nb\":1}",                                             "'a\\x0ab' is not a key"                       },
                {"{\"name\":\"x\",\"parts\":[{\"name\":\"a\",\"lease\":1}]}",
                 "'parts[0].lease' is not a key; did you mean 'lease_s'?"                                                                   },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct whole whole = {0};
                char error[DOC_ERROR_SIZE] = "", expected[DOC_ERROR_SIZE];

                snprintf(expected, sizeof(expected), "cloudied.yaml: %s", rows[i].error);
                assert_int_equal(decode(&strict_table, rows[i].text, error, &whole), -EBADMSG);
                assert_string_equal(error, expected);
                doc_release(&strict_table, &whole);
        }
}

static void test_newer_peer_may_say_more(void **state)
{
        struct whole whole = {0};

        (void)state;
        assert_int_equal(decode(&whole_table,
                                "{\"name\":\"x\",\"new\":1,\"inner\":{\"name\":\"y\",\"new\":2}}",
                                NULL, &whole),
                         0);
        assert_string_equal(whole.inner.name, "y");
}

static void test_parse_error_passes(void **state)
{
        struct whole whole = {0};
        char error[DOC_ERROR_SIZE];

        (void)state;
        assert_int_equal(decode(&whole_table, "{", error, &whole), -EBADMSG);
        assert_string_equal(error, "line 1, column 1: the text ends too early");
}

/* A field of each type, as others read it. */
static void test_schema(void **state)
{
        static const struct {
                const char *path, *text;
        } rows[] = {
                {"type",                                        "object"                                 },
                {"properties.name.type",                        "string"                                 },
                {"properties.port.type",                        "integer"                                },
                {"properties.is_on.type",                       "boolean"                                },
                {"properties.mac.pattern",                      "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$"},
                {"properties.inner.properties.lease_s.type",    "integer"                                },
                {"properties.parts.type",                       "array"                                  },
                {"properties.parts.items.properties.name.type", "string"                                 },
                {"properties.services.items.type",              "string"                                 },
        };
        _doc_ struct doc *schema = doc_table_schema(&whole_table);
        _doc_ struct doc *strict = doc_table_schema(&strict_table);
        _free_ char *colours = NULL, *carriers = NULL, *required = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(doc_get_text(schema, rows[i].path), rows[i].text);
        assert_int_equal(doc_get_number(schema, "properties.name.maxLength", 0), 15);
        assert_int_equal(doc_get_number(schema, "properties.port.maximum", 0), 65535);
        assert_int_equal(doc_get_number(schema, "properties.parts.maxItems", 0), 3);
        assert_int_equal(doc_get_number(schema, "properties.services.items.maxLength", 0), 7);
        assert_int_equal(
                doc_print(doc_get(schema, "properties.colour.enum"), DOC_COMPACT, &colours), 0);
        assert_string_equal(colours, "[\"red\",\"blue\"]");
        assert_int_equal(
                doc_print(doc_get(schema, "properties.carrier.enum"), DOC_COMPACT, &carriers), 0);
        assert_string_equal(carriers, "[\"http\",\"tftp\"]");
        assert_int_equal(doc_print(doc_get(schema, "required"), DOC_COMPACT, &required), 0);
        assert_string_equal(required, "[\"name\"]");
        assert_null(doc_get(schema, "additionalProperties"));
        assert_false(doc_get_bool(strict, "additionalProperties", true));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_schema),
                cmocka_unit_test(test_there_and_back),
                cmocka_unit_test(test_zero_is_absent),
                cmocka_unit_test(test_defaults_stay),
                cmocka_unit_test(test_sentences),
                cmocka_unit_test(test_newer_peer_may_say_more),
                cmocka_unit_test(test_parse_error_passes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
