/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operations, from their beginning to each of their ends. */
#include "controller/logic/documents.h"
#include "controller/logic/test_machine.h"

static bool boots_by(const struct fixture *f, uint8_t number)
{
        struct boot_plan plan;

        node_plan(f->logic, f->node, &plan);
        return plan.action == BOOT_DISK && plan.esp.bytes[15] == number &&
               f->node->disk_esp.bytes[15] == number;
}

static void install_until(struct fixture *f, enum operation_step step)
{
        if (!f->node->claim) {
                boot(f);
                report(f);
        }
        assert_int_equal(install(f, false), 0);
        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(fetch_plan(f), 0);
        for (unsigned i = INSTALL_CHECK; i < step; i++)
                assert_int_equal(say(f, (enum operation_step)i, PROGRESS_DONE), 0);
}

/* It is known as soon as it stands, told for as long as the disk is booted, and forgotten when what
 * was there is written over, or given back. */
static void test_system_partition(void **state)
{
        struct fixture *f = *state;
        struct store_document row = {.name = "sn1"};
        struct node *read = NULL;
        uint64_t disks;

        f->esp.bytes[15] = 7;
        install_until(f, INSTALL_TABLE);
        assert_false(uuid_is_set(&f->node->esp));
        assert_int_equal(say(f, INSTALL_TABLE, PROGRESS_DONE), 0);
        assert_int_equal(f->node->esp.bytes[15], 7);
        assert_false(boots_by(f, 7));
        assert_int_equal(say(f, INSTALL_REBOOT, PROGRESS_DONE), 0);
        assert_true(boots_by(f, 7));
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_true(boots_by(f, 7));

        row.body = node_text(f->node);
        row.version = f->node->version;
        assert_int_equal(node_decode(&row, &read), 0);
        assert_int_equal(read->esp.bytes[15], 7);
        node_free(read);

        disks = f->logic->disks_version;
        assert_int_equal(release(f), 0);
        assert_int_equal(f->logic->disks_version, disks + 1);
        assert_false(uuid_is_set(&f->node->esp));
        assert_null(strstr(node_text(f->node), "\"esp\""));

        /* Another install, whose report of the table is lost. */
        f->esp.bytes[15] = 8;
        install_until(f, INSTALL_TABLE);
        f->node->esp = f->esp;
        f->node->install.boot = true;
        assert_int_equal(say(f, INSTALL_TABLE, PROGRESS_RUNNING), 0);
        assert_false(uuid_is_set(&f->node->esp));
        assert_int_equal(say(f, INSTALL_BOOT, PROGRESS_RUNNING), 0);
        assert_int_equal(say(f, INSTALL_REBOOT, PROGRESS_DONE), 0);
        assert_true(boots_by(f, 8));
}

