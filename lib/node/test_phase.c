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

#include "lib/base/cleanup.h"
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
        for (unsigned i = 0; i < OPERATION_STATE_COUNT; i++)
                assert_non_null(operation_state_names[i]);
}

/*
 * The whole table, written a second time: for each way and phase one letter for
 * each state of the operation (none, waiting, running, succeeded, failed,
 * aborted): the
 * state that follows, or a dot where the way is refused.
 */
#define REFUSED "......"
#define SAME    PHASE_COUNT
/* clang-format off */
static const struct {
        enum node_phase to;
        bool is_operators;
        const char *then[PHASE_COUNT]; /* none, discovered, ready, reserved, deployed, retired */
} expected[WAY_COUNT] = {
        [WAY_DISCOVER] = {PHASE_DISCOVERED, false,
                {"nnnnnn", REFUSED, REFUSED, REFUSED, REFUSED, REFUSED}},
        [WAY_ACCEPT] = {PHASE_READY, true,
                {REFUSED, "nwrsfa", REFUSED, REFUSED, REFUSED, REFUSED}},
        [WAY_LOOK] = {SAME, true,
                {REFUSED, "nwrsfa", REFUSED, REFUSED, REFUSED, REFUSED}},
        [WAY_DELETE] = {PHASE_NONE, true,
                {REFUSED, "n..nnn", "n..nnn", REFUSED, REFUSED, "n..nnn"}},
        [WAY_INSTALL] = {SAME, true,
                {REFUSED, REFUSED, "w..www", "w..www", REFUSED, REFUSED}},
        [WAY_RETRY] = {SAME, true,
                {REFUSED, REFUSED, ".ww.ww", ".ww.ww", REFUSED, REFUSED}},
        [WAY_START] = {SAME, false,
                {REFUSED, REFUSED, ".r....", ".r....", REFUSED, REFUSED}},
        [WAY_QUEUE] = {SAME, false,
                {REFUSED, REFUSED, "..w...", "..w...", REFUSED, REFUSED}},
        [WAY_ABORT] = {SAME, true,
                {".aa...", ".aa...", ".aa...", ".aa...", ".aa...", ".aa..."}},
        [WAY_FAIL] = {SAME, false,
                {".ff...", ".ff...", ".ff...", ".ff...", ".ff...", ".ff..."}},
        [WAY_INSTALLED] = {PHASE_DEPLOYED, false,
                {REFUSED, REFUSED, "..s...", "..s...", REFUSED, REFUSED}},
        [WAY_RELEASE] = {PHASE_READY, true,
                {REFUSED, REFUSED, REFUSED, REFUSED, "n..sfa", REFUSED}},
        [WAY_RETIRE] = {PHASE_RETIRED, true,
                {REFUSED, "n..sfa", "n..sfa", "n..sfa", "n..sfa", REFUSED}},
        [WAY_UNRETIRE] = {PHASE_DISCOVERED, true,
                {REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, "nwrsfa"}},
        [WAY_RESERVE] = {PHASE_RESERVED, true,
                {REFUSED, REFUSED, "n..sfa", REFUSED, REFUSED, REFUSED}},
        [WAY_UNRESERVE] = {PHASE_READY, true,
                {REFUSED, REFUSED, REFUSED, "naasfa", REFUSED, REFUSED}},
};
/* clang-format on */

static void check_way(struct node_state from, enum node_way way)
{
        static const char letters[] = "nwrsfa";
        const char then = expected[way].then[from.phase][from.operation];
        const struct node_state untouched = {PHASE_COUNT, OPERATION_STATE_COUNT};
        struct node_state to = untouched;
        const char *why = NULL;
        int rc;

        rc = node_way_take(from, way, &why, &to);
        if (rc != (then == '.' ? -EPERM : 0))
                fail_msg("%s from %s, %s: %d", node_way_names[way], node_phase_names[from.phase],
                         operation_state_names[from.operation], rc);
        if (rc < 0) {
                assert_non_null(why);
                assert_true(strlen(why) > 10);
                assert_memory_equal(&to, &untouched, sizeof(to));
                assert_int_equal(node_way_take(from, way, NULL, &to), -EPERM);
                return;
        }
        assert_int_equal(letters[to.operation], then);
        assert_int_equal(to.phase, expected[way].to == SAME ? from.phase : expected[way].to);
        assert_int_equal(node_way_take(from, way, NULL, &from), 0); /* in place */
        assert_memory_equal(&from, &to, sizeof(to));
}

static void test_every_way_from_every_state(void **state)
{
        (void)state;
        for (unsigned way = 0; way < WAY_COUNT; way++) {
                assert_int_equal(node_way_is_operators(way), expected[way].is_operators);
                for (unsigned i = 0; i < PHASE_COUNT * OPERATION_STATE_COUNT; i++)
                        check_way((struct node_state){i / OPERATION_STATE_COUNT,
                                                      i % OPERATION_STATE_COUNT},
                                  way);
        }
}

#define STATES (PHASE_COUNT * OPERATION_STATE_COUNT)

