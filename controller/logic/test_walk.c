/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any order of what operators, machines and time do. After each: the state came
 * by a row of the table, one action of an operator leads home, nothing waits
 * without an end, and what is stored reads the same.
 */

#include "controller/logic/reservation.h"
#include "controller/logic/test_machine.h"
#include "controller/store/change.h"

static uint64_t random_state;

static unsigned pick(unsigned below)
{
        random_state ^= random_state << 13; /* xorshift64, Marsaglia 2003 */
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (unsigned)((random_state >> 11) % below);
}

/* The newest document of this kind that was handed to the store since the last commit. */
static const char *newest(const struct fixture *f, const char *kind)
{
        const char *body = NULL;

        for (const struct op *op = f->change->first; op; op = op->next)
                if ((op->kind == OP_PUT_DOCUMENT || op->kind == OP_KEEP_DOCUMENT) &&
                    strcmp(op->document.kind, kind) == 0)
                        body = op->body;
        return body;
}

static void act_boot(struct fixture *f)
{
        f->system = pick(3) ? "sda" : NULL;
        boot(f);
        report(f);
}

static void act_poll(struct fixture *f)
{
        if (f->node->claim)
                (void)poll_orders(f);
}

static void act_plan(struct fixture *f)
{
        (void)fetch_plan(f);
}

static void act_next(struct fixture *f)
{
        (void)say(f, f->node->operation.step, pick(2) ? PROGRESS_DONE : PROGRESS_RUNNING);
}

static void act_progress(struct fixture *f)
{
        (void)say(f, (enum operation_step)pick(OPERATION_STEP_COUNT),
                  pick(8) ? PROGRESS_DONE : (enum progress_state)pick(PROGRESS_STATE_COUNT));
}

static void act_phone(struct fixture *f)
{
        if (phone(f, pick(4) ? f->plan.secret : f->old_secret, f->plan.generation + !pick(4)) ==
            PHONE_HOME_TAKEN)
                assert_non_null(strstr(newest(f, SECRET_KIND), "\"used\":true"));
}

/* With a key, as cloudie-worker does; sometimes with another one's. */
static void act_phone_with_key(struct fixture *f)
{
        (void)phone_as(f, f->plan.secret, f->plan.generation, pick(8) ? "key" : "other");
}

static void act_beat(struct fixture *f)
{
        const int rc = beat(f, pick(8) ? "key" : "other", pick(4) ? NULL : "degraded: foo.service");

        if (rc == 0)
                assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        else
                assert_int_equal(rc, -ENOENT);
}

static void act_time(struct fixture *f)
{
        f->now += pick(4) ? pick(30000) : pick(40 * MINUTE);
}

static void act_edge(struct fixture *f)
{
        see(f, (enum node_step)(1 + pick(STEP_COUNT - 1)));
}

static void act_conflict(struct fixture *f)
{
        if (!pick(4))
                node_set_conflict(f->logic, f->node, &mac, "two", f->now, f->change);
}

static void act_accept(struct fixture *f)
{
        (void)accept_node(f);
}

static void act_look(struct fixture *f)
{
        const char *why;

        (void)held_look(f->logic, f->node, "admin", f->now, f->change, &why);
}

/* What shows its end differs. */
static void act_install(struct fixture *f)
{
        struct install_request wanted = request(false, false);
        struct profile profile = worker;
        const char *why = NULL;

        profile.done = (enum install_until)pick(INSTALL_UNTIL_COUNT);
        profile.done_port = profile.done == UNTIL_TCP ? 22 : 0;
        wanted.profile = &profile;
        (void)operation_begin(f->logic, f->node, &wanted, f->now, f->change, &why);
}

static void act_system(struct fixture *f)
{
        const bool is_due = f->node->operation.state == OPERATION_RUNNING &&
                            f->node->operation.step == INSTALL_PHONE_HOME &&
                            f->node->operation.until == UNTIL_LEASE && !f->node->is_in_conflict;

        see(f, STEP_SYSTEM);
        assert_true(!is_due || f->node->operation.state == OPERATION_SUCCEEDED);
}