static void test_whole(void **state)
{
        struct fixture *f = *state;
        const uint64_t before = f->node->generation, disks = f->logic->disks_version;
        struct boot_plan plan;

        assert_int_equal(install(f, false), 0);
        assert_int_equal(f->node->generation, before + 1);
        assert_int_equal(f->node->orders_change, f->submitted + 1); /* not told before that */
        assert_true(operation_uses_image(f->logic, "worker"));
        assert_false(operation_uses_image(f->logic, "other"));
        node_plan(f->logic, f->node, &plan);
        assert_int_equal(plan.action, BOOT_INSTALL);

        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(f->node->operation.step, INSTALL_PLAN);
        assert_int_equal(fetch_plan(f), 0);
        assert_int_equal(install_plan_check(&f->plan, NULL), 0);
        assert_string_equal(f->plan.disk.serial, "NVME-0001");
        assert_false(f->plan.may_overwrite);
        assert_null(strstr(node_text(f->node), f->plan.secret));

        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_DONE), 0);
        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_DONE), 0); /* its answer was lost */
        assert_int_equal(f->node->operation.step, INSTALL_IMAGE);
        assert_int_equal(say(f, INSTALL_IMAGE, PROGRESS_DONE), 0);
        assert_string_equal(f->node->installed.serial, "");
        assert_int_equal(say(f, INSTALL_WIPE, PROGRESS_RUNNING), 0);
        assert_string_equal(f->node->installed.serial, "NVME-0001");
        assert_int_equal(say(f, INSTALL_WIPE, PROGRESS_DONE), 0);
        assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_DONE), 0);
        assert_int_equal(say(f, INSTALL_SEED, PROGRESS_DONE), 0);
        assert_int_equal(say(f, INSTALL_TABLE, PROGRESS_DONE), 0);
        assert_int_equal(f->node->operation.step, INSTALL_REBOOT); /* no boot entry was asked for */
        assert_int_equal(f->logic->disks_version, disks);
        assert_int_equal(say(f, INSTALL_REBOOT, PROGRESS_DONE), 0);
        assert_int_equal(f->node->operation.step, INSTALL_PHONE_HOME);
        assert_int_equal(f->logic->disks_version, disks + 1);
        assert_int_equal(poll_orders(f), ORDER_REBOOT);
        node_plan(f->logic, f->node, &plan);
        assert_int_equal(plan.action, BOOT_DISK);

        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        assert_int_equal(f->node->operation.state, OPERATION_SUCCEEDED);
        assert_int_equal(f->node->operation.deadline_ms, 0);
        assert_int_equal(f->node->generation, before + 2);
        assert_null(f->node->claim);
        assert_int_equal(map_count(f->logic->claims), 0);
        assert_true(list_is_empty(&f->logic->running));
        assert_int_equal(f->logic->disks_version, disks + 1);

        assert_int_equal(release(f), 0);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(f->logic->disks_version, disks + 2);
        assert_int_equal(map_count(f->logic->secrets), 0);
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_WRONG);
        assert_int_equal(f->node->phase, PHASE_READY);
}

static void finish_agents_steps(struct fixture *f)
{
        for (unsigned s = INSTALL_CHECK; s < INSTALL_PHONE_HOME; s++)
                if (s != INSTALL_BOOT)
                        assert_int_equal(say(f, (enum operation_step)s, PROGRESS_DONE), 0);
}

/* All that may be seen or said of a node, but its own call. */
static void say_all_but_the_secret(struct fixture *f)
{
        static const char wrong[] =
                "00000000000000000000000000000000000000000000000000000000000000ff";
        const uint64_t generation = f->plan.generation;
        struct phone_home says = {.version = "1", .node = "other", .generation = generation};
        struct node *node = NULL;

        see(f, STEP_DHCP_DISCOVER);
        see(f, STEP_DHCP_ACK);
        see(f, STEP_SCRIPT);
        see(f, STEP_PHONE_HOME); /* not an edge's to report */
        memcpy(says.secret, f->plan.secret, sizeof(says.secret));
        assert_int_equal(operation_phone_home(f->logic, &says, f->now, f->change, &node),
                         PHONE_HOME_WRONG); /* of a node that there is not */
        assert_int_equal(phone(f, wrong, generation), PHONE_HOME_WRONG);
        assert_int_equal(phone(f, "", generation), PHONE_HOME_WRONG);
        assert_int_equal(phone(f, f->old_secret, generation), PHONE_HOME_WRONG);
        assert_int_equal(phone(f, f->plan.secret, generation - 1), PHONE_HOME_STALE);
        assert_int_equal(phone(f, f->plan.secret, generation + 1), PHONE_HOME_STALE);
        assert_int_equal(f->node->phase, PHASE_READY);
}

