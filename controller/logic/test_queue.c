/* SPDX-License-Identifier: GPL-3.0-or-later */
/* More installs than may run at once. */

#include "controller/logic/ended.h"
#include "controller/logic/maintenance.h"
#include "controller/logic/queue.h"
#include "controller/logic/test_machine.h"
#include "controller/store/change.h"

#define MANY 60

static struct node *add_node(struct fixture *f, const char *name)
{
        struct node *node = node_new();

        assert_non_null(node);
        snprintf(node->name, sizeof(node->name), "%s", name);
        node->phase = PHASE_READY;
        assert_int_equal(node_add(f->logic, node), 0);
        return node;
}

static int begin(struct fixture *f, struct node *node)
{
        const struct install_request wanted =
                request(node->operation.state == OPERATION_FAILED ||
                                node->operation.state == OPERATION_ABORTED,
                        false);
        const char *why = NULL;

        return operation_begin(f->logic, node, &wanted, f->now, f->change, &why);
}

static size_t length(const struct list *list)
{
        size_t count = 0;

        LIST_FOR_EACH(list, at)
        {
                count++;
        }
        return count;
}

static struct node *nth(struct fixture *f, unsigned i)
{
        char name[NODE_NAME_SIZE];

        snprintf(name, sizeof(name), "n%03u", i);
        return node_find(f->logic, name);
}

static void begin_many(struct fixture *f)
{
        char name[NODE_NAME_SIZE];

        for (unsigned i = 0; i < MANY; i++) {
                snprintf(name, sizeof(name), "n%03u", i);
                assert_int_equal(begin(f, add_node(f, name)), 0);
        }
}

static void end_well(struct fixture *f, struct node *node)
{
        node->operation.step = INSTALL_PHONE_HOME;
        assert_int_equal(operation_succeed(f->logic, node, "it runs", f->now, f->change), 0);
}

static void test_so_many_run_and_the_others_wait_in_order(void **state)
{
        struct fixture *f = *state;
        const size_t limit = f->logic->limits.installs;

        begin_many(f);
        assert_int_equal(length(&f->logic->running), limit);
        assert_int_equal(length(&f->logic->waiting), MANY - limit);
        queue_forecast(f->logic, f->now);
        for (unsigned i = 0; i < MANY; i++) {
                assert_int_equal(nth(f, i)->operation.state,
                                 i < limit ? OPERATION_RUNNING : OPERATION_WAITING);
                if (i < limit)
                        continue;
                assert_int_equal(nth(f, i)->place, i - limit + 1);
                assert_int_equal(nth(f, i)->expected_ms, 0); /* nothing has ended yet */
                assert_int_equal(nth(f, i)->operation.step, INSTALL_QUEUE);
                assert_true(nth(f, i)->operation.deadline_ms > f->now);
        }
        /* Each end lets the next one start, in the order in which they were asked for. */
        for (unsigned i = 0; i < MANY; i++) {
                end_well(f, nth(f, i));
                operations_tick(f->logic, f->now, f->change);
                for (unsigned j = 0; j < MANY; j++)
                        assert_int_equal(nth(f, j)->operation.state, j <= i ? OPERATION_SUCCEEDED
                                                                     : j <= i + limit
                                                                             ? OPERATION_RUNNING
                                                                             : OPERATION_WAITING);
        }
}

static void test_who_waits_can_be_aborted_and_asked_for_again(void **state)
{
        struct fixture *f = *state;
        struct node *node;
        const char *why = NULL;

        begin_many(f);
        node = nth(f, 30);
        assert_int_equal(begin(f, node), -EPERM);
        assert_int_equal(operation_abort(f->logic, node, "admin", f->now, f->change, &why), 0);
        assert_int_equal(node->operation.cause, CAUSE_ABORTED);
        assert_false(node->is_dirty);
        assert_int_equal(begin(f, node), 0);
        assert_int_equal(node->operation.state, OPERATION_WAITING);
        queue_forecast(f->logic, f->now);
        assert_int_equal(node->place, MANY - f->logic->limits.installs); /* the last one */
        assert_int_equal(nth(f, 31)->place, 31 - f->logic->limits.installs);
}

static void test_a_wait_has_an_end_with_a_cause(void **state)
{
        struct fixture *f = *state;
        struct node *node;

        f->logic->limits.installs = 1;
        begin_many(f);
        node = nth(f, 1);
        f->logic->limits.installs = 0;
        f->now += operation_steps[INSTALL_QUEUE].deadline_ms - 1;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(node->operation.state, OPERATION_WAITING);
        f->now++;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(node->operation.state, OPERATION_FAILED);
        assert_int_equal(node->operation.cause, CAUSE_QUEUE_STUCK);
        assert_true(list_is_empty(&f->logic->waiting));
        /* A start of the daemon, or a clock that was set, is nobody's silence. */
        assert_int_equal(begin(f, node), 0);
        f->now += 2ULL * operation_steps[INSTALL_QUEUE].deadline_ms;
        operations_resume(f->logic, f->now);
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(node->operation.state, OPERATION_WAITING);
}

