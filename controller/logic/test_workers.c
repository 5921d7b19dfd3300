/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is believed, what is kept of it and when that is saved, and what silence does. */
#include "controller/logic/test_machine.h"
#include "controller/store/change.h"
#include "lib/base/text.h"
#include "lib/trust/signature.h"

#define SILENT_MS (1000ULL * BEAT_S * BEATS_MISSED + BEAT_GRACE_MS)

static void deploy(struct fixture *f)
{
        go_to(f, INSTALL_PHONE_HOME);
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_TAKEN);
        assert_int_equal(f->node->phase, PHASE_DEPLOYED);
        commit(f);
}

static unsigned puts_of(const struct fixture *f, const char *kind)
{
        unsigned count = 0;

        for (const struct op *op = f->change->first; op; op = op->next)
                count += (op->kind == OP_PUT_DOCUMENT || op->kind == OP_KEEP_DOCUMENT) &&
                         strcmp(op->document.kind, kind) == 0;
        return count;
}

static unsigned conflicts(const struct fixture *f)
{
        unsigned count = 0;

        for (const struct op *op = f->change->first; op; op = op->next)
                count += op->kind == OP_ADD_EVENT && strstr(op->body, "\"conflict\"");
        return count;
}

/* What the timeline got of this step since the last commit; @text in it. */
static unsigned told(const struct fixture *f, const char *text)
{
        unsigned count = 0;

        for (const struct op *op = f->change->first; op; op = op->next)
                count += op->kind == OP_ADD_EVENT && op->event.step == STEP_HEALTH &&
                         strstr(op->body, text);
        return count;
}

static void only_the_key_that_phoned_home(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(beat(f, "key", NULL), -ENOENT);
        deploy(f);
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_int_equal(beat(f, "other", NULL), -ENOENT);
        assert_int_equal(beat(f, "", NULL), -ENOENT);
        f->plan.generation++;
        assert_int_equal(beat(f, "key", NULL), -ENOENT);
}

static void a_repeat_is_taken_and_another_key_is_not(void **state)
{
        struct fixture *f = *state;
        const struct install_plan *plan = &f->plan;

        deploy(f);
        assert_int_equal(phone_as(f, plan->secret, plan->generation, "key"), PHONE_HOME_TAKEN);
        assert_int_equal(conflicts(f), 0);
        /* Told once, however often it is tried; and the first one stays. */
        assert_int_equal(phone_as(f, plan->secret, plan->generation, "other"), PHONE_HOME_USED);
        assert_int_equal(conflicts(f), 1);
        assert_int_equal(phone_as(f, plan->secret, plan->generation, "third"), PHONE_HOME_USED);
        assert_int_equal(phone(f, plan->secret, plan->generation), PHONE_HOME_USED);
        assert_int_equal(conflicts(f), 1);
        assert_false(f->node->is_in_conflict);
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_int_equal(beat(f, "other", NULL), -ENOENT);
        /* Without the secret the key alone is nothing here. */
        assert_int_equal(phone_as(f, f->node->boot, plan->generation, "key"), PHONE_HOME_WRONG);
}

static void without_a_key_it_is_deployed_and_never_beats(void **state)
{
        struct fixture *f = *state;

        go_to(f, INSTALL_PHONE_HOME);
        assert_int_equal(phone(f, f->plan.secret, f->plan.generation), PHONE_HOME_TAKEN);
        assert_int_equal(map_count(f->logic->workers), 0);
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_USED);
        f->now += 100 * SILENT_MS;
        workers_expire(f->logic, f->now, f->change);
        workers_expire(f->logic, f->now + SILENT_MS, f->change);
        assert_false(f->node->is_degraded);
}