/* Nothing but the node's own call, with the newest secret, for the install that runs. */
static void test_only_its_own_call_deploys(void **state)
{
        struct fixture *f = *state;
        uint64_t generation;

        assert_int_equal(phone(f, HASH, 1), PHONE_HOME_WRONG); /* nothing was ever installed */
        go_to(f, INSTALL_CHECK);
        assert_int_equal(fetch_plan(f), 0); /* the first answer was lost */
        finish_agents_steps(f);
        say_all_but_the_secret(f);
        generation = f->plan.generation;

        /* Given up in the meantime, and begun anew. */
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(phone(f, f->plan.secret, generation), PHONE_HOME_STALE);
        assert_int_equal(install(f, true), 0);
        assert_int_equal(phone(f, f->plan.secret, generation), PHONE_HOME_STALE);
        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(fetch_plan(f), 0);
        finish_agents_steps(f);
        say_all_but_the_secret(f);

        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_USED);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
}

/* Another node's secret is none of this one's. */
static void test_secret_of_another(void **state)
{
        struct fixture *f = *state;
        struct phone_home says = {.version = "1", .node = "sn1"};
        struct node other = {.name = "other", .operation.generation = 3};
        struct node *node = NULL;

        go_to(f, INSTALL_PHONE_HOME);
        assert_int_equal(secret_make(f->logic, &other, f->now, f->change, says.secret), 0);
        says.generation = f->plan.generation;
        assert_int_equal(operation_phone_home(f->logic, &says, f->now, f->change, &node),
                         PHONE_HOME_WRONG);
        assert_int_equal(f->node->phase, PHASE_READY);
}

/* Each step that nobody ends, ends by its deadline, with its own cause; the phase stays. */
static void test_deadlines(void **state)
{
        (void)state;
        for (unsigned step = 0; step < OPERATION_STEP_COUNT; step++) {
                const uint64_t deadline = operation_steps[step].deadline_ms;
                void *own = NULL;
                struct fixture *f;

                if (step == INSTALL_BOOT)
                        continue; /* left out */
                setup(&own);
                f = own;
                if (step == INSTALL_QUEUE)
                        f->logic->limits.installs = 0;
                go_to(f, (enum operation_step)step);
                f->now += deadline - 1;
                operations_tick(f->logic, f->now, f->change);
                assert_int_equal(f->node->operation.state,
                                 step == INSTALL_QUEUE ? OPERATION_WAITING : OPERATION_RUNNING);
                f->now++;
                operations_tick(f->logic, f->now, f->change);
                assert_int_equal(f->node->operation.state, OPERATION_FAILED);
                assert_int_equal(f->node->operation.cause, step == INSTALL_PHONE_HOME
                                                                   ? CAUSE_REBOOT_ABSENT
                                                                   : operation_steps[step].cause);
                assert_int_equal(f->node->phase, PHASE_READY);
                assert_int_equal(f->node->is_dirty, step >= INSTALL_WIPE);
                assert_int_equal(f->node->operation.deadline_ms, 0);
                assert_int_equal(poll_orders(f), ORDER_HOLD);
                teardown(&own);
        }
}

static void test_silence_after_reboot(void **state)
{
        static const struct {
                enum node_step seen;
                enum node_cause cause;
        } rows[] = {
                {STEP_NONE,          CAUSE_REBOOT_ABSENT    },
                {STEP_DHCP_DISCOVER, CAUSE_LOADER_ABSENT    },
                {STEP_SCRIPT,        CAUSE_PHONE_HOME_ABSENT},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                void *own = NULL;
                struct fixture *f;

                setup(&own);
                f = own;
                see(f, STEP_SCRIPT); /* before: it says nothing of what comes */
                go_to(f, INSTALL_PHONE_HOME);
                if (rows[i].seen != STEP_NONE)
                        see(f, rows[i].seen);
                f->now += 21 * MINUTE;
                operations_tick(f->logic, f->now, f->change);
                assert_int_equal(f->node->operation.cause, rows[i].cause);
                teardown(&own);
        }
}

