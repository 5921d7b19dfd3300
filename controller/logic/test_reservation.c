/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node is somebody's: taken, installed, given back. */

#include "controller/logic/reservation.h"
#include "controller/logic/rules.h"
#include "controller/logic/test_machine.h"

static int reserve(struct fixture *f, const char *holder, const char *reason)
{
        const struct reservation_word word = {holder, reason, "admin"};
        const char *why = NULL;

        return reservation_begin(f->logic, f->node, &word, f->now, f->change, &why);
}

static int give_back(struct fixture *f)
{
        const char *why = NULL;

        return reservation_end(f->logic, f->node, "admin", f->now, f->change, &why);
}

static enum boot_action plan_of(const struct fixture *f)
{
        struct boot_plan plan;

        node_plan(f->logic, f->node, &plan);
        return plan.action;
}

static void test_taken_and_given_back(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        f->node->is_install_wanted = true; /* by a rule, which comes too late */
        assert_int_equal(give_back(f), -EPERM);
        assert_int_equal(reserve(f, "anna", "two\nlines"), 0);
        assert_int_equal(f->node->phase, PHASE_RESERVED);
        assert_string_equal(f->node->reserved.holder, "anna");
        assert_string_equal(f->node->reserved.reason, "two lines");
        assert_int_equal(f->node->reserved.since_ms, f->now);
        assert_int_equal(f->logic->by_phase[PHASE_RESERVED], 1);
        assert_false(f->node->is_install_wanted);
        assert_false(rules_may_touch(f->node, &why));
        assert_string_equal(why, "it is reserved");
        assert_int_equal(plan_of(f), BOOT_DISK);
        assert_int_equal(f->node->disk_macs, 1); /* while the controller is away, too */
        assert_int_equal(poll_orders(f), ORDER_HOLD);

        assert_int_equal(reserve(f, "bert", ""), -EPERM);
        assert_int_equal(accept_node(f), -EPERM);
        assert_int_equal(give_back(f), 0);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_string_equal(f->node->reserved.holder, "");
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
        assert_int_equal(reserve(f, "", ""), 0);
        assert_string_equal(f->node->reserved.holder, "admin");
}

static void test_what_only_its_holder_does(void **state)
{
        static const bool is_his[WAY_COUNT] = {
                [WAY_INSTALL] = true,
                [WAY_RETRY] = true,
                [WAY_UNRESERVE] = true,
                [WAY_RETIRE] = true,
        };
        struct fixture *f = *state;

        for (unsigned way = 0; way < WAY_COUNT; way++)
                assert_false(reservation_stops(f->node, (enum node_way)way, "admin"));
        assert_int_equal(reserve(f, "anna", ""), 0);
        for (unsigned way = 0; way < WAY_COUNT; way++) {
                assert_false(reservation_stops(f->node, (enum node_way)way, "anna"));
                assert_int_equal(reservation_stops(f->node, (enum node_way)way, "Anna"),
                                 is_his[way]);
        }
}

/* Reserved until it is deployed, and nobody's afterwards. */
static void test_installed(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(reserve(f, "anna", ""), 0);
        go_to(f, INSTALL_WRITE);
        assert_int_equal(f->node->phase, PHASE_RESERVED);
        assert_int_equal(plan_of(f), BOOT_INSTALL);
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(f->node->phase, PHASE_RESERVED);
        assert_string_equal(f->node->reserved.holder, "anna");
        assert_int_equal(plan_of(f), BOOT_DISK);
        boot(f);
        report(f);
        go_to(f, INSTALL_PHONE_HOME);
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        assert_string_equal(f->node->reserved.holder, "");
        assert_int_equal(release(f), 0);
        assert_int_equal(f->node->phase, PHASE_READY);
}

/* In a conflict no reserved machine is installed, either. */
static void test_conflict(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(reserve(f, "anna", ""), 0);
        go_to(f, INSTALL_WRITE);
        node_set_conflict(f->logic, f->node, &mac, "two", f->now, f->change);
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
}

/* What goes on was its holder's wish. */
static void test_given_back_while_it_is_installed(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(reserve(f, "anna", ""), 0);
        f->logic->limits.installs = 0;
        assert_int_equal(install(f, false), 0);
        assert_int_equal(f->node->operation.state, OPERATION_WAITING);
        assert_int_equal(plan_of(f), BOOT_DISCOVER); /* it waits in the ramdisk */
        f->logic->limits.installs = 20;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        assert_int_equal(give_back(f), 0);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(f->node->operation.state, OPERATION_ABORTED);
        assert_true(list_is_empty(&f->logic->running));
        assert_int_equal(install(f, true), 0);
}

static void test_retired(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        assert_int_equal(reserve(f, "anna", ""), 0);
        assert_int_equal(operation_retire(f->logic, f->node, "anna", f->now, f->change, &why), 0);
        assert_string_equal(f->node->reserved.holder, "");
        assert_int_equal(operation_unretire(f->logic, f->node, "anna", f->now, f->change, &why), 0);
        assert_int_equal(f->node->phase, PHASE_DISCOVERED);
        assert_int_equal(reserve(f, "anna", ""), -EPERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_taken_and_given_back),
                TEST(test_what_only_its_holder_does),
                TEST(test_installed),
                TEST(test_conflict),
                TEST(test_given_back_while_it_is_installed),
                TEST(test_retired),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