static void released_and_it_is_void(void **state)
{
        struct fixture *f = *state;

        deploy(f);
        assert_int_equal(beat(f, "key", "degraded: a.service"), 0);
        f->now += WORKER_JUDGE_MS;
        assert_int_equal(beat(f, "key", "degraded: a.service"), 0);
        assert_true(f->node->is_degraded);
        assert_int_equal(release(f), 0);
        assert_false(f->node->is_degraded);
        assert_int_equal(beat(f, "key", NULL), -ENOENT);
        assert_int_equal(phone_as(f, f->plan.secret, f->plan.generation, "key"), PHONE_HOME_WRONG);
        assert_null(worker_text(f->logic, f->node));
}

static void silence(void **state)
{
        struct fixture *f = *state;

        deploy(f);
        f->now += SILENT_MS - 1;
        workers_expire(f->logic, f->now, f->change);
        assert_false(f->node->is_degraded);
        f->now++;
        workers_expire(f->logic, f->now, f->change);
        assert_true(f->node->is_degraded);
        assert_non_null(strstr(f->node->degraded_reason, "no beat"));
        assert_non_null(strstr(node_text(f->node), "\"name\":\"degraded\""));
        assert_int_equal(puts_of(f, "node"), 1);
        workers_expire(f->logic, f->now + MINUTE, f->change); /* said once */
        assert_int_equal(puts_of(f, "node"), 1);
        assert_int_equal(told(f, "degraded: no beat"), 1);
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_false(f->node->is_degraded);
        assert_int_equal(puts_of(f, "node"), 2);
        assert_int_equal(told(f, "well again"), 1);
}

/* cloudied was away, or its clock was set: that is no silence of theirs. */
static void a_controller_that_was_away(void **state)
{
        struct fixture *f = *state;

        deploy(f);
        workers_resume(f->logic);
        f->now += 10 * SILENT_MS;
        workers_expire(f->logic, f->now, f->change);
        assert_false(f->node->is_degraded);
        f->now += SILENT_MS;
        workers_expire(f->logic, f->now, f->change);
        assert_true(f->node->is_degraded);
        assert_int_equal(beat(f, "key", NULL), 0);
        f->now -= 100 * SILENT_MS; /* back */
        workers_expire(f->logic, f->now, f->change);
        f->now += SILENT_MS - 1;
        workers_expire(f->logic, f->now, f->change);
        assert_false(f->node->is_degraded);
}

static void health(void **state)
{
        struct fixture *f = *state;
        uint64_t since;

        deploy(f);
        f->now += MINUTE;
        assert_int_equal(beat(f, "key", "degraded: a.service\nb"), 0);
        assert_string_equal(f->node->degraded_reason, "systemd: degraded: a.service b");
        since = f->node->degraded_since_ms;
        assert_int_equal(since, f->now);
        assert_int_equal(puts_of(f, "node"), 1);
        f->now += MINUTE;
        assert_int_equal(beat(f, "key", "degraded: a.service\nb"), 0);
        assert_int_equal(puts_of(f, "node"), 1);
        f->now += MINUTE;
        assert_int_equal(beat(f, "key", "degraded: c.service"), 0);
        assert_int_equal(puts_of(f, "node"), 2);
        assert_int_equal(f->node->degraded_since_ms, since);
        /* In the timeline stands that it began, and that it ended: not each word of a beat. */
        assert_int_equal(told(f, ""), 1);
        assert_int_equal(told(f, "degraded: systemd: degraded: a.service b"), 1);
        /* Too soon after the last one: a sign of life, and no more. */
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_true(f->node->is_degraded);
        f->now += WORKER_JUDGE_MS;
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_false(f->node->is_degraded);
}

/* An hour of beats, one a second: a machine does not make the disk work. */
static void beats_are_rarely_saved(void **state)
{
        struct fixture *f = *state;

        deploy(f);
        for (unsigned i = 0; i < 3600; i++) {
                f->now += 1000;
                assert_int_equal(beat(f, "key", NULL), 0);
        }
        assert_int_equal(puts_of(f, WORKER_KIND), 6);
        assert_int_equal(puts_of(f, "node"), 0);
}