static void test_progress_moves_the_deadline(void **state)
{
        struct fixture *f = *state;
        uint64_t version;

        go_to(f, INSTALL_WRITE);
        assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_RUNNING), 0);
        version = f->node->version;
        for (unsigned i = 0; i < 10; i++) {
                f->now += 2 * MINUTE;
                assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_RUNNING), 0);
                operations_tick(f->logic, f->now, f->change);
        }
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        assert_int_equal(f->node->version, version); /* bytes alone are not saved */
        assert_non_null(strstr(node_text(f->node), "\"total\":4096"));
        /* The clock was set back by a day: it waits no longer for that. */
        f->now -= MINUTE * 60 * 24;
        operations_tick(f->logic, f->now, f->change);
        f->now += 4 * MINUTE;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_FAILED);
}

/* A clock that was set, and a controller that stood still, are no silence of a machine. */
static void test_time_that_nobody_spent(void **state)
{
        struct fixture *f = *state;
        struct operations_watch watch = {0};
        uint64_t monotonic = 5000;

        go_to(f, INSTALL_WRITE);
        operations_watch(f->logic, &watch, f->now, monotonic, f->change);
        f->now += MINUTE * 60 * 24 * 365; /* the clock was right at last */
        operations_watch(f->logic, &watch, f->now, monotonic + 1000, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        f->now += 10 * MINUTE; /* nobody ran */
        monotonic += 10 * MINUTE;
        operations_watch(f->logic, &watch, f->now, monotonic, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        f->now -= MINUTE * 60;
        operations_watch(f->logic, &watch, f->now, monotonic + 1000, f->change);
        for (unsigned second = 2; second < 170; second++)
                operations_watch(f->logic, &watch, f->now += 1000, monotonic + 1000ULL * second,
                                 f->change);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        for (unsigned second = 170; second < 190; second++)
                operations_watch(f->logic, &watch, f->now += 1000, monotonic + 1000ULL * second,
                                 f->change);
        assert_int_equal(f->node->operation.state, OPERATION_FAILED);
}

static void test_order_of_steps(void **state)
{
        struct fixture *f = *state;

        f->plan.generation = 2;
        go_to(f, INSTALL_PLAN);
        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_RUNNING), -ESTALE);
        f->plan.generation = f->node->generation;
        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_RUNNING), -EPROTO); /* without a plan */
        assert_int_equal(fetch_plan(f), 0);
        assert_int_equal(say(f, INSTALL_IMAGE, PROGRESS_RUNNING), 0); /* one report was lost */
        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_RUNNING), -EPROTO);
        assert_int_equal(say(f, INSTALL_PHONE_HOME, PROGRESS_DONE), -EPROTO);
        assert_int_equal(say(f, INSTALL_AGENT, PROGRESS_RUNNING), -EPROTO);
        assert_int_equal(say(f, INSTALL_PLAN, PROGRESS_FAILED), -EPROTO);
        assert_int_equal(f->node->operation.step, INSTALL_IMAGE);
        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_DONE), 0); /* told twice: no news */
        assert_int_equal(f->node->operation.step, INSTALL_IMAGE);
}

static void test_failure_and_retry(void **state)
{
        struct fixture *f = *state;
        uint64_t generation;

        assert_int_equal(install(f, true), -EPERM); /* nothing to retry */
        go_to(f, INSTALL_WRITE);
        generation = f->node->generation;
        assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_FAILED), 0);
        assert_int_equal(f->node->operation.state, OPERATION_FAILED);
        assert_int_equal(f->node->operation.cause, CAUSE_IMAGE_FRAME);
        assert_string_equal(f->node->operation.evidence, "as  it is");
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(f->node->generation, generation + 1);
        assert_true(f->node->is_dirty);
        assert_non_null(strstr(node_text(f->node), "\"dirty\""));
        assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_RUNNING), -ESTALE);

        /* The disk is ours now, so that it may be written again; what it is, is said until then. */
        assert_int_equal(install(f, true), 0);
        assert_int_equal(f->node->operation.number, 2);
        assert_true(f->node->install.may_overwrite);
        assert_true(f->node->is_dirty);
        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(fetch_plan(f), 0);
        assert_int_equal(say(f, INSTALL_REBOOT, PROGRESS_DONE), 0);
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_false(f->node->is_dirty);
}

