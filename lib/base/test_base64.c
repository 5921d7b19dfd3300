/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

/* RFC 4648 section 10. */
static void test_base64(void **state)
{
        static const struct {
                const char *plain, *text;
        } rows[] = {
                {"",       ""        },
                {"f",      "Zg=="    },
                {"fo",     "Zm8="    },
                {"foo",    "Zm9v"    },
                {"foob",   "Zm9vYg=="},
                {"fooba",  "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _free_ char *text = NULL;
                _free_ uint8_t *plain = NULL;
                size_t size;

                assert_int_equal(base64_encode(rows[i].plain, strlen(rows[i].plain), &text), 0);
                assert_string_equal(text, rows[i].text);
                assert_int_equal(base64_decode(text, strlen(text), &plain, &size), 0);
                assert_int_equal(size, strlen(rows[i].plain));
                assert_memory_equal(plain, rows[i].plain, size);
        }
}

static void test_base64_is_strict(void **state)
{
        static const char *const rows[] = {
                "Z",    "Zg",   "Zg=", "Zg==\n",   "Z g=", "Zh==",  "Zm9=",  "=Zg=",
                "Z===", "====", "=",   "Zg==Zg==", "Zm-_", "Zm9v=", "Zm\0v", "Zm9v Zm9v"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint8_t *plain;
                size_t size;

                assert_int_equal(
                        base64_decode(rows[i], i == 14 ? 4 : strlen(rows[i]), &plain, &size),
                        -EBADMSG);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_base64),
                cmocka_unit_test(test_base64_is_strict),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
