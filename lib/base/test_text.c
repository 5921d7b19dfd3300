/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

static void a_copy_is_whole_or_empty(void **state)
{
        char to[5] = "old";

        (void)state;
        assert_int_equal(text_copy(to, sizeof(to), "four"), 0);
        assert_string_equal(to, "four");
        assert_int_equal(text_copy(to, sizeof(to), "five!"), -E2BIG);
        assert_string_equal(to, "");
        assert_int_equal(text_copy_bytes(to, sizeof(to), "ab\0c", 4), -EBADMSG);
        assert_string_equal(to, "");
        assert_int_equal(text_copy_bytes(to, sizeof(to), "abcdef", 3), 0);
        assert_string_equal(to, "abc");
        assert_int_equal(text_copy_bytes(to, 1, NULL, 0), 0);
}

static void comparing(void **state)
{
        (void)state;
        assert_true(text_is_equal("a", "a"));
        assert_true(text_is_equal(NULL, NULL));
        assert_false(text_is_equal("a", NULL));
        assert_false(text_is_equal(NULL, ""));
        assert_true(text_has_prefix("node list", "node"));
        assert_false(text_has_prefix("no", "node"));
        assert_true(text_has_suffix("a.yaml", ".yaml"));
        assert_false(text_has_suffix("yaml", ".yaml"));
}

static const struct {
        const char *text;
        uint64_t max;
        int rc;
        uint64_t want;
} numbers[] = {
        {"0",                     UINT64_MAX, 0,       0         },
        {"65535",                 65535,      0,       65535     },
        {"65536",                 65535,      -ERANGE, 0         },
        {"18446744073709551615",  UINT64_MAX, 0,       UINT64_MAX},
        {"18446744073709551616",  UINT64_MAX, -ERANGE, 0         },
        {"99999999999999999999x", UINT64_MAX, -EINVAL, 0         },
        {"007",                   10,         0,       7         },
        {"",                      10,         -EINVAL, 0         },
        {" 1",                    10,         -EINVAL, 0         },
        {"1 ",                    10,         -EINVAL, 0         },
        {"+1",                    10,         -EINVAL, 0         },
        {"-1",                    10,         -EINVAL, 0         },
        {"0x1",                   10,         -EINVAL, 0         },
};

static void numbers_and_nothing_else(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                uint64_t got = 4711;

                assert_int_equal(text_parse_u64(numbers[i].text, numbers[i].max, &got),
                                 numbers[i].rc);
                assert_int_equal(got, numbers[i].rc == 0 ? numbers[i].want : 4711);
        }
}

static const struct {
        const char *text;
        int rc;
        uint64_t want;
} sizes[] = {
        {"512",                  0,       512                     },
        {"64K",                  0,       64 << 10                },
        {"10M",                  0,       10 << 20                },
        {"8G",                   0,       UINT64_C(8) << 30       },
        {"2T",                   0,       UINT64_C(2) << 40       },
        {"16777215T",            0,       UINT64_C(16777215) << 40},
        {"16777216T",            -ERANGE, 0                       },
        {"99999999999999999999", -ERANGE, 0                       },
        {"K",                    -EINVAL, 0                       },
        {"1KB",                  -EINVAL, 0                       },
        {"1.5G",                 -EINVAL, 0                       },
        {"1X",                   -EINVAL, 0                       },
};

static void sizes_with_units(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                uint64_t got = 4711;

                assert_int_equal(text_parse_size(sizes[i].text, &got), sizes[i].rc);
                assert_int_equal(got, sizes[i].rc == 0 ? sizes[i].want : 4711);
        }
}