/* That a step failed says that it was begun, though no other word of it came. */
static void test_a_disk_is_ours_when_it_failed(void **state)
{
        struct fixture *f = *state;

        go_to(f, INSTALL_IMAGE);
        assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_FAILED), 0);
        assert_true(f->node->is_dirty);
        assert_string_equal(f->node->installed.serial, "NVME-0001");
        assert_int_equal(install(f, false), 0);
        assert_true(f->node->install.may_overwrite);
}

static void test_abort(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(abort_it(f), -EPERM);
        go_to(f, INSTALL_IMAGE);
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(f->node->operation.state, OPERATION_ABORTED);
        assert_int_equal(f->node->operation.cause, CAUSE_ABORTED);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_false(f->node->is_dirty); /* not touched yet */
        assert_int_equal(say(f, INSTALL_IMAGE, PROGRESS_DONE), -ESTALE);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(fetch_plan(f), -ENOENT);
        assert_int_equal(install(f, false), 0);
        assert_int_equal(say(f, INSTALL_IMAGE, PROGRESS_DONE), -ESTALE); /* of the first */
}

static void test_restarts(void **state)
{
        struct fixture *f = *state;

        go_to(f, INSTALL_WRITE);
        for (unsigned attempt = 2; attempt <= OPERATION_ATTEMPTS_MAX; attempt++) {
                boot(f);
                assert_int_equal(f->node->operation.step, INSTALL_AGENT);
                assert_int_equal(f->node->operation.attempt, attempt);
                boot(f); /* before its agent asked for anything: that was nothing of ours */
                assert_int_equal(f->node->operation.attempt, attempt);
                assert_int_equal(poll_orders(f), ORDER_INSTALL);
                assert_int_equal(fetch_plan(f), 0);
                assert_int_equal(say(f, INSTALL_WRITE, PROGRESS_RUNNING), 0);
        }
        boot(f);
        assert_int_equal(f->node->operation.state, OPERATION_FAILED);
        assert_int_equal(f->node->operation.cause, CAUSE_TOO_MANY_ATTEMPTS);
        assert_true(f->node->is_dirty);
}

/* The installer began anew without a restart: it counts as one, and has a secret of its own. */
static void test_plan_again(void **state)
{
        struct fixture *f = *state;

        go_to(f, INSTALL_SEED);
        assert_int_equal(fetch_plan(f), 0);
        assert_string_not_equal(f->plan.secret, f->old_secret);
        assert_int_equal(f->node->operation.step, INSTALL_CHECK);
        assert_int_equal(f->node->operation.attempt, 2);
        assert_int_equal(fetch_plan(f), 0);
        assert_int_equal(f->node->operation.attempt, 2);
        assert_int_equal(operation_plan(f->logic, f->node, 1, f->now, f->change, &f->plan),
                         -ESTALE);
}

static void test_conflict_holds(void **state)
{
        struct fixture *f = *state;

        go_to(f, INSTALL_AGENT);
        node_set_conflict(f->logic, f->node, &mac, "two of them", f->now, f->change);
        assert_int_equal(poll_orders(f), ORDER_HOLD);
        assert_int_equal(f->node->operation.step, INSTALL_AGENT);
        assert_int_equal(fetch_plan(f), -ENOENT);
        assert_int_equal(accept_node(f), 0);
        /* Which of the two it was, nobody knows: it has to boot once more. */
        assert_null(f->node->claim);
        assert_int_equal(map_count(f->logic->claims), 0);
        boot(f);
        report(f);
        assert_int_equal(poll_orders(f), ORDER_INSTALL);
        assert_int_equal(fetch_plan(f), 0);
        assert_int_equal(say(f, INSTALL_CHECK, PROGRESS_DONE), 0);
        assert_int_equal(abort_it(f), 0);

        /* Nobody decides: that it was held is why it was silent. */
        assert_int_equal(install(f, false), 0);
        node_set_conflict(f->logic, f->node, &mac, "two of them", f->now, f->change);
        f->now += 31 * MINUTE;
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(f->node->operation.state, OPERATION_FAILED);
        assert_non_null(strstr(f->node->operation.evidence, "conflict: two of them"));
}

