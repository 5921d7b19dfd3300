/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images without cloudie-worker: what shows that they run is another thing. */

#include "controller/logic/test_machine.h"

static int begin_until(struct fixture *f, enum install_until until)
{
        struct install_request wanted = request(false, false);
        struct profile profile = worker;
        const char *why = NULL;
        int rc;

        profile.done = until;
        profile.done_port = until == UNTIL_TCP ? 22 : 0;
        wanted.profile = &profile;
        rc = operation_begin(f->logic, f->node, &wanted, f->now, f->change, &why);
        if (rc == 0)
                assert_int_equal(poll_orders(f), ORDER_INSTALL);
        return rc < 0 ? rc : fetch_plan(f);
}

static void go_to_disk(struct fixture *f)
{
        for (unsigned s = INSTALL_CHECK; s <= INSTALL_REBOOT; s++)
                if (s != INSTALL_BOOT)
                        assert_int_equal(say(f, (enum operation_step)s, PROGRESS_DONE), 0);
}

static void test_until_lease(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(begin_until(f, UNTIL_LEASE), 0);
        see(f, STEP_SYSTEM); /* of the old system: too early */
        go_to_disk(f);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        see(f, STEP_DHCP_DISCOVER);
        see(f, STEP_DHCP_ACK);
        see(f, STEP_SCRIPT);
        assert_int_equal(f->node->phase, PHASE_READY);
        see(f, STEP_SYSTEM);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        assert_int_equal(f->node->operation.state, OPERATION_SUCCEEDED);
        /* If a cloudie-worker is in it, it may call all the same, and beats from then on. */
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_TAKEN);
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
}

static void test_until_lease_never(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(begin_until(f, UNTIL_LEASE), 0);
        go_to_disk(f);
        see(f, STEP_SCRIPT);
        f->now += operation_patience_ms(&f->node->operation);
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.cause, CAUSE_LEASE_ABSENT);
        see(f, STEP_SYSTEM);
        assert_int_equal(f->node->phase, PHASE_READY);
}

static void test_until_operator(void **state)
{
        struct fixture *f = *state;
        const char *why = NULL;

        assert_int_equal(operation_confirm(f->logic, f->node, "a", f->now, f->change, &why),
                         -EPERM);
        assert_int_equal(begin_until(f, UNTIL_OPERATOR), 0);
        assert_int_equal(operation_confirm(f->logic, f->node, "a", f->now, f->change, &why),
                         -EPERM);
        assert_non_null(strstr(why, "not installed yet"));
        go_to_disk(f);
        see(f, STEP_SYSTEM);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(operation_confirm(f->logic, f->node, "a", f->now, f->change, &why), 0);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        assert_int_equal(release(f), 0);
        boot(f);
        report(f);
        assert_int_equal(install(f, false), 0);
        assert_int_equal(operation_confirm(f->logic, f->node, "a", f->now, f->change, &why),
                         -EPERM);
        assert_non_null(strstr(why, "done: operator"));
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(begin_until(f, UNTIL_OPERATOR), 0);
        go_to_disk(f);
        f->now += operation_patience_ms(&f->node->operation);
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.cause, CAUSE_UNCONFIRMED);
}

static void test_until_tcp(void **state)
{
        struct fixture *f = *state;
        char text[OPERATION_TEXT_SIZE];
        uint64_t number, version;

        assert_int_equal(begin_until(f, UNTIL_TCP), 0);
        number = f->node->operation.number;
        assert_int_equal(f->node->port_for, 0);
        see_port(f, number); /* of the old system: too early */
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        version = f->logic->disks_version;
        go_to_disk(f);
        assert_true(f->logic->disks_version > version); /* edges are told */
        assert_true(f->node->port_for == number);
        assert_non_null(strstr(operation_text(&f->node->operation, text),
                               "the installed system answers at TCP port 22"));
        see(f, STEP_SYSTEM); /* that is not what its profile waits for */
        see_port(f, 0);
        see_port(f, number - 1);
        see_port(f, number + 1);
        assert_int_equal(f->node->phase, PHASE_READY);
        see_port(f, number);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        assert_int_equal(f->node->operation.state, OPERATION_SUCCEEDED);
        assert_int_equal(f->node->port_for, 0);
        see_port(f, number); /* once more: it was on its way already */
        assert_int_equal(f->node->operation.state, OPERATION_SUCCEEDED);
        /* A cloudie-worker may call all the same. */
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_TAKEN);
}

/* What the edge held back of one install ends no newer one. */
static void test_until_tcp_of_another(void **state)
{
        struct fixture *f = *state;
        uint64_t number, version;

        assert_int_equal(begin_until(f, UNTIL_TCP), 0);
        go_to_disk(f);
        number = f->node->operation.number;
        version = f->logic->disks_version;
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(f->node->port_for, 0);
        assert_true(f->logic->disks_version > version);
        boot(f);
        report(f);
        assert_int_equal(begin_until(f, UNTIL_TCP), 0);
        go_to_disk(f);
        see_port(f, number);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        /* Nor does anything while somebody else claims to be this machine. */
        f->node->is_in_conflict = true;
        see_port(f, f->node->operation.number);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        f->node->is_in_conflict = false;
        see_port(f, f->node->operation.number);
        assert_int_equal(f->node->operation.state, OPERATION_SUCCEEDED);
}

static void test_until_tcp_never(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(begin_until(f, UNTIL_TCP), 0);
        go_to_disk(f);
        see(f, STEP_SCRIPT);
        see(f, STEP_SYSTEM);
        f->now += operation_patience_ms(&f->node->operation);
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.cause, CAUSE_PORT_SILENT);
        assert_non_null(strstr(f->node->operation.evidence, "system"));
        see_port(f, f->node->operation.number);
        assert_int_equal(f->node->phase, PHASE_READY);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_until_lease, setup, teardown),
                cmocka_unit_test_setup_teardown(test_until_lease_never, setup, teardown),
                cmocka_unit_test_setup_teardown(test_until_operator, setup, teardown),
                cmocka_unit_test_setup_teardown(test_until_tcp, setup, teardown),
                cmocka_unit_test_setup_teardown(test_until_tcp_of_another, setup, teardown),
                cmocka_unit_test_setup_teardown(test_until_tcp_never, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
