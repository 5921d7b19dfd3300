/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netboot/flood.h"

static void test_burst_then_rate(void **state)
{
        struct flood flood = {0};
        uint64_t allowed = 0, told = 0, left_out;

        (void)state;
        for (uint64_t i = 0; i < FLOOD_BURST; i++)
                assert_true(flood_allows(&flood, 1000, &left_out));
        assert_false(flood_allows(&flood, 1000, &left_out));
        assert_int_equal(left_out, 0);

        /* 5,000 a second for a minute; each that is left out is counted once. */
        for (uint64_t i = 0; i < 300000; i++) {
                allowed += flood_allows(&flood, 1000 + i / 5, &left_out);
                told += left_out;
        }
        assert_in_range(allowed, 59 * FLOOD_RATE, 61 * FLOOD_RATE);
        assert_true(flood_allows(&flood, 1000000, &left_out));
        assert_int_equal(told + left_out, 300000 - allowed + 1);
        for (uint64_t i = 1; i < FLOOD_BURST; i++)
                assert_true(flood_allows(&flood, 1000000, &left_out));
        assert_false(flood_allows(&flood, 1000000, &left_out));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_burst_then_rate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
