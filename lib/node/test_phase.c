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

#include "lib/node/phase.h"

static void test_names(void **state)
{
        enum node_phase phase = PHASE_COUNT;

        (void)state;
        for (unsigned i = 0; i < PHASE_COUNT; i++) {
                assert_non_null(node_phase_names[i]);
                assert_int_equal(node_phase_parse(node_phase_names[i], &phase), 0);
                assert_int_equal(phase, i);
        }
        assert_null(node_phase_names[PHASE_COUNT]);
        assert_int_equal(node_phase_parse("Ready", &phase), -EINVAL);
        assert_int_equal(node_phase_parse("", &phase), -EINVAL);
        for (unsigned i = 0; i < WAY_COUNT; i++)
                assert_non_null(node_way_names[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
