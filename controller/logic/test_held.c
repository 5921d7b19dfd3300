/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine that nobody accepted, and the system on its disk. */

#include "controller/logic/test_machine.h"
#include "controller/store/change.h"

/* It was never seen, and has this system. */
static void discover(struct fixture *f, const char *system)
{
        const char *why = NULL;

        assert_int_equal(node_delete(f->logic, f->node, "admin", f->now, f->change, &why), 0);
        commit(f);
        f->system = system;
        boot(f);
        report(f);
        assert_int_equal(f->node->phase, PHASE_DISCOVERED);
}

static enum boot_action plan_of(const struct fixture *f)
{
        struct boot_plan plan;

        node_plan(f->logic, f->node, &plan);
        return plan.action;
}

static size_t events(const struct fixture *f, enum node_step step)
{
        size_t count = 0;

        for (const struct op *op = f->change->first; op; op = op->next)
                count += op->kind == OP_ADD_EVENT && op->event.step == step;
        return count;
}

static void look(struct fixture *f)
{
        const char *why = NULL;

        assert_int_equal(held_look(f->logic, f->node, "admin", f->now, f->change, &why), 0);
}

static void test_blank_stays(void **state)
{
        struct fixture *f = *state;

        discover(f, NULL);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
        assert_int_equal(events(f, STEP_REBOOT), 0);
        assert_int_equal(f->node->disk_macs, 0);
}

static void test_goes_back_once(void **state)
{
        struct fixture *f = *state;
        const uint64_t disks = f->logic->disks_version;
        uint64_t generation;

        discover(f, "sda");
        assert_int_equal(events(f, STEP_REBOOT), 1);
        assert_true(f->node->orders_change > 0); /* told when that is on disk, not before */
        assert_int_equal(poll_orders(f), ORDER_REBOOT);
        assert_int_equal(poll_orders(f), ORDER_REBOOT); /* its answer may have been lost */
        assert_int_equal(plan_of(f), BOOT_DISK);
        /* Without the controller, too. */
        assert_int_equal(f->node->disk_macs, 1);
        assert_true(f->logic->disks_version > disks);

        /* A second report of the same boot is no second order. */
        generation = f->node->generation;
        report(f);
        assert_int_equal(events(f, STEP_REBOOT), 1);
        assert_int_equal(f->node->generation, generation);

        /* It comes back all the same: nothing is repeated. */
        commit(f);
        boot(f);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        report(f);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(events(f, STEP_REBOOT), 0);
        assert_int_equal(events(f, STEP_HELD), 1);
        assert_int_equal(plan_of(f), BOOT_DISK);
}

static void test_seen_once_more(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        discover(f, "sda");
        commit(f);
        look(f);
        assert_int_equal(poll_orders(f), ORDER_HOLD); /* it is there still */
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
        boot(f);
        report(f);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(plan_of(f), BOOT_DISK); /* the next one */
        assert_int_equal(events(f, STEP_REBOOT), 0);
        assert_false(f->node->held.is_wanted);

        look(f);
        assert_int_equal(accept_node(f), 0);
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(held_look(f->logic, f->node, "admin", f->now, f->change, &why), -EPERM);
        assert_non_null(strstr(why, "discovered"));
}

static void test_system_goes(void **state)
{
        struct fixture *f = *state;

        discover(f, "sda");
        look(f);
        f->system = NULL; /* another disk */
        boot(f);
        report(f);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
        assert_string_equal(f->node->held.sent, "");
        f->system = "nvme0n1"; /* and one that has a system again */
        boot(f);
        report(f);
        assert_int_equal(poll_orders(f), ORDER_REBOOT);
}

/* Who is in conflict is told nothing. */
static void test_conflict(void **state)
{
        struct fixture *f = *state;

        discover(f, "sda");
        node_set_conflict(f->logic, f->node, &mac, "two", f->now, f->change);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(plan_of(f), BOOT_DISK);
        assert_int_equal(accept_node(f), 0);
        assert_int_equal(plan_of(f), BOOT_DISCOVER);
}

static void test_reason(void **state)
{
        struct fixture *f = *state;
        struct agent_orders orders;
        char said[PLAN_REASON_SIZE];

        assert_int_equal(held_explain(f->node->claim, said), -ENOENT);
        discover(f, "sda");
        claim_orders(f->logic, f->node->claim, &orders);
        assert_non_null(strstr(orders.reason, "sda"));
        boot(f);
        claim_orders(f->logic, f->node->claim, &orders);
        assert_non_null(strstr(orders.reason, "not told again"));
        assert_int_equal(held_explain(f->node->claim, said), 0);
        assert_string_equal(said, orders.reason);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_blank_stays), TEST(test_goes_back_once), TEST(test_seen_once_more),
                TEST(test_system_goes), TEST(test_conflict),       TEST(test_reason),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