/* Now and then of an operation that is another one. */
static void act_port(struct fixture *f)
{
        const uint64_t number = f->node->operation.number - (pick(4) == 0);
        const bool is_due = f->node->operation.state == OPERATION_RUNNING &&
                            f->node->operation.step == INSTALL_PHONE_HOME &&
                            f->node->operation.until == UNTIL_TCP && !f->node->is_in_conflict &&
                            number == f->node->operation.number;
        const enum operation_state before = f->node->operation.state;

        see_port(f, number);
        assert_int_equal(f->node->operation.state, is_due ? OPERATION_SUCCEEDED : before);
}

static void act_confirm(struct fixture *f)
{
        const char *why = NULL;

        if (operation_confirm(f->logic, f->node, "admin", f->now, f->change, &why) == 0)
                assert_int_equal(f->node->operation.until, UNTIL_OPERATOR);
        else
                assert_non_null(why);
}

static void act_retry(struct fixture *f)
{
        (void)install(f, true);
}

static void act_abort(struct fixture *f)
{
        if (!pick(4))
                (void)abort_it(f);
}

static void act_release(struct fixture *f)
{
        (void)release(f);
}

static void act_retire(struct fixture *f)
{
        const char *why = NULL;

        if (pick(8) || operation_retire(f->logic, f->node, "admin", f->now, f->change, &why) < 0)
                return;
        assert_int_equal(map_count(f->logic->secrets), 0);
        assert_null(f->node->claim);
}

static void act_unretire(struct fixture *f)
{
        const char *why = NULL;

        (void)operation_unretire(f->logic, f->node, "admin", f->now, f->change, &why);
}

static void act_reserve(struct fixture *f)
{
        const struct reservation_word word = {pick(2) ? "anna" : "", "a test", "admin"};
        const char *why = NULL;

        if (!pick(2) && reservation_begin(f->logic, f->node, &word, f->now, f->change, &why) == 0)
                assert_false(node_is_busy(f->node));
}

static void act_unreserve(struct fixture *f)
{
        const char *why = NULL;

        if (!pick(4) && reservation_end(f->logic, f->node, "admin", f->now, f->change, &why) == 0)
                assert_false(node_is_busy(f->node));
}

static void act_delete(struct fixture *f)
{
        const char *why;

        if (!pick(4) && node_delete(f->logic, f->node, "admin", f->now, f->change, &why) == 0) {
                assert_int_equal(map_count(f->logic->secrets), 0);
                assert_int_equal(map_count(f->logic->workers), 0);
                act_boot(f);
        }
}

/* Others take all the turns, or leave them. */
static void act_crowd(struct fixture *f)
{
        f->logic->limits.installs = pick(3) ? 20 : 0;
}

/* The daemon is killed and started again: check_on_disk() is what it would read. */
static void act_restart(struct fixture *f)
{
        operations_resume(f->logic, f->now);
        workers_resume(f->logic);
}

static void (*const acts[])(struct fixture *f) = {
        act_boot,      act_poll,     act_poll,           act_plan,    act_next,     act_next,
        act_next,      act_next,     act_next,           act_next,    act_next,     act_phone,
        act_phone,     act_progress, act_time,           act_edge,    act_conflict, act_accept,
        act_install,   act_retry,    act_abort,          act_release, act_delete,   act_restart,
        act_beat,      act_beat,     act_phone_with_key, act_look,    act_crowd,    act_system,
        act_port,      act_port,     act_confirm,        act_retire,  act_unretire, act_reserve,
        act_unreserve,
};

static bool is_home(struct node_state state)
{
        return state.operation != OPERATION_RUNNING && state.operation != OPERATION_WAITING &&
               (state.phase == PHASE_READY || state.phase == PHASE_RETIRED);
}

static void check_way_home(struct node_state from)
{
        bool is_found = is_home(from);

        for (unsigned way = 0; way < WAY_COUNT; way++) {
                struct node_state to;

                if (node_way_is_operators((enum node_way)way) &&
                    node_way_take(from, (enum node_way)way, NULL, &to) == 0)
                        is_found = is_found || is_home(to);
        }
        assert_true(is_found);
}

static bool is_a_row(struct node_state from, struct node_state to)
{
        struct node_state end;

        for (unsigned way = 0; way < WAY_COUNT; way++)
                if (node_way_take(from, (enum node_way)way, NULL, &end) == 0 &&
                    end.phase == to.phase && end.operation == to.operation)
                        return true;
        return false;
}