/* All that can come of a machine, by any way; breadth first. */
static size_t walk(struct node_state reached[static STATES])
{
        bool seen[PHASE_COUNT][OPERATION_STATE_COUNT] = {{false}};
        size_t count = 1;

        reached[0] = (struct node_state){PHASE_NONE, OPERATION_NONE};
        seen[PHASE_NONE][OPERATION_NONE] = true;
        for (size_t at = 0; at < count; at++) {
                for (unsigned way = 0; way < WAY_COUNT; way++) {
                        struct node_state to;

                        if (node_way_take(reached[at], way, NULL, &to) < 0 ||
                            seen[to.phase][to.operation])
                                continue;
                        seen[to.phase][to.operation] = true;
                        reached[count++] = to;
                }
        }
        return count;
}

static bool is_home(struct node_state s)
{
        return (s.phase == PHASE_READY || s.phase == PHASE_RETIRED) &&
               s.operation != OPERATION_RUNNING && s.operation != OPERATION_WAITING;
}

/* Ready or retired, with nothing running: one thing for an operator to do, wherever a node is. */
static void test_one_way_leads_home(void **state)
{
        struct node_state reached[STATES];
        const size_t count = walk(reached);

        (void)state;
        assert_true(count >= 18); /* it does walk */
        for (size_t i = 0; i < count; i++) {
                bool leads_home = reached[i].phase == PHASE_NONE || is_home(reached[i]);

                for (unsigned way = 0; way < WAY_COUNT; way++) {
                        struct node_state to;

                        if (node_way_is_operators(way) &&
                            node_way_take(reached[i], way, NULL, &to) == 0 && is_home(to))
                                leads_home = true;
                }
                if (!leads_home)
                        fail_msg("no way home from %s, %s", node_phase_names[reached[i].phase],
                                 operation_state_names[reached[i].operation]);
        }
}

static void test_what_runs_can_be_aborted_and_tried_again(void **state)
{
        struct node_state reached[STATES], to;
        const size_t count = walk(reached);
        size_t running = 0;

        (void)state;
        for (size_t i = 0; i < count; i++) {
                if (reached[i].operation != OPERATION_RUNNING &&
                    reached[i].operation != OPERATION_WAITING)
                        continue;
                running++;
                assert_int_equal(node_way_take(reached[i], WAY_RETRY, NULL, &to), 0);
                assert_int_equal(to.operation, OPERATION_WAITING);
                assert_int_equal(node_way_take(reached[i], WAY_ABORT, NULL, &to), 0);
                assert_int_equal(to.phase, reached[i].phase);
                assert_int_equal(node_way_take(to, WAY_RETRY, NULL, &to), 0);
                assert_int_equal(node_way_take(reached[i], WAY_FAIL, NULL, &to), 0);
                assert_int_equal(to.phase, reached[i].phase);
                assert_int_equal(node_way_take(to, WAY_RETRY, NULL, &to), 0);
        }
        assert_true(running >= 4); /* ready, and reserved */
}

/* What is asked for waits first; only its turn lets it run, and only what runs ends well. */
static void test_nothing_runs_before_its_turn(void **state)
{
        struct node_state reached[STATES], to;
        const size_t count = walk(reached);

        (void)state;
        for (size_t i = 0; i < count; i++) {
                for (unsigned way = 0; way < WAY_COUNT; way++) {
                        if (node_way_take(reached[i], way, NULL, &to) < 0)
                                continue;
                        if (to.operation == OPERATION_RUNNING &&
                            reached[i].operation != OPERATION_RUNNING) {
                                assert_int_equal(way, WAY_START);
                                assert_int_equal(reached[i].operation, OPERATION_WAITING);
                        }
                        if (to.operation == OPERATION_SUCCEEDED &&
                            reached[i].operation != OPERATION_SUCCEEDED)
                                assert_int_equal(reached[i].operation, OPERATION_RUNNING);
                }
        }
}

/* What is deployed is so by its own word, and stays it until an operator says else. */
static void test_deployed_is_entered_and_left_by_few_ways(void **state)
{
        (void)state;
        for (unsigned way = 0; way < WAY_COUNT; way++) {
                for (unsigned i = 0; i < STATES; i++) {
                        const struct node_state from = {i / OPERATION_STATE_COUNT,
                                                        i % OPERATION_STATE_COUNT};
                        struct node_state to;

                        if (node_way_take(from, way, NULL, &to) < 0)
                                continue;
                        if (to.phase == PHASE_DEPLOYED && from.phase != PHASE_DEPLOYED)
                                assert_int_equal(way, WAY_INSTALLED);
                        if (from.phase == PHASE_DEPLOYED && to.phase != PHASE_DEPLOYED)
                                assert_true(way == WAY_RELEASE || way == WAY_RETIRE);
                        if (to.phase == PHASE_RETIRED && from.phase != PHASE_RETIRED)
                                assert_int_equal(way, WAY_RETIRE);
                        if (to.phase == PHASE_RESERVED && from.phase != PHASE_RESERVED)
                                assert_int_equal(way, WAY_RESERVE);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_every_way_from_every_state),
                cmocka_unit_test(test_one_way_leads_home),
                cmocka_unit_test(test_what_runs_can_be_aborted_and_tried_again),
                cmocka_unit_test(test_nothing_runs_before_its_turn),
                cmocka_unit_test(test_deployed_is_entered_and_left_by_few_ways),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
