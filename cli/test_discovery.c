/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_durations)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