/* A thousand nodes beat every minute: what a list shows of each is not written anew for that. */
static void a_beat_changes_digits_alone(void **state)
{
        struct fixture *f = *state;
        const char *text;
        _free_ char *fresh = NULL;

        deploy(f);
        assert_int_equal(beat(f, "key", NULL), 0);
        text = node_text(f->node);
        f->now += MINUTE;
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_ptr_equal(f->node->text, text);
        fresh = strdup(text);
        node_touch(f->node);
        assert_string_equal(node_text(f->node), fresh);
        /* with more digits, and with another address */
        f->node->last_seen_ms = 1;
        node_touch(f->node);
        (void)node_text(f->node);
        assert_int_equal(beat(f, "key", NULL), 0);
        assert_string_equal(node_text(f->node), fresh);
        node_saw(f->node, (struct ip_address)IP_OF4_BYTES(127, 0, 0, 1), f->now);
        assert_non_null(strstr(node_text(f->node), "127.0.0.1"));
}

static void what_is_shown_is_what_is_stored(void **state)
{
        struct fixture *f = *state;
        struct store_document row = {.kind = WORKER_KIND, .name = "sn1", .version = 9};
        _free_ char *shown = NULL, *again = NULL;

        deploy(f);
        shown = worker_text(f->logic, f->node);
        assert_non_null(strstr(shown, "\"version\":\"1\""));
        worker_forget(f->logic, f->node, f->now, f->change);
        row.body = shown;
        assert_int_equal(worker_restore(f->logic, &row), 0);
        again = worker_text(f->logic, f->node);
        assert_string_equal(again, shown);
        assert_int_equal(beat(f, "key", NULL), 0);
        /* One that cannot be read keeps no controller from its start. */
        worker_forget(f->logic, f->node, f->now, f->change);
        row.body = "{\"generation\":1}";
        assert_int_equal(worker_restore(f->logic, &row), 0);
        assert_null(worker_text(f->logic, f->node));
}

static void signatures(void **state)
{
        CLEANUP(signing_key_free) struct signing_key *key = NULL;
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        struct public_key public;
        _free_ char *public_text = NULL, *text = NULL;
        static const char body[] = BEAT_PREFIX "{}";

        (void)state;
        assert_int_equal(signing_key_new(&key), 0);
        signing_key_public(key, &public);
        assert_int_equal(base64_encode(public.bytes, sizeof(public.bytes), &public_text), 0);
        assert_int_equal(signing_key_sign(key, body, strlen(body), signature), 0);
        assert_int_equal(base64_encode(signature, sizeof(signature), &text), 0);

        assert_int_equal(worker_signature_check(public_text, text, BEAT_PREFIX, "{}", 2), 0);
        assert_int_equal(worker_signature_check(public_text, text, PHONE_HOME_PREFIX, "{}", 2),
                         -EKEYREJECTED);
        assert_int_equal(worker_signature_check(public_text, text, BEAT_PREFIX, "{ }", 3),
                         -EKEYREJECTED);
        assert_int_equal(worker_signature_check(public_text, NULL, BEAT_PREFIX, "{}", 2),
                         -EKEYREJECTED);
        assert_int_equal(worker_signature_check(public_text, "AAAA", BEAT_PREFIX, "{}", 2),
                         -EBADMSG);
        assert_int_equal(worker_signature_check("", text, BEAT_PREFIX, "{}", 2), -EBADMSG);
}

int main(void)
{
#define WITH_MACHINE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                WITH_MACHINE(only_the_key_that_phoned_home),
                WITH_MACHINE(a_repeat_is_taken_and_another_key_is_not),
                WITH_MACHINE(without_a_key_it_is_deployed_and_never_beats),
                WITH_MACHINE(released_and_it_is_void),
                WITH_MACHINE(silence),
                WITH_MACHINE(a_controller_that_was_away),
                WITH_MACHINE(health),
                WITH_MACHINE(beats_are_rarely_saved),
                WITH_MACHINE(a_beat_changes_digits_alone),
                WITH_MACHINE(what_is_shown_is_what_is_stored),
                cmocka_unit_test(signatures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
