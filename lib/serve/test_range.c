/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/serve/range.h"

static void test_ranges(void **state)
{
        static const struct {
                const char *text;
                uint64_t size;
                enum range_answer answer;
                uint64_t start, length;
        } rows[] = {
                {NULL,                           1000, RANGE_WHOLE,         0,   0   },
                {"bytes=0-499",                  1000, RANGE_PART,          0,   500 },
                {"BYTES= 500-999 ",              1000, RANGE_PART,          500, 500 },
                {"bytes=500-",                   1000, RANGE_PART,          500, 500 },
                {"bytes=-1",                     1000, RANGE_PART,          999, 1   },
                {"bytes=-5000",                  1000, RANGE_PART,          0,   1000},
                {"bytes=999-5000",               1000, RANGE_PART,          999, 1   },
                {"bytes=0-99999999999999999999", 1000, RANGE_PART,          0,   1000},
                {"bytes=1000-",                  1000, RANGE_UNSATISFIABLE, 0,   0   },
                {"bytes=99999999999999999999-",  1000, RANGE_UNSATISFIABLE, 0,   0   },
                {"bytes=-0",                     1000, RANGE_UNSATISFIABLE, 0,   0   },
                {"bytes=0-",                     0,    RANGE_UNSATISFIABLE, 0,   0   },
                {"bytes=-1",                     0,    RANGE_UNSATISFIABLE, 0,   0   },
                {"bytes=5-4",                    1000, RANGE_WHOLE,         0,   0   },
                {"bytes=0-0,-1",                 1000, RANGE_WHOLE,         0,   0   },
                {"bytes=-",                      1000, RANGE_WHOLE,         0,   0   },
                {"bytes=a-b",                    1000, RANGE_WHOLE,         0,   0   },
                {"bytes=1",                      1000, RANGE_WHOLE,         0,   0   },
                {"bytes 0-1",                    1000, RANGE_WHOLE,         0,   0   },
                {"lines=0-1",                    1000, RANGE_WHOLE,         0,   0   },
                {"",                             1000, RANGE_WHOLE,         0,   0   },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct range part = {0};

                assert_int_equal(range_parse(rows[i].text, rows[i].size, &part), rows[i].answer);
                assert_int_equal(part.start, rows[i].start);
                assert_int_equal(part.length, rows[i].length);
        }
}

static void test_none_match(void **state)
{
        (void)state;
        assert_true(range_none_match("\"a\"", "\"a\""));
        assert_true(range_none_match("\"x\", W/\"a\" , \"b\"", "\"a\""));
        assert_true(range_none_match("\"a\"", "W/\"a\""));
        assert_true(range_none_match("\"x,y\",\"a\"", "\"a\""));
        assert_true(range_none_match(" *", "\"a\""));
        assert_false(range_none_match("\"ab\"", "\"a\""));
        assert_false(range_none_match("a", "\"a\""));
        assert_false(range_none_match("\"a", "\"a\""));
        assert_false(range_none_match("", "\"a\""));
}

static void test_if_range(void **state)
{
        (void)state;
        assert_true(range_if_range("\"a\"", "\"a\""));
        assert_false(range_if_range("\"b\"", "\"a\""));
        assert_false(range_if_range("W/\"a\"", "W/\"a\""));
        assert_false(range_if_range("Sun, 06 Nov 1994 08:49:37 GMT", "\"a\""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges),
                cmocka_unit_test(test_none_match),
                cmocka_unit_test(test_if_range),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