/* A rack that is off must not keep one that is on from being installed. */
static void test_a_machine_that_does_not_come_gives_its_turn_away(void **state)
{
        struct fixture *f = *state;

        f->logic->limits.installs = 1;
        assert_int_equal(install(f, false), 0); /* the fixture's own, which is off */
        (void)add_node(f, "n000");
        (void)add_node(f, "n001");
        assert_int_equal(begin(f, nth(f, 0)), 0);
        assert_int_equal(begin(f, nth(f, 1)), 0);
        operations_tick(f->logic, f->now + 5 * MINUTE, f->change);
        assert_int_equal(nth(f, 0)->operation.state, OPERATION_WAITING);
        f->now += 7 * MINUTE;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        assert_int_equal(nth(f, 0)->operation.state, OPERATION_RUNNING);
        assert_int_equal(nth(f, 1)->operation.state, OPERATION_WAITING);
        /* It comes late: its place is before those that asked later. */
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(f->node->operation.state, OPERATION_WAITING);
        assert_true(f->node->operation.deadline_ms > f->now);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        end_well(f, nth(f, 0));
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        assert_int_equal(nth(f, 1)->operation.state, OPERATION_WAITING);
        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(f->node->operation.step, INSTALL_PLAN);
}

static void test_a_link_bears_so_much(void **state)
{
        struct fixture *f = *state;
        char credential[WIRE_TOKEN_SIZE];
        uint64_t other;

        assert_int_equal(edge_join(f->logic, "other", f->now, f->change, credential), 0);
        other = f->logic->last_edge;
        f->logic->limits.link_mbit = 1000;
        f->logic->limits.install_mbit = 400;
        for (unsigned i = 0; i < 6; i++) {
                char name[NODE_NAME_SIZE];

                snprintf(name, sizeof(name), "n%03u", i);
                add_node(f, name)->edge = i < 4 ? f->edge->row.id : other;
                assert_int_equal(begin(f, nth(f, i)), 0);
        }
        /* Two over each; and those of another rack do not wait for this one. */
        for (unsigned i = 0; i < 6; i++)
                assert_int_equal(nth(f, i)->operation.state,
                                 i < 2 || i >= 4 ? OPERATION_RUNNING : OPERATION_WAITING);
        /* What has its image does not burden the link any more. */
        nth(f, 0)->operation.step = INSTALL_SEED;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(nth(f, 2)->operation.state, OPERATION_RUNNING);
        assert_int_equal(nth(f, 3)->operation.state, OPERATION_WAITING);
        /* One at least. */
        f->logic->limits.link_mbit = 1;
        for (unsigned i = 0; i < 3; i++)
                nth(f, i)->operation.step = INSTALL_SEED;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(nth(f, 3)->operation.state, OPERATION_RUNNING);
}

static void test_what_cannot_begin_lets_others_pass(void **state)
{
        struct fixture *f = *state;
        const struct maintenance_word word = {true, "a fan", "admin"};

        f->logic->limits.installs = 1;
        begin_many(f);
        f->now++;
        maintenance_set(f->logic, nth(f, 1), &word, f->now, f->change);
        nth(f, 2)->is_in_conflict = true;
        end_well(f, nth(f, 0));
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(nth(f, 1)->operation.state, OPERATION_WAITING);
        assert_int_equal(nth(f, 2)->operation.state, OPERATION_WAITING);
        assert_int_equal(nth(f, 3)->operation.state, OPERATION_RUNNING);
        /* Who asks for it while it is in maintenance means it. */
        end_well(f, nth(f, 3));
        nth(f, 1)->operation.queued_ms = f->now;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(nth(f, 1)->operation.state, OPERATION_RUNNING);
}

static void test_when_a_turn_is_expected(void **state)
{
        struct fixture *f = *state;

        f->logic->limits.installs = 2;
        begin_many(f);
        f->now += 4 * MINUTE;
        operation_set_step(nth(f, 0), INSTALL_PHONE_HOME, f->now);
        end_well(f, nth(f, 0));
        operations_tick(f->logic, f->now, f->change); /* n002 starts */
        queue_forecast(f->logic, f->now);
        assert_int_equal(ended_turn_ms(f->logic, "worker"), 4 * MINUTE);
        assert_int_equal(ended_turn_ms(f->logic, "another"), 4 * MINUTE);
        assert_int_equal(nth(f, 3)->expected_ms, f->now); /* n001 is as old as that */
        assert_int_equal(nth(f, 4)->expected_ms, f->now + 4 * MINUTE);
        assert_int_equal(nth(f, 5)->expected_ms, f->now + 4 * MINUTE);
        assert_int_equal(nth(f, 6)->expected_ms, f->now + 8 * MINUTE);
}

/* What was written of ended operations is what a start of the daemon finds. */
static void test_what_ended_is_kept(void **state)
{
        struct fixture *f = *state;
        const struct ended *ended;
        struct ended read;
        uint64_t number;

        assert_int_equal(install(f, false), 0);
        number = f->node->operation.number;
        assert_null(ended_find(f->logic, number));
        f->now += MINUTE;
        assert_int_equal(abort_it(f), 0);
        ended = ended_find(f->logic, number);
        assert_non_null(ended);
        assert_int_equal(ended->step_ms[INSTALL_AGENT], MINUTE);
        assert_int_equal(ended->operation.cause, CAUSE_ABORTED);
        for (const struct op *op = f->change->first; op; op = op->next) {
                if (op->kind != OP_PUT_DOCUMENT || strcmp(op->document.kind, ENDED_KIND) != 0)
                        continue;
                assert_int_equal(ended_decode(op->body, &read), 0);
                read.version = op->document.version;
                assert_memory_equal(&read, ended, sizeof(read));
                number = 0;
        }
        assert_int_equal(number, 0); /* it was there */
        assert_true(ended_decode("{}", &read) < 0);
        assert_true(ended_decode("{\"operation\":{\"number\":1}}", &read) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_so_many_run_and_the_others_wait_in_order,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(test_who_waits_can_be_aborted_and_asked_for_again,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_wait_has_an_end_with_a_cause, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(
                        test_a_machine_that_does_not_come_gives_its_turn_away, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_link_bears_so_much, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_cannot_begin_lets_others_pass, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_when_a_turn_is_expected, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_ended_is_kept, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
