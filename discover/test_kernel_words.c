/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "discover/kernel_words.h"

static void test_secrets_are_hidden(void **state)
{
        static const struct {
                const char *word, *want;
        } cases[] = {
                {"quiet",                   "quiet"               },
                {"console=ttyS0,115200",    "console=ttyS0,115200"},
                {"root=UUID=1-2",           "root=UUID=1-2"       },
                {"luks.passphrase=hunter2", "luks.passphrase=..." },
                {"API_TOKEN=abc",           "API_TOKEN=..."       },
                {"cloudie.boot=00ff",       "cloudie.boot=..."    },
                {"ip=http://user:pw@host/", "ip=..."              },
                {"x=\"two words\"",         "x=\"two words\""     },
                {"secret=\"two words\"",    "secret=..."          },
        };
        char word[KERNEL_WORD_SIZE];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const char *at = cases[i].word;

                assert_true(kernel_word_next(&at, word));
                assert_string_equal(word, cases[i].want);
                assert_false(kernel_word_next(&at, word));
        }
}

static void test_long_words(void **state)
{
        char text[1000], word[KERNEL_WORD_SIZE];
        const char *at = text;

        (void)state;
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        assert_true(kernel_word_next(&at, word));
        assert_string_equal(word + strlen(word) - 4, "x...");
        assert_false(kernel_word_next(&at, word));
}

static void test_missing_firmware(void **state)
{
        const char *at =
                "[ 1.0] e100 0000:00:03.0: Direct firmware load for e100/d101m_ucode.bin failed "
                "with error -2\n"
                "[ 1.1] nothing of the kind\n"
                "[ 1.2] r8169 0000:01:00.0: firmware: failed to load rtl_nic/rtl8168e-3.fw "
                "(-2)\n"
                "[ 1.3] Direct firmware load for cut";
        char word[KERNEL_WORD_SIZE];

        (void)state;
        assert_true(kernel_missing_firmware_next(&at, word));
        assert_string_equal(word, "e100/d101m_ucode.bin");
        assert_true(kernel_missing_firmware_next(&at, word));
        assert_string_equal(word, "rtl_nic/rtl8168e-3.fw");
        assert_false(kernel_missing_firmware_next(&at, word));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_secrets_are_hidden),
                cmocka_unit_test(test_long_words),
                cmocka_unit_test(test_missing_firmware),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
