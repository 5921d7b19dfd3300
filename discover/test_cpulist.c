/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/cpulist.h"

static void add(void *context, unsigned number)
{
        char *to = context;
        const size_t len = strlen(to);

        snprintf(to + len, 255 - len, "%u ", number);
}

static void test_lists(void **state)
{
        static const struct {
                const char *text;
                int rc;
                const char *want;
        } cases[] = {
                {"",                     0,        ""            },
                {"\n",                   0,        ""            },
                {"0",                    1,        "0 "          },
                {"0-3\n",                4,        "0 1 2 3 "    },
                {"0,2-3,8",              4,        "0 2 3 8 "    },
                {"0-6:2",                4,        "0 2 4 6 "    },
                {"0-11:2/4",             6,        "0 1 4 5 8 9 "},
                {"3-1",                  -EBADMSG, ""            },
                {"1-",                   -EBADMSG, ""            },
                {"1-4:0",                -EBADMSG, ""            },
                {"1-4:3/2",              -EBADMSG, ""            },
                {"a",                    -EBADMSG, ""            },
                {"1;2",                  -EBADMSG, "1 "          },
                {"8191",                 1,        "8191 "       },
                {"8192",                 -ERANGE,  ""            },
                {"99999999999999999999", -ERANGE,  ""            },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char got[256] = "";

                assert_int_equal(cpulist_read(cases[i].text, add, got), cases[i].rc);
                assert_string_equal(got, cases[i].want);
        }
}

static void test_a_list_that_repeats_itself_has_an_end(void **state)
{
        (void)state;
        assert_int_equal(cpulist_read("0-8191", NULL, NULL), 8192);
        assert_int_equal(cpulist_read("0-8191,0", NULL, NULL), -ERANGE);
}

static void test_maps(void **state)
{
        static const struct {
                const char *text;
                int rc;
                const char *want;
        } cases[] = {
                {"",                  0,        ""        },
                {"f\n",               4,        "0 1 2 3 "},
                {"A0",                2,        "5 7 "    },
                {"00000001,00000002", 2,        "1 32 "   },
                {"00000000,00000000", 0,        ""        },
                {"0x1",               -EBADMSG, NULL      },
                {"1-3",               -EBADMSG, NULL      },
        };
        char long_map[CPULIST_MAX / 4 + 8];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char numbers[256] = "";

                assert_int_equal(cpumap_parse(cases[i].text, add, numbers), cases[i].rc);
                if (cases[i].want)
                        assert_string_equal(numbers, cases[i].want);
        }
        memset(long_map, '0', sizeof(long_map));
        long_map[sizeof(long_map) - 1] = '\0';
        assert_int_equal(cpumap_parse(long_map, NULL, NULL), 0);
        long_map[0] = '1'; /* one CPU more than there can be */
        assert_int_equal(cpumap_parse(long_map, NULL, NULL), -ERANGE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_maps),
                cmocka_unit_test(test_a_list_that_repeats_itself_has_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