/* The first was told the secret; a second key says that it may have been the impostor. */
static void test_a_second_key_voids_the_secret(void **state)
{
        struct fixture *f = *state;
        struct agent_claim claim = {.mac = mac, .address = address, .public_key = "k2"};
        char secret[INSTALL_SECRET_SIZE];
        struct agent_claimed answer;

        go_to(f, INSTALL_PHONE_HOME);
        memcpy(secret, f->plan.secret, sizeof(secret));
        memcpy(claim.boot, f->node->claim->row.boot, sizeof(claim.boot));
        assert_int_equal(claim_take(f->logic, &claim, f->now, f->change, &answer), CLAIM_CONFLICT);
        assert_true(f->node->is_in_conflict);
        assert_null(f->node->claim);
        assert_int_equal(phone(f, secret, f->plan.generation), PHONE_HOME_WRONG);
        assert_int_equal(accept_node(f), 0);
        assert_int_equal(phone(f, secret, f->plan.generation), PHONE_HOME_WRONG);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);

        /* What was deployed before is not touched: its secret was used. */
        assert_int_equal(abort_it(f), 0);
        boot(f);
        report(f);
        go_to(f, INSTALL_PHONE_HOME);
        memcpy(secret, f->plan.secret, sizeof(secret));
        memcpy(claim.boot, f->node->boot, sizeof(claim.boot));
        assert_int_equal(phone(f, secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_int_equal(claim_take(f->logic, &claim, f->now, f->change, &answer), CLAIM_CONFLICT);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        assert_int_equal(phone(f, secret, f->plan.generation), PHONE_HOME_USED);
}

/* Nor is what was told before an operator decided, whatever made the conflict. */
static void test_a_decision_voids_the_secret(void **state)
{
        struct fixture *f = *state;
        char secret[INSTALL_SECRET_SIZE];

        go_to(f, INSTALL_WRITE);
        memcpy(secret, f->plan.secret, sizeof(secret));
        node_set_conflict(f->logic, f->node, &mac, "another UUID", f->now, f->change);
        assert_int_equal(accept_node(f), 0);
        assert_int_equal(phone(f, secret, f->plan.generation), PHONE_HOME_WRONG);
        assert_int_equal(f->node->phase, PHASE_READY);
        assert_int_equal(f->node->operation.state, OPERATION_RUNNING);
        boot(f);
        report(f);
        assert_int_equal(fetch_plan(f), 0);
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
}

/* What is shown to nobody is not written down for whoever reads the disk. */
static void test_no_file_without_its_key(void **state)
{
        static const char text[] = "{\"kind\":\"file\",\"spec\":{\"text\":\"5ecret\"}}";
        struct fixture *f = *state;
        char error[DOC_ERROR_SIZE] = "";
        struct document *file = NULL, *kept = NULL;
        const size_t before = store_change_count(f->change);

        assert_null(f->logic->vault);
        assert_int_equal(document_read(DOCUMENT_FILE, "a", text, strlen(text), error, &file), 0);
        assert_true(document_put(f->logic, file, "admin", f->now, f->change, &kept) < 0);
        assert_null(document_find(f->logic, DOCUMENT_FILE, "a"));
        assert_int_equal(store_change_count(f->change), before);
}

/* MAC and UUID are no secrets. Who knows them, and boots by a card of his own, is not let in where
 * the next answer is a secret. */
static void test_another_card_in_the_middle(void **state)
{
        static const struct mac_address own = {
                {0x52, 0x54, 0, 0x77, 0, 9}
        };
        struct report says = {
                .macs = {own, mac},
                .mac_count = 2,
                .body = "{}",
                .size = 2,
                .hash = "aa",
                .lasting = "{}",
                .facts = "{}",
                .summary.serial = "X"
        };
        struct fixture *f = *state;
        struct agent_claim claim = {
                .mac = own, .address = IP_OF4_BYTES(77, 0, 0, 101), .public_key = "k2"};
        struct agent_claimed answer;
        struct agent_orders orders;
        struct claim *stranger;
        const struct claim *before;
        struct boot *given = NULL;
        struct node *node = NULL;

        go_to(f, INSTALL_AGENT);
        before = f->node->claim;
        assert_int_equal(boot_give(f->logic, &own, claim.address, f->now, f->change, &given), 0);
        memcpy(claim.boot, given->row.number, sizeof(claim.boot));
        assert_int_equal(claim_take(f->logic, &claim, f->now, f->change, &answer), CLAIM_TAKEN);
        stranger = claim_find(f->logic, f->logic->last_claim);
        assert_int_equal(inventory_take(f->logic, stranger, &says, f->now, f->change, &node), 0);
        assert_ptr_equal(f->node->claim, before);
        assert_null(stranger->node);
        claim_orders(f->logic, stranger, &orders);
        assert_int_equal(orders.order, ORDER_HOLD);
        assert_true(f->node->is_in_conflict);
        assert_string_equal(f->node->summary.serial, "SN1");
        assert_null(node_find_mac(f->logic, &own));

        /* Nothing runs: it may be the machine, with a new card. */
        assert_int_equal(abort_it(f), 0);
        assert_int_equal(accept_node(f), 0);
        /* But not the boot from before the decision. */
        assert_int_equal(inventory_take(f->logic, stranger, &says, f->now, f->change, &node), 0);
        assert_null(stranger->node);
        assert_null(node_find_mac(f->logic, &own));
        assert_int_equal(boot_give(f->logic, &own, claim.address, f->now, f->change, &given), 0);
        memcpy(claim.boot, given->row.number, sizeof(claim.boot));
        assert_int_equal(claim_take(f->logic, &claim, f->now, f->change, &answer), CLAIM_TAKEN);
        stranger = claim_find(f->logic, f->logic->last_claim);
        assert_int_equal(inventory_take(f->logic, stranger, &says, f->now, f->change, &node), 0);
        assert_ptr_equal(node, f->node);
        assert_ptr_equal(stranger->node, f->node);
}

static void test_overwrite(void **state)
{
        struct fixture *f = *state;
        struct profile anything = worker;
        struct install_request wanted = request(false, false);

        anything.holding = HOLDING_ANYTHING;
        assert_null(install_overwrites(f->node, &wanted));
        wanted.erase = true;
        assert_non_null(install_overwrites(f->node, &wanted));
        wanted.erase = false;
        wanted.profile = &anything;
        assert_non_null(install_overwrites(f->node, &wanted));
        wanted.profile = &worker;
        f->node->installed = wanted.disk;
        assert_non_null(install_overwrites(f->node, &wanted));
        f->node->installed.serial[0] = 'X';
        assert_null(install_overwrites(f->node, &wanted));
}

/* That a disk may be erased was said of that disk, however often another one is tried. */
static void test_erase_is_of_a_disk(void **state)
{
        static const struct {
                const char *serial;
                bool is_retry, erase, may_overwrite;
        } rows[] = {
                {"A", false, true,  true },
                {"A", true,  false, true },
                {"B", true,  false, false},
                {"B", true,  false, false},
                {"A", true,  false, false},
                {"B", true,  true,  true },
                {"B", false, false, false},
        };
        struct fixture *f = *state;
        const char *why;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct install_request wanted = request(rows[i].is_retry, rows[i].erase);

                snprintf(wanted.disk.serial, sizeof(wanted.disk.serial), "%s", rows[i].serial);
                assert_int_equal(
                        operation_begin(f->logic, f->node, &wanted, f->now, f->change, &why), 0);
                assert_int_equal(f->node->install.may_overwrite, rows[i].may_overwrite);
                assert_int_equal(abort_it(f), 0);
        }
}

