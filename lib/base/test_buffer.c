/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"

static void it_grows_and_stays_a_text(void **state)
{
        _buffer_ struct buffer b = {0};
        _free_ char *text = NULL;

        (void)state;
        for (int i = 0; i < 1000; i++) {
                buffer_format(&b, "%d,", i);
                assert_int_equal(strlen(b.bytes), b.size);
        }
        buffer_text(&b, "end");
        assert_int_equal(buffer_take(&b, &text), 0);
        assert_int_equal(strlen(text), 10 * 2 + 90 * 3 + 900 * 4 + 3);
        assert_memory_equal(text, "0,1,2,", 6);
        assert_string_equal(text + strlen(text) - 7, "999,end");
        assert_null(b.bytes);
}

static void nothing_gives_an_empty_text(void **state)
{
        struct buffer b = {0};
        _free_ char *text = NULL;

        (void)state;
        assert_int_equal(buffer_take(&b, &text), 0);
        assert_string_equal(text, "");
}

static void the_limit_is_exact_and_remembered(void **state)
{
        _buffer_ struct buffer b = {.limit = 10};
        char *text = NULL;

        (void)state;
        buffer_add(&b, "0123456789", 10);
        assert_int_equal(b.rc, 0);
        buffer_add(&b, "", 0);
        assert_int_equal(b.rc, 0);
        buffer_format(&b, "%s", "x");
        assert_int_equal(b.rc, -E2BIG);
        assert_int_equal(b.size, 10);
        buffer_text(&b, "");
        assert_int_equal(buffer_take(&b, &text), -E2BIG);
        assert_null(text);
        assert_int_equal(b.rc, 0); /* it may be used again */
        buffer_add(&b, "01234567890", 11);
        assert_int_equal(b.rc, -E2BIG);
        buffer_add(&b, NULL, SIZE_MAX);
        assert_int_equal(b.rc, -E2BIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_grows_and_stays_a_text),
                cmocka_unit_test(nothing_gives_an_empty_text),
                cmocka_unit_test(the_limit_is_exact_and_remembered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
