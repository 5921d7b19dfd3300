/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netboot/strangers.h"

static struct mac_address mac_of(unsigned n)
{
        return (struct mac_address){
                {2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}
        };
}

static bool tell(struct strangers *strangers, unsigned n, uint64_t now_ms)
{
        const struct mac_address mac = mac_of(n);
        uint64_t left_out;

        return strangers_tell(strangers, &mac, now_ms, &left_out);
}

static void test_once_an_attempt(void **state)
{
        struct strangers strangers = {0};

        (void)state;
        assert_true(tell(&strangers, 1, 1000));
        assert_false(tell(&strangers, 1, 1000 + 4000));
        assert_false(tell(&strangers, 1, 1000 + STRANGERS_AGAIN_MS - 1));
        assert_true(tell(&strangers, 2, 1000 + 4000));
        assert_true(tell(&strangers, 1, 1000 + STRANGERS_AGAIN_MS));
        assert_false(tell(&strangers, 1, 1000 + STRANGERS_AGAIN_MS + 1));
}

/* Whoever invents MACs keeps others from being told of for a minute, and no longer. */
static void test_a_flood_has_an_end(void **state)
{
        struct strangers strangers = {0};
        const struct mac_address mac = mac_of(60000);
        uint64_t left_out = 99;
        unsigned told = 0;

        (void)state;
        for (unsigned n = 0; n < 10000; n++)
                told += tell(&strangers, n, 1000 + n / 100);
        assert_int_equal(told, STRANGERS_MAX_TOLD);
        assert_false(strangers_tell(&strangers, &mac, 2000, &left_out));
        assert_true(strangers_tell(&strangers, &mac, 2000 + STRANGERS_AGAIN_MS, &left_out));
        assert_int_equal(left_out, 10000 - STRANGERS_MAX_TOLD + 1);
        assert_true(strangers_tell(&strangers, &(struct mac_address){{2}},
                                   2000 + STRANGERS_AGAIN_MS, &left_out));
        assert_int_equal(left_out, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_once_an_attempt),
                cmocka_unit_test(test_a_flood_has_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
