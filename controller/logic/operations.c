/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An operation begins by an operator and ends in one of three ways: it succeeded,
 * it failed with a cause, it was aborted. Every end raises the node's generation,
 * so that whoever still works on it is turned away.
 */
#include "controller/logic/operations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/logic/claims.h"
#include "controller/logic/ended.h"
#include "controller/logic/events.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/queue.h"
#include "controller/logic/rules.h"
#include "controller/logic/ways.h"
#include "controller/logic/workers.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define AWAY_MS 20000 /* of a look a second: a busy machine, or a slow disk, is late by less */

/* What its step took goes to what it took before: a machine may begin anew. */
static void note_time(struct node *node, uint64_t now_ms)
{
        const struct operation *o = &node->operation;
        const uint64_t took_ms = node->step_ms[o->step] + age_ms(now_ms, o->step_started_ms);

        node->step_ms[o->step] = took_ms < UINT32_MAX ? (uint32_t)took_ms : UINT32_MAX;
}

void operation_set_step(struct node *node, enum operation_step step, uint64_t now_ms)
{
        struct operation *o = &node->operation;

        log_info("operation.step", "node=%s operation=%llu from=%s to=%s", node->name,
                 (unsigned long long)o->number, operation_steps[o->step].name,
                 operation_steps[step].name);
        note_time(node, now_ms);
        o->step = step;
        o->done = o->total = 0;
        o->step_started_ms = now_ms;
        o->deadline_ms = now_ms + operation_patience_ms(o);
        node->seen = 0;
        if (step >= INSTALL_WIPE)
                node->install.is_touched = true;
}

/* It was said of a disk: a retry that picks another one was not told so. */
static bool may_erase(const struct node *node, const struct install_request *request)
{
        return request->erase || (request->is_retry && node->install.erase &&
                                  disk_id_is_same(&node->operation.disk, &request->disk));
}

const char *install_overwrites(const struct node *node, const struct install_request *request)
{
        if (request->profile->holding == HOLDING_ANYTHING)
                return "the profile says that the disk may hold anything";
        if (may_erase(node, request))
                return "the operator said that the disk may be erased";
        if (disk_id_is_same(&node->installed, &request->disk))
                return "what is on it was written by an earlier install";
        return NULL;
}

static void fill(struct node *node, const struct install_request *request, uint64_t number,
                 uint64_t now_ms)
{
        const struct profile *profile = request->profile;
        struct operation o = {
                .number = number,
                .kind = OPERATION_INSTALL,
                .state = node->operation.state,
                .disk = request->disk,
                .until = profile->done,
                .port = profile->done_port,
                .step = INSTALL_QUEUE,
                .attempt = 1,
                .queued_ms = now_ms,
                .step_started_ms = now_ms,
                .deadline_ms = now_ms + operation_steps[INSTALL_QUEUE].deadline_ms,
        };
        struct install_facts facts = {
                .erase = may_erase(node, request),
                .may_overwrite = install_overwrites(node, request) != NULL,
                .wipe = profile->wipe,
                .grow = profile->grow,
                .boot = profile->boot,
                .image_size = request->image_size,
                .seed = profile->seed,
                .is_rules = request->is_rules,
        };

        memcpy(o.profile, profile->name, sizeof(o.profile));
        memcpy(o.image, profile->image, sizeof(o.image));
        line_copy(o.profile_hash, sizeof(o.profile_hash), request->profile_hash);
        line_copy(o.image_id, sizeof(o.image_id), request->image_id);
        line_copy(o.by, sizeof(o.by), request->by);
        memcpy(facts.hostname, request->hostname, sizeof(facts.hostname));
        node->operation = o;
        node->install = facts;
        memset(node->step_ms, 0, sizeof(node->step_ms));
}

int operation_begin(struct logic *logic, struct node *node, const struct install_request *request,
                    uint64_t now_ms, struct store_change *change, const char **why)
{
        const enum node_way way = request->is_retry ? WAY_RETRY : WAY_INSTALL;
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, way, why);
        if (rc < 0)
                return rc;
        if (request->is_retry && node_is_busy(node))
                (void)operation_abort(logic, node, request->by, now_ms, change, why);
        fill(node, request, ++logic->last_operation, now_ms);
        memcpy(node->profile, request->profile->name, sizeof(node->profile));
        rule_install_begun(node);
        if (!request->is_rules)
                quarantine_end(logic, node, request->by, now_ms, change);
        snprintf(reason, sizeof(reason), "%s by %s", request->is_retry ? "retried" : "begun",
                 request->by);
        (void)node_go(logic, node, way, reason, now_ms, change);
        queue_advance(logic, now_ms, change);
        if (node->operation.state == OPERATION_RUNNING)
                return 0;
        operation_tell(logic, node, "waits for its turn", now_ms, change);
        node_save(logic, node, now_ms, change);
        return 0;
}

