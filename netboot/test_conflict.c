/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netboot/conflict.h"

static struct ip4_address ip(uint32_t number)
{
        return (struct ip4_address){.be = number};
}

static void test_only_what_was_asked(void **state)
{
        struct conflicts conflicts = {0};

        (void)state;
        assert_false(conflicts_was_asked(&conflicts, ip(0), 0));
        assert_true(conflicts_ask(&conflicts, ip(7), 1000));
        assert_true(conflicts_was_asked(&conflicts, ip(7), 1000 + CONFLICT_WAIT_MS - 1));
        assert_false(conflicts_was_asked(&conflicts, ip(7), 1000 + CONFLICT_WAIT_MS));
        assert_false(conflicts_was_asked(&conflicts, ip(8), 1000));
}

static void test_a_flood_asks_no_more(void **state)
{
        struct conflicts conflicts = {0};

        (void)state;
        for (uint32_t i = 1; i <= CONFLICT_MAX_ASKED; i++)
                assert_true(conflicts_ask(&conflicts, ip(i), 1000));
        assert_false(conflicts_ask(&conflicts, ip(99), 1000));
        assert_true(conflicts_was_asked(&conflicts, ip(1), 1000));
        assert_true(conflicts_ask(&conflicts, ip(99), 1000 + CONFLICT_WAIT_MS));
        assert_true(conflicts_was_asked(&conflicts, ip(99), 1000 + CONFLICT_WAIT_MS));
}

/* A router that answers for others has no address of theirs: machines must boot beside it. */
static void test_who_answers_for_all_is_not_believed(void **state)
{
        const struct mac_address router =
                                         {
                                                 {2, 0, 0, 0, 0, 1}
        },
                                 other = {{2, 0, 0, 0, 0, 2}};
        struct conflicts conflicts = {0};

        (void)state;
        for (size_t i = 0; i < CONFLICT_MAX_OF_ONE; i++) {
                assert_true(conflicts_believes(&conflicts, &router, 1000));
                conflicts_note(&conflicts, &router, 1000);
        }
        assert_false(conflicts_believes(&conflicts, &router, 1000 + CONFLICT_FORGET_MS - 1));
        assert_true(conflicts_believes(&conflicts, &other, 1000));
        assert_true(conflicts_believes(&conflicts, &router, 1000 + CONFLICT_FORGET_MS));
        conflicts_note(&conflicts, &other, 2000);
        assert_true(conflicts_believes(&conflicts, &router, 2000));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_what_was_asked),
                cmocka_unit_test(test_a_flood_asks_no_more),
                cmocka_unit_test(test_who_answers_for_all_is_not_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
