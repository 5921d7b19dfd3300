/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/login_link.h"

#define TOKEN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PIN   "0000000000000000000000000000000000000000000000000000000000000001"

static void test_links(void **state)
{
        static const struct {
                const char *text;
                int rc;
                const char *url;
        } cases[] = {
                {"https://10.77.0.1:8443/#" TOKEN "." PIN,                      0,       "https://10.77.0.1:8443"},
                {"https://10.77.0.1:8443#" TOKEN "." PIN,                       0,       "https://10.77.0.1:8443"},
                {"  cloudie login https://[fd77::1]:8443/#" TOKEN "." PIN "\n", 0,
                 "https://[fd77::1]:8443"                                                                        },
                {"http://10.77.0.1:8443/#" TOKEN "." PIN,                       -EINVAL, NULL                    },
                {"https://10.77.0.1:8443/" TOKEN "." PIN,                       -EINVAL, NULL                    },
                {"https://10.77.0.1:8443/#" TOKEN,                              -EINVAL, NULL                    },
                {"https://10.77.0.1:8443/#" TOKEN ".",                          -EINVAL, NULL                    },
                {"https://10.77.0.1:8443/#" TOKEN "." PIN "0",                  -EINVAL, NULL                    },
                {"https://10.77.0.1:8443/#0" TOKEN "." PIN,                     -EINVAL, NULL                    },
                {"https://user@evil/#" TOKEN "." PIN,                           -EINVAL, NULL                    },
                {"https://a/b/#" TOKEN "." PIN,                                 -EINVAL, NULL                    },
                {"",                                                            -EINVAL, NULL                    },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct credential got = {.url = "untouched"};

                assert_int_equal(login_link_parse(cases[i].text, &got), cases[i].rc);
                assert_string_equal(got.url, cases[i].url ? cases[i].url : "untouched");
                if (!cases[i].url)
                        continue;
                assert_string_equal(got.token, TOKEN);
                /* 31 zero bytes and a one, by `base64`. */
                assert_string_equal(got.pin,
                                    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_links)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