/* What it leaves behind on the disk is said until an install succeeds. */
static void note_dirt(struct node *node, uint64_t now_ms)
{
        const struct operation *o = &node->operation;
        char text[2 * EVENT_TEXT_SIZE];

        if (!node->install.is_touched)
                return;
        snprintf(text, sizeof(text), "the disk is half written: %s%s%s",
                 node_causes[o->cause].sentence, o->evidence[0] ? ": " : "", o->evidence);
        node->is_dirty = true;
        node->dirty_since_ms = now_ms;
        line_copy(node->dirty_reason, sizeof(node->dirty_reason), text);
}

/* The state has changed; the rest of an end. */
static void end(struct logic *logic, struct node *node, uint64_t now_ms,
                struct store_change *change)
{
        note_time(node, now_ms);
        node->operation.ended_ms = now_ms;
        node->operation.deadline_ms = 0;
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
        ended_add(logic, node, now_ms, change);
}

int operation_abort(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                    struct store_change *change, const char **why)
{
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_ABORT, why);
        if (rc < 0)
                return rc;
        snprintf(reason, sizeof(reason), "aborted by %s at '%s'", by,
                 operation_steps[node->operation.step].name);
        node->operation.cause = CAUSE_ABORTED;
        (void)node_go(logic, node, WAY_ABORT, reason, now_ms, change);
        note_dirt(node, now_ms);
        end(logic, node, now_ms, change);
        return 0;
}

int operation_release(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                      struct store_change *change, const char **why)
{
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_RELEASE, why);
        if (rc < 0)
                return rc;
        snprintf(reason, sizeof(reason), "released by %s", by);
        (void)node_go(logic, node, WAY_RELEASE, reason, now_ms, change);
        secret_forget(logic, node->name, now_ms, change);
        worker_forget(logic, node, now_ms, change);
        node->esp = (struct uuid){0};
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
        return 0;
}

int operation_retire(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                     struct store_change *change, const char **why)
{
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_RETIRE, why);
        if (rc < 0)
                return rc;
        snprintf(reason, sizeof(reason), "retired by %s", by);
        quarantine_end(logic, node, by, now_ms, change);
        (void)node_go(logic, node, WAY_RETIRE, reason, now_ms, change);
        secret_forget(logic, node->name, now_ms, change);
        worker_forget(logic, node, now_ms, change);
        claims_drop_node(logic, node, change);
        node->held = (struct held_facts){0};
        node->is_install_wanted = false;
        node->retired_told_ms = 0;
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
        return 0;
}

int operation_unretire(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                       struct store_change *change, const char **why)
{
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_UNRETIRE, why);
        if (rc < 0)
                return rc;
        snprintf(reason, sizeof(reason), "brought back by %s", by);
        (void)node_go(logic, node, WAY_UNRETIRE, reason, now_ms, change);
        node->esp = (struct uuid){0};
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
        return 0;
}

void operation_fail(struct logic *logic, struct node *node, enum node_cause cause,
                    const char *evidence, uint64_t now_ms, struct store_change *change)
{
        const enum node_cause named = cause == CAUSE_NONE ? CAUSE_INTERNAL : cause;
        struct node_event event = {.at_ms = now_ms, .step = STEP_FAILED};
        struct operation *o = &node->operation;
        char text[2 * EVENT_TEXT_SIZE], reason[3 * EVENT_TEXT_SIZE];

        o->cause = named;
        line_copy(o->evidence, sizeof(o->evidence), evidence);
        snprintf(text, sizeof(text), "%s: %s%s%s", node_causes[named].name,
                 node_causes[named].sentence, o->evidence[0] ? ": " : "", o->evidence);
        snprintf(reason, sizeof(reason), "failed at '%s': %s", operation_steps[o->step].name, text);
        if (node_go(logic, node, WAY_FAIL, reason, now_ms, change) < 0)
                return;
        line_copy(event.text, sizeof(event.text), text);
        event_add(logic, node, &event, change);
        note_dirt(node, now_ms);
        if (node->install.is_rules)
                rule_install_failed(logic, node, text, now_ms, change);
        end(logic, node, now_ms, change);
}

int operation_succeed(struct logic *logic, struct node *node, const char *reason, uint64_t now_ms,
                      struct store_change *change)
{
        int rc;

        rc = node_go(logic, node, WAY_INSTALLED, reason, now_ms, change);
        if (rc < 0)
                return rc;
        node->operation.step = INSTALL_PHONE_HOME;
        node->operation.done = node->operation.total = 0;
        node->rule_failures = 0;
        node->is_dirty = false;
        node->dirty_reason[0] = '\0';
        claims_drop_node(logic, node, change); /* what ran in the ramdisk is gone */
        end(logic, node, now_ms, change);
        return 0;
}

int operation_confirm(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                      struct store_change *change, const char **why)
{
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_INSTALLED, why);
        if (rc < 0)
                return rc;
        *why = "its profile does not say 'done: operator': its own system shows that it runs";
        if (node->operation.until != UNTIL_OPERATOR)
                return -EPERM;
        *why = "it is not installed yet: its machine has not restarted into what is written";
        if (node->operation.step != INSTALL_PHONE_HOME)
                return -EPERM;
        snprintf(reason, sizeof(reason), "%s says that its installed system runs", by);
        return operation_succeed(logic, node, reason, now_ms, change);
}