/* What an agent says of itself fits, is one line, and can be read back. */
static void test_evidence(void **state)
{
        struct fixture *f = *state;
        struct install_progress progress = {
                .step = INSTALL_WRITE, .state = PROGRESS_FAILED, .cause = CAUSE_DISK_FAILED};
        struct store_document row = {.kind = "node", .name = "sn1", .version = 1};
        struct node *copy = NULL;

        go_to(f, INSTALL_WRITE);
        progress.generation = f->plan.generation;
        for (size_t i = 0; i + 3 < sizeof(progress.text); i += 3)
                memcpy(progress.text + i, i % 2 ? "\xe2\x82\xac" : "a\nb", 4);
        assert_int_equal(operation_progress(f->logic, f->node, &progress, f->now, f->change), 0);
        assert_null(strchr(f->node->operation.evidence, '\n'));
        row.body = node_text(f->node);
        assert_int_equal(node_decode(&row, &copy), 0);
        assert_string_equal(copy->operation.evidence, f->node->operation.evidence);
        assert_string_equal(copy->dirty_reason, f->node->dirty_reason);
        node_free(copy);
}

static void test_old_document(void **state)
{
        const struct store_document row = {
                .kind = "node",
                .name = "sn9",
                .version = 4,
                .body = "{\"kind\":\"node\",\"status\":{\"phase\":\"ready\",\"generation\":3}}",
        };
        struct fixture *f = *state;
        struct node *node = NULL;

        assert_int_equal(node_decode(&row, &node), 0);
        assert_int_equal(node->operation.state, OPERATION_NONE);
        assert_int_equal(node_add(f->logic, node), 0);
        f->node = node;
        assert_int_equal(install(f, false), 0);
}