static void hex_there_and_back(void **state)
{
        uint8_t bytes[3] = {0x00, 0xaf, 0xff}, back[3] = {1, 1, 1};
        char hex[7];

        (void)state;
        text_hex(hex, bytes, sizeof(bytes));
        assert_string_equal(hex, "00afff");
        assert_int_equal(text_unhex("00AFff", back, 3), 0);
        assert_memory_equal(back, bytes, 3);
        assert_int_equal(text_unhex("00afff0", back, 3), -EINVAL);
        assert_int_equal(text_unhex("00aff", back, 3), -EINVAL);
        assert_int_equal(text_unhex("0g0000", back, 3), -EINVAL);
        assert_int_equal(text_unhex("", back, 3), -EINVAL);
        assert_memory_equal(back, bytes, 3); /* a failure writes nothing */
}

static void sizes_for_people(void **state)
{
        static const struct {
                uint64_t bytes;
                const char *want;
        } rows[] = {
                {0,            "0 B"      },
                {1023,         "1023 B"   },
                {1024,         "1.0 KiB"  },
                {1536,         "1.5 KiB"  },
                {1048575,      "1.0 MiB"  },
                {192ULL << 20, "192.0 MiB"},
                {UINT64_MAX,   "16.0 EiB" },
        };
        char to[TEXT_SIZE_MAX];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(text_size(to, rows[i].bytes), rows[i].want);
}

static void outside_text_is_made_safe(void **state)
{
        static const struct {
                const char *from, *want;
        } rows[] = {
                {"plain text 1.0",             "plain text 1.0"                 },
                {"line\nfeed\r\x1b[2J\x7f",    "line\\x0afeed\\x0d\\x1b[2J\\x7f"},
                {"a \"quote\" and \\",         "a \\x22quote\\x22 and \\x5c"    },
                {"M\xc3\xbcller \xe2\x82\xac", "M\xc3\xbcller \xe2\x82\xac"     },
                {"\xf0\x9f\x90\xa7",           "\xf0\x9f\x90\xa7"               },
                {"\xc2\x9b"
                 "31m",       "\\xc2\\x9b31m"                  },
                {"\xc0\xaf",                   "\\xc0\\xaf"                     },
                {"\xe0\x80\xaf",               "\\xe0\\x80\\xaf"                },
                {"\xed\xa0\x80",               "\\xed\\xa0\\x80"                },
                {"\xf4\x90\x80\x80",           "\\xf4\\x90\\x80\\x80"           },
                {"cut \xe2\x82",               "cut \\xe2\\x82"                 },
                {"\xff\xfe",                   "\\xff\\xfe"                     },
        };
        char to[64];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_string_equal(text_escape(to, sizeof(to), rows[i].from), rows[i].want);
}

static void an_escape_is_cut_between_characters(void **state)
{
        char to[8];

        (void)state;
        assert_string_equal(text_escape(to, 8, "123456789"), "1234567");
        assert_string_equal(text_escape(to, 8, "1234\n"), "1234");
        assert_string_equal(text_escape(to, 8, "123\n5"), "123\\x0a");
        assert_string_equal(text_escape(to, 3, "1\xe2\x82\xac"), "1");
        assert_string_equal(text_escape(to, 1, "x"), "");
}

static void time_has_a_text(void **state)
{
        char to[CLOCK_TEXT_SIZE];
        uint64_t before = clock_monotonic_ms();

        (void)state;
        assert_string_equal(clock_text(to, 0), "1970-01-01T00:00:00.000Z");
        assert_string_equal(clock_text(to, UINT64_C(1795173906123)), "2026-11-20T11:25:06.123Z");
        assert_in_range(strlen(clock_text(to, UINT64_MAX)), 24, CLOCK_TEXT_SIZE - 1);
        assert_true(clock_monotonic_ms() >= before);
        assert_true(clock_wall_ms() > UINT64_C(1700000000000));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_copy_is_whole_or_empty),
                cmocka_unit_test(comparing),
                cmocka_unit_test(numbers_and_nothing_else),
                cmocka_unit_test(sizes_with_units),
                cmocka_unit_test(hex_there_and_back),
                cmocka_unit_test(sizes_for_people),
                cmocka_unit_test(outside_text_is_made_safe),
                cmocka_unit_test(an_escape_is_cut_between_characters),
                cmocka_unit_test(time_has_a_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
