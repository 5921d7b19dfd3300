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

/* Every way from every phase, as the design's table has it. */
static void test_the_whole_table(void **state)
{
        static const struct {
                enum node_way way;
                unsigned from; /* bit per phase */
                enum node_phase to;
        } want[WAY_COUNT] = {
                [WAY_DISCOVER] = {WAY_DISCOVER, 1u << PHASE_NONE,                                   PHASE_DISCOVERED},
                [WAY_ACCEPT] = {WAY_ACCEPT,   1u << PHASE_DISCOVERED,                             PHASE_READY     },
                [WAY_DELETE] = {WAY_DELETE,
                                  1u << PHASE_DISCOVERED | 1u << PHASE_READY | 1u << PHASE_RETIRED,
                                  PHASE_NONE                                                                        },
        };

        (void)state;
        for (unsigned way = 0; way < WAY_COUNT; way++) {
                for (unsigned from = 0; from < PHASE_COUNT; from++) {
                        const char *why = NULL;
                        enum node_phase to = PHASE_COUNT;
                        const int rc = node_phase_change((enum node_phase)from, (enum node_way)way,
                                                         &why, &to);

                        if (want[way].from & 1u << from) {
                                assert_int_equal(rc, 0);
                                assert_int_equal(to, want[way].to);
                                assert_null(why);
                        } else {
                                assert_int_equal(rc, -EPERM);
                                assert_int_equal(to, PHASE_COUNT); /* untouched */
                                assert_non_null(why);
                        }
                }
        }
}

/* What is refused is also refused without a place for the reason. */
static void test_the_reason_is_optional(void **state)
{
        enum node_phase to;

        (void)state;
        assert_int_equal(node_phase_change(PHASE_READY, WAY_ACCEPT, NULL, &to), -EPERM);
}

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
                cmocka_unit_test(test_the_whole_table),
                cmocka_unit_test(test_the_reason_is_optional),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
