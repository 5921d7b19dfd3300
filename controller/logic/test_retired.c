/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Out of service, and back; what goes on is begun anew by one command. */

#include "controller/logic/rules.h"
#include "controller/logic/test_machine.h"
#include "controller/store/change.h"

static size_t events(const struct fixture *f, enum node_step step)
{
        size_t count = 0;

        for (const struct op *op = f->change->first; op; op = op->next)
                count += op->kind == OP_ADD_EVENT && op->event.step == step;
        return count;
}

static enum boot_action plan_of(const struct fixture *f)
{
        struct boot_plan plan;

        node_plan(f->logic, f->node, &plan);
        return plan.action;
}

static int retire(struct fixture *f, const char **why)
{
        return operation_retire(f->logic, f->node, "admin", f->now, f->change, why);
}

static int unretire(struct fixture *f, const char **why)
{
        return operation_unretire(f->logic, f->node, "admin", f->now, f->change, why);
}

/* Deployed, with a worker that beats. */
static void deploy(struct fixture *f)
{
        go_to(f, INSTALL_PHONE_HOME);
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_TAKEN);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
}

static void test_nothing_but_its_disk(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        deploy(f);
        assert_int_equal(retire(f, &why), 0);
        assert_int_equal(f->node->phase, PHASE_RETIRED);
        assert_int_equal(plan_of(f), BOOT_DISK);
        assert_int_equal(f->node->disk_macs, 1); /* while the controller is away, too */
        assert_int_equal(f->logic->by_phase[PHASE_RETIRED], 1);
        assert_int_equal(f->logic->by_phase[PHASE_DEPLOYED], 0);

        /* What it holds opens nothing. */
        assert_int_equal(map_count(f->logic->secrets), 0);
        assert_int_equal(map_count(f->logic->workers), 0);
        assert_int_equal(beat(f, "key", NULL), -ENOENT);
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_WRONG);
        assert_int_equal(fetch_plan(f), -ENOENT);

        assert_int_equal(install(f, false), -EPERM);
        assert_int_equal(accept_node(f), -EPERM);
        assert_int_equal(release(f), -EPERM);
        assert_int_equal(retire(f, &why), -EPERM);
        assert_string_equal(why, "it is retired already");
        assert_false(rules_may_touch(f->node, &why));
        assert_string_equal(why, "it is retired");
}

/* It is told, and not at every packet. */
static void test_seen_again(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        see(f, STEP_DHCP_ACK);
        assert_int_equal(events(f, STEP_RETIRED), 0);
        assert_int_equal(retire(f, &why), 0);
        commit(f);
        see(f, STEP_DHCP_ACK);
        see(f, STEP_SCRIPT);
        assert_int_equal(events(f, STEP_RETIRED), 1);
        f->now += RETIRED_TOLD_MS - 1;
        see(f, STEP_SYSTEM);
        assert_int_equal(events(f, STEP_RETIRED), 1);
        f->now += 1;
        boot(f); /* from a medium, as its plan is the disk */
        assert_int_equal(events(f, STEP_RETIRED), 2);
        report(f);
        assert_int_equal(f->node->phase, PHASE_RETIRED);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
}

/* The agent of before is turned away: what it was told is void. */
static void test_its_agent_is_turned_away(void **state)
{
        struct fixture *f = *state;
        const uint64_t generation = f->node->generation;
        const char *why = NULL;

        assert_non_null(f->node->claim);
        assert_int_equal(retire(f, &why), 0);
        assert_null(f->node->claim);
        assert_int_equal(map_count(f->logic->claims), 0);
        assert_true(f->node->generation > generation);
}

static void test_back(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        assert_int_equal(unretire(f, &why), -EPERM);
        assert_non_null(strstr(why, "'retired'"));
        f->system = "sda";
        deploy(f);
        assert_int_equal(retire(f, &why), 0);
        assert_int_equal(unretire(f, &why), 0);
        assert_int_equal(f->node->phase, PHASE_DISCOVERED);
        assert_int_equal(f->node->operation.state, OPERATION_SUCCEEDED); /* its history stays */
        boot(f);
        report(f);
        assert_int_equal(accept_node(f), 0);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(install(f, false), 0);
}

static void test_not_while_something_runs(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        go_to(f, INSTALL_WRITE);
        assert_int_equal(retire(f, &why), -EPERM);
        assert_non_null(strstr(why, "abort"));
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(retire(f, &why), 0);
        assert_true(f->node->is_dirty); /* its disk is what it was */
}

static void test_retry_of_what_runs(void **state)
{
        struct fixture *f = *state;
        struct install_plan old;

        go_to(f, INSTALL_WRITE);
        old = f->plan;
        assert_int_equal(install(f, true), 0);
        assert_int_equal(f->node->operation.number, 2);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        assert_int_equal(f->node->operation.step, INSTALL_AGENT);
        assert_true(f->node->is_dirty);
        assert_int_equal(events(f, STEP_OPERATION), 2); /* aborted, begun */
        /* Who writes still is turned away, and the new one goes its way. */
        assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_DONE), -ESTALE);
        assert_int_equal(phone(f, old.secret, old.generation), PHONE_HOME_STALE);
        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(fetch_plan(f), 0);
        assert_true(f->plan.generation > old.generation);
        assert_string_not_equal(f->plan.secret, old.secret);
}

/* It goes to the end of the queue, as if it had been aborted and begun. */
static void test_retry_of_what_waits(void **state)
{
        struct fixture *f = *state;

        f->logic->limits.installs = 0;
        assert_int_equal(install(f, false), 0);
        assert_int_equal(f->node->operation.state, OPERATION_WAITING);
        assert_int_equal(install(f, true), 0);
        assert_int_equal(f->node->operation.state, OPERATION_WAITING);
        assert_int_equal(f->node->operation.number, 2);
        assert_false(list_is_empty(&f->logic->waiting));
        f->logic->limits.installs = 20;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_nothing_but_its_disk),     TEST(test_seen_again),
                TEST(test_its_agent_is_turned_away), TEST(test_back),
                TEST(test_not_while_something_runs), TEST(test_retry_of_what_runs),
                TEST(test_retry_of_what_waits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