void operation_saw_system(struct logic *logic, struct node *node, uint64_t now_ms,
                          struct store_change *change)
{
        const struct operation *o = &node->operation;

        if (o->state == OPERATION_RUNNING && o->step == INSTALL_PHONE_HOME &&
            o->until == UNTIL_LEASE && !node->is_in_conflict)
                (void)operation_succeed(logic, node, "its installed system took an address", now_ms,
                                        change);
}

uint64_t operation_awaits_port(const struct node *node)
{
        const struct operation *o = &node->operation;

        return o->state == OPERATION_RUNNING && o->step == INSTALL_PHONE_HOME &&
                               o->until == UNTIL_TCP && !node->is_in_conflict
                       ? o->number
                       : 0;
}

void operation_saw_port(struct logic *logic, struct node *node, uint64_t number, uint64_t now_ms,
                        struct store_change *change)
{
        char reason[EVENT_TEXT_SIZE];

        if (number == 0 || operation_awaits_port(node) != number)
                return;
        snprintf(reason, sizeof(reason), "port %u of its installed system answers",
                 node->operation.port);
        (void)operation_succeed(logic, node, reason, now_ms, change);
}

/* For how long, what the edge saw of it meanwhile, and what kept it from being told anything. */
static void describe_silence(const struct node *node, char *to, size_t size)
{
        const struct operation_step_row *row = &operation_steps[node->operation.step];
        size_t used;

        snprintf(to, size, "%s: nothing for %u s", row->waits_for,
                 operation_patience_ms(&node->operation) / 1000);
        for (unsigned step = STEP_NONE + 1; step < STEP_COUNT; step++) {
                if (!(node->seen & UINT64_C(1) << step))
                        continue;
                used = strlen(to);
                snprintf(to + used, size - used, "%s%s",
                         strstr(to, "seen: ") ? ", " : "; seen: ", node_steps[step].name);
        }
        used = strlen(to);
        if (node->is_in_conflict)
                snprintf(to + used, size - used, "; it is in conflict: %s", node->conflict_reason);
}

static void end_late(struct logic *logic, struct list *which, uint64_t now_ms,
                     struct store_change *change)
{
        char evidence[EVENT_TEXT_SIZE];
        size_t ended = 0;

        LIST_FOR_EACH(which, at)
        {
                struct node *node = container_of(at, struct node, running);
                struct operation *o = &node->operation;
                const uint64_t longest = now_ms + operation_patience_ms(o);

                /* The clock was set back: nobody waits longer than the table says. */
                if (o->deadline_ms > longest)
                        o->deadline_ms = longest;
                if (o->deadline_ms > now_ms)
                        continue;
                if (ended++ >= EXPIRE_ROWS_MAX)
                        break;
                describe_silence(node, evidence, sizeof(evidence));
                operation_fail(logic, node, operation_cause(o, (uint32_t)node->seen), evidence,
                               now_ms, change);
        }
}

void operations_tick(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        end_late(logic, &logic->running, now_ms, change);
        end_late(logic, &logic->waiting, now_ms, change);
        queue_advance(logic, now_ms, change);
}

void operations_watch(struct logic *logic, struct operations_watch *watch, uint64_t now_ms,
                      uint64_t monotonic_ms, struct store_change *change)
{
        const struct operations_watch last = *watch;
        const uint64_t passed = age_ms(now_ms, last.now_ms);
        const uint64_t ran = age_ms(monotonic_ms, last.monotonic_ms);

        *watch = (struct operations_watch){now_ms, monotonic_ms};
        if (last.monotonic_ms > 0 &&
            (ran > AWAY_MS || passed > ran + AWAY_MS || ran > passed + AWAY_MS)) {
                log_warning("operations.clock",
                            "passed_ms=%llu ran_ms=%llu reason=\"the clock was "
                            "set, or cloudied stood still: deadlines begin "
                            "anew\"",
                            (unsigned long long)passed, (unsigned long long)ran);
                operations_resume(logic, now_ms);
                workers_resume(logic);
        }
        operations_tick(logic, now_ms, change);
}

static void resume(const struct list *which, uint64_t now_ms)
{
        LIST_FOR_EACH(which, at)
        {
                struct node *node = container_of(at, struct node, running);
                struct operation *o = &node->operation;

                o->deadline_ms = now_ms + operation_patience_ms(o);
                node_touch(node);
                log_info("operation.resumed", "node=%s operation=%llu step=%s attempt=%u",
                         node->name, (unsigned long long)o->number, operation_steps[o->step].name,
                         (unsigned)o->attempt);
        }
}

void operations_resume(struct logic *logic, uint64_t now_ms)
{
        resume(&logic->running, now_ms);
        resume(&logic->waiting, now_ms);
}

static bool is_image_of(const struct list *which, const char *image)
{
        LIST_FOR_EACH(which, at)
        {
                const struct node *node = container_of(at, struct node, running);

                if (strcmp(node->operation.image, image) == 0)
                        return true;
        }
        return false;
}

bool operation_uses_image(const struct logic *logic, const char *image)
{
        return is_image_of(&logic->running, image) || is_image_of(&logic->waiting, image);
}