/* What is asked for starts at once where nobody stands before it: two rows. */
static void check_came_by_a_row(struct node_state from, struct node_state to)
{
        const struct node_state queued = {from.phase, OPERATION_WAITING};
        const bool is_same = from.phase == to.phase && from.operation == to.operation;

        if (!is_same && !is_a_row(from, to) && !(is_a_row(from, queued) && is_a_row(queued, to)))
                fail_msg("%s, %s -> %s, %s", node_phase_names[from.phase],
                         operation_state_names[from.operation], node_phase_names[to.phase],
                         operation_state_names[to.operation]);
}

static void check_stored(struct node *node)
{
        struct store_document row = {.kind = "node", .name = node->name, .version = node->version};
        struct node *copy = NULL;

        row.body = node_text(node);
        assert_int_equal(node_decode(&row, &copy), 0);
        copy->is_agent_online = node->is_agent_online;
        copy->online_since_ms = node->online_since_ms;
        assert_string_equal(node_text(copy), row.body);
        assert_int_equal(copy->operation.state, node->operation.state);
        assert_int_equal(copy->operation.step, node->operation.step);
        assert_int_equal(copy->install.is_touched, node->install.is_touched);
        node_free(copy);
}

/* What only shows that it lives is not saved; all else is, in the change that changed it. */
static void forget_signs_of_life(struct node *node)
{
        struct operation *o = &node->operation;

        o->done = o->total = 0;
        o->deadline_ms = 0;
        node->last_seen_ms = node->online_since_ms = 0;
        node->is_agent_online = false;
        node->address = (struct ip_address){0};
        node_touch(node);
}

static struct node *read_back(const struct node *node, const char *body)
{
        const struct store_document row = {
                .kind = "node", .name = node->name, .version = node->version, .body = body};
        struct node *copy = NULL;

        assert_int_equal(node_decode(&row, &copy), 0);
        forget_signs_of_life(copy);
        return copy;
}

static void keep_saved(const struct fixture *f, char **saved)
{
        const char *body = newest(f, "node");

        if (!body)
                return;
        free(*saved);
        *saved = strdup(body);
}

/* A crash at any moment loses nothing that was told: memory is what the store was given. */
static void check_on_disk(struct fixture *f, const char *saved)
{
        struct node *kept, *is;

        kept = read_back(f->node, saved);
        is = read_back(f->node, node_text(f->node));
        assert_string_equal(node_text(is), node_text(kept));
        node_free(kept);
        node_free(is);
}

/* Whatever it says, it is sent to its disk, and learns nothing. */
static void check_retired(struct fixture *f)
{
        struct agent_orders orders;
        struct boot_plan plan;

        if (f->node->phase != PHASE_RETIRED)
                return;
        node_plan(f->logic, f->node, &plan);
        assert_int_equal(plan.action, BOOT_DISK);
        assert_false(f->node->is_install_wanted || node_is_busy(f->node));
        assert_int_equal(map_count(f->logic->secrets), 0);
        if (!f->node->claim)
                return;
        claim_orders(f->logic, f->node->claim, &orders);
        assert_int_equal(orders.order, ORDER_HOLD);
}

/* A held machine is told to leave in one boot, and in none that an operator asked for. */
static void check_held(const struct fixture *f)
{
        const struct node *node = f->node;
        struct agent_orders orders;
        struct boot_plan plan;

        if (!node->claim)
                return;
        claim_orders(f->logic, node->claim, &orders);
        node_plan(f->logic, node, &plan);
        if (node->phase == PHASE_DISCOVERED && orders.order != ORDER_HOLD) {
                assert_int_equal(orders.order, ORDER_REBOOT);
                assert_string_equal(node->held.sent, node->claim->row.boot);
                assert_int_equal(plan.action, BOOT_DISK);
                assert_false(node->held.is_wanted || node->is_in_conflict);
        }
        if (node->phase == PHASE_DISCOVERED && node->held.is_wanted)
                assert_int_equal(plan.action, BOOT_DISCOVER);
}