static void test_resume(void **state)
{
        struct fixture *f = *state;
        struct store_document row = {.kind = "node", .name = "sn8", .version = 1};
        struct node *node = NULL;

        go_to(f, INSTALL_WRITE);
        row.body = node_text(f->node);
        assert_int_equal(node_decode(&row, &node), 0);
        node->mac_count = 0;
        node->operation.number = 41;
        assert_int_equal(node_add(f->logic, node), 0);
        assert_int_equal(f->logic->last_operation, 41);
        f->now += 60 * MINUTE;
        operations_resume(f->logic, f->now);
        operations_tick(f->logic, f->now, f->change);
        assert_int_equal(node->operation.state, OPERATION_RUNNING);
        assert_int_equal(node->operation.step, INSTALL_WRITE);
        assert_int_equal(node->operation.deadline_ms,
                         f->now + operation_steps[INSTALL_WRITE].deadline_ms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
                cmocka_unit_test_setup_teardown(test_system_partition, setup, teardown),
                cmocka_unit_test_setup_teardown(test_only_its_own_call_deploys, setup, teardown),
                cmocka_unit_test_setup_teardown(test_secret_of_another, setup, teardown),
                cmocka_unit_test(test_deadlines),
                cmocka_unit_test(test_silence_after_reboot),
                cmocka_unit_test_setup_teardown(test_progress_moves_the_deadline, setup, teardown),
                cmocka_unit_test_setup_teardown(test_time_that_nobody_spent, setup, teardown),
                cmocka_unit_test_setup_teardown(test_order_of_steps, setup, teardown),
                cmocka_unit_test_setup_teardown(test_failure_and_retry, setup, teardown),
                cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
                cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
                cmocka_unit_test_setup_teardown(test_plan_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_conflict_holds, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_second_key_voids_the_secret, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_a_decision_voids_the_secret, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_file_without_its_key, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_disk_is_ours_when_it_failed, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_another_card_in_the_middle, setup, teardown),
                cmocka_unit_test_setup_teardown(test_overwrite, setup, teardown),
                cmocka_unit_test_setup_teardown(test_erase_is_of_a_disk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_evidence, setup, teardown),
                cmocka_unit_test_setup_teardown(test_old_document, setup, teardown),
                cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
