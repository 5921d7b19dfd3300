/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "worker/facts.h"

static const struct {
        const char *text, *want;
} systems[] = {
        {"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=Debian\n",
         "Debian GNU/Linux 12 (bookworm)"                                               },
        {"NAME=x\nPRETTY_NAME=Plain",                                     "Plain"       },
        {"PRETTY_NAME='It costs $1'\n",                                   "It costs $1" },
        {"PRETTY_NAME=\"a \\\"b\\\" \\\\ \\$\"\n",                        "a \"b\" \\ $"},
        {"PRETTY_NAME='a \\ b'\n",                                        "a \\ b"      },
        {"PRETTY_NAME=first\nPRETTY_NAME=last\n",                         "last"        },
        {"PRETTY_NAME=\"not closed\nNAME=x\n",                            "not closed"  },
        {"PRETTY_NAME=ends\\",                                            "ends\\"      },
        {"PRETTY_NAME=ends\\\nNAME=x\n",                                  "ends\\"      },
        {"PRETTY_NAME=\x1b[31m\xc3\xbc\n",                                "?[31m??"     },
        {"PRETTY_NAME=0123456789012345678901234567890123456789\n",
         "0123456789012345678901234567890"                                              },
        {"MY_PRETTY_NAME=x\n",                                            ""            },
        {"PRETTY_NAME=\n",                                                ""            },
        {"",                                                              ""            },
};

static void names_of_systems(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
                char to[32] = "old";

                facts_system(systems[i].text, to, sizeof(to));
                assert_string_equal(to, systems[i].want);
        }
}

static const struct {
        const char *url, *want;
} urls[] = {
        {"https://127.0.0.1:8443",    "127.0.0.1"},
        {"https://127.0.0.1:8443/x",  "127.0.0.1"},
        {"https://127.0.0.1",         "127.0.0.1"},
        {"https://127.0.0.1/x",       "127.0.0.1"},
        {"https://[::1]:8443",        "::1"      },
        {"https://[",                 ""         },
        {"https://[::1",              ""         },
        {"https://127.0.0.1:1234567", ""         },
        {"127.0.0.1",                 ""         },
        {"",                          ""         },
};

static void the_address_towards_a_controller(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
                char text[IP_TEXT_SIZE];

                assert_string_equal(ip_text(text, facts_address(urls[i].url)), urls[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_of_systems),
                cmocka_unit_test(the_address_towards_a_controller),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