static void check(struct fixture *f)
{
        const struct node *node = f->node;
        const struct operation *o = &node->operation;
        const bool is_running = o->state == OPERATION_RUNNING;
        const bool is_waiting = o->state == OPERATION_WAITING;

        check_way_home((struct node_state){node->phase, o->state});
        assert_int_equal(list_is_empty(&f->logic->running), !is_running);
        assert_int_equal(list_is_empty(&f->logic->waiting), !is_waiting);
        assert_int_equal(o->step == INSTALL_QUEUE && o->ended_ms == 0 && o->number > 0, is_waiting);
        assert_int_equal(f->logic->by_phase[node->phase], 1);
        assert_int_equal(o->deadline_ms > 0, is_running || is_waiting);
        if (is_running || is_waiting) {
                assert_true(o->deadline_ms > f->now);
                assert_true(o->deadline_ms - f->now <= operation_patience_ms(o));
                assert_in_range(o->attempt, 1, OPERATION_ATTEMPTS_MAX);
                assert_true(o->generation <= node->generation);
        } else {
                assert_true(o->generation < node->generation);
        }
        assert_true((o->state == OPERATION_FAILED || o->state == OPERATION_ABORTED) ==
                    (o->cause != CAUSE_NONE));
        assert_false(node->phase == PHASE_DEPLOYED && node->is_dirty);
        /* A credential lasts as long as the node is deployed, and so does what it caused. */
        if (node->phase != PHASE_DEPLOYED) {
                assert_int_equal(map_count(f->logic->workers), 0);
                assert_false(node->is_degraded);
        }
        if (map_count(f->logic->workers) == 0)
                assert_false(node->is_degraded);
        assert_int_equal(node->is_degraded, node->degraded_reason[0] != '\0');
        assert_true(node->port_for == operation_awaits_port(node)); /* edges know */
        assert_int_equal(node->is_degraded, node->degraded_since_ms > 0);
        check_stored(f->node);
        check_held(f);
        check_retired(f);
        assert_int_equal(node->phase == PHASE_RESERVED, node->reserved.holder[0] != '\0');
        assert_false(node->phase == PHASE_RESERVED && node->is_install_wanted);
}

static void test_walk(void **state)
{
        struct fixture *f = *state;
        unsigned deployed = 0, failed = 0, retired = 0, degraded = 0, waited = 0, reserved = 0,
                 theirs = 0, shown[INSTALL_UNTIL_COUNT] = {0};
        char *saved = NULL;

        random_state = 0x9e3779b97f4a7c15ULL;
        for (unsigned i = 0; i < 45000; i++) {
                const unsigned act = pick(ARRAY_SIZE(acts));
                struct node_state from = {f->node->phase, f->node->operation.state}, to;

                acts[act](f);
                if (acts[act] == act_delete && f->node->phase == PHASE_DISCOVERED &&
                    f->node->operation.state == OPERATION_NONE) /* it is another one by now */
                        from = (struct node_state){PHASE_NONE, OPERATION_NONE};
                to = (struct node_state){f->node->phase, f->node->operation.state};
                check_came_by_a_row(from, to);
                operations_tick(f->logic, f->now, f->change);
                workers_expire(f->logic, f->now, f->change);
                check_came_by_a_row(to,
                                    (struct node_state){f->node->phase, f->node->operation.state});
                check(f);
                keep_saved(f, &saved);
                if (i % 4 == 0) /* what is not saved stays so for a while */
                        check_on_disk(f, saved);
                if (from.phase != PHASE_DEPLOYED && to.phase == PHASE_DEPLOYED) {
                        deployed++;
                        shown[f->node->operation.until]++;
                }
                degraded += f->node->is_degraded;
                failed += f->node->operation.state == OPERATION_FAILED;
                retired += f->node->phase == PHASE_RETIRED;
                reserved += from.phase == PHASE_RESERVED;
                theirs += from.phase == PHASE_RESERVED && to.phase == PHASE_DEPLOYED;
                waited += f->node->operation.state == OPERATION_WAITING;
                if (i % 64 == 0)
                        commit(f);
        }
        free(saved);
        /* It went everywhere, or this says nothing. */
        assert_true(deployed > 20);
        assert_true(failed > 20);
        assert_true(degraded > 20);
        assert_true(waited > 20);
        assert_true(retired > 20);
        assert_true(reserved > 20);
        assert_true(theirs > 2);
        for (unsigned i = 0; i < INSTALL_UNTIL_COUNT; i++)
                assert_true(shown[i] > 5);
        /* Left alone, it comes to an end. */
        f->now += MINUTE * 60 * 24;
        operations_tick(f->logic, f->now, f->change);
        assert_true(list_is_empty(&f->logic->running));
        assert_true(list_is_empty(&f->logic->waiting));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
