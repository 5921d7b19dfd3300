/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/command.h"

static void test_durations(void **state)
{
        static const struct {
                const char *text;
                uint64_t ms; /* 0: refused */
        } cases[] = {
                {"90s",       90000  },
                {"30m",       1800000},
                {"2h",        7200000},
                {"",          0      },
                {"h",         0      },
                {"2",         0      },
                {"2d",        0      },
                {"-2h",       0      },
                {"2 h",       0      },
                {"2hh",       0      },
                {"99999999h", 0      },
                {"1e3s",      0      },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint64_t ms = 0;

                assert_int_equal(duration_parse(cases[i].text, &ms), cases[i].ms ? 0 : -EINVAL);
                assert_int_equal(ms, cases[i].ms);
        }
}

static void test_since(void **state)
{
        static const struct {
                const char *text, *query; /* NULL: refused */
        } cases[] = {
                {"0",                   "?back=0"             },
                {"12",                  "?back=12"            },
                {"2h",                  "?since=92800000"     },
                {"1970-01-02",          "?since=86400000"     },
                {"1970-01-02 10:00",    "?since=122400000"    },
                {"1970-01-02 10:00:01", "?since=122401000"    },
                {"2026-11-20 11:25:06", "?since=1795173906000"},
                {"",                    NULL                  },
                {"yesterday",           NULL                  },
                {"2026-11-20x",         NULL                  },
                {"2026-13-20",          NULL                  },
                {"100h",                NULL                  },
                {"-1",                  NULL                  },
        };

        (void)state;
        setenv("TZ", "UTC", 1);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char query[SINCE_QUERY_SIZE] = "";
                const int rc = since_parse(cases[i].text, 100000000, query);

                assert_int_equal(rc, cases[i].query ? 0 : -EINVAL);
                assert_string_equal(query, cases[i].query ? cases[i].query : "");
        }
}

/* What the controller would refuse in the words of its own interface. */
static void test_how_long(void **state)
{
        static const char *const wrong[] = {"0h", "59s", "25h", "86401s", "2x"};

        (void)state;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                const struct command_context context = {.for_what = wrong[i]};

                assert_int_equal(command_discovery_open(&context), 2);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_durations),
                                           cmocka_unit_test(test_since),
                                           cmocka_unit_test(test_how_long)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
