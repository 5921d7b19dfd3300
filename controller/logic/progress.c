/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far an install is
 *
 * Steps go forward only. A report may be lost on its way, so that a later step
 * stands for those before it; but never back, and only a fresh plan leads to the
 * first of the agent's steps: whoever begins anew has a secret of its own.
 */
#include "controller/logic/progress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/logic/documents.h"
#include "controller/logic/events.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/queue.h"
#include "controller/logic/ways.h"
#include "lib/daemon/log.h"
#include "lib/trust/seal.h"
#include "lib/trust/secret.h"

static bool is_running(const struct node *node)
{
        return node->operation.state == OPERATION_RUNNING;
}

/* A generation that the operation's agent can have been told: the node's own may have risen since
 * it began, by a conflict. */
static bool is_of_it(const struct node *node, uint64_t generation)
{
        return is_running(node) && generation >= node->operation.generation &&
               generation <= node->generation;
}

bool operation_polled(struct logic *logic, struct node *node, uint64_t now_ms,
                      struct store_change *change)
{
        if (!is_running(node) || node->operation.step != INSTALL_AGENT || node->is_in_conflict)
                return true;
        if (!queue_keep_turn(logic, node, now_ms, change))
                return false;
        operation_set_step(node, INSTALL_PLAN, now_ms);
        node_save(logic, node, now_ms, change);
        return true;
}

/* From @step on again. False: too often, and the operation has failed. */
static bool begin_anew(struct logic *logic, struct node *node, enum operation_step step,
                       uint64_t now_ms, struct store_change *change)
{
        struct operation *o = &node->operation;
        char text[EVENT_TEXT_SIZE];

        snprintf(text, sizeof(text), "the machine began anew in step '%s', in attempt %u of %d",
                 operation_steps[o->step].name, (unsigned)o->attempt, OPERATION_ATTEMPTS_MAX);
        if (o->attempt >= OPERATION_ATTEMPTS_MAX) {
                operation_fail(logic, node, CAUSE_TOO_MANY_ATTEMPTS, text, now_ms, change);
                return false;
        }
        o->attempt++;
        log_warning("operation.restarted", "node=%s operation=%llu reason=%s", node->name,
                    (unsigned long long)o->number, QUOTE(text));
        operation_tell(logic, node, text, now_ms, change);
        operation_set_step(node, step, now_ms);
        node_save(logic, node, now_ms, change);
        return true;
}

void operation_restarted(struct logic *logic, struct node *node, uint64_t now_ms,
                         struct store_change *change)
{
        const enum operation_step step = node->operation.step;

        if (is_running(node) && step > INSTALL_AGENT && step < INSTALL_PHONE_HOME)
                (void)begin_anew(logic, node, INSTALL_AGENT, now_ms, change);
}

static void write_plan(const struct node *node, struct install_plan *ret)
{
        const struct operation *o = &node->operation;
        const struct install_facts *facts = &node->install;

        *ret = (struct install_plan){
                .generation = o->generation,
                .operation = o->number,
                .disk = o->disk,
                .may_overwrite = facts->may_overwrite,
                .image_size = facts->image_size,
                .wipe = facts->wipe,
                .grow = facts->grow,
                .boot = facts->boot,
        };
        memcpy(ret->node, node->name, sizeof(ret->node));
        memcpy(ret->image, o->image, sizeof(ret->image));
        memcpy(ret->image_id, o->image_id, sizeof(ret->image_id));
        memcpy(ret->hostname, facts->hostname, sizeof(ret->hostname));
}

/* An agent of an older operation is told to stop, and the operator that there was one. */
static void tell_stale(struct logic *logic, const struct node *node, const char *what,
                       uint64_t generation, uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .of = STEP_OPERATION};

        snprintf(event.text, sizeof(event.text),
                 "an agent of generation %llu, where %llu counts, %s: it is told to stop",
                 (unsigned long long)generation, (unsigned long long)node->generation, what);
        event_refused(logic, node, &event, change);
}

int operation_plan(struct logic *logic, struct node *node, uint64_t generation, uint64_t now_ms,
                   struct store_change *change, struct install_plan *ret)
{
        const enum operation_step step = node->operation.step;
        char why[SEED_WHY_SIZE];
        int rc;

        if (!is_running(node) || step == INSTALL_PHONE_HOME || node->is_in_conflict)
                return -ENOENT;
        if (!is_of_it(node, generation)) {
                tell_stale(logic, node, "asks for the plan", generation, now_ms, change);
                return -ESTALE;
        }
        if (step > INSTALL_CHECK) {
                if (!begin_anew(logic, node, INSTALL_CHECK, now_ms, change))
                        return -ENOENT;
        } else {
                operation_set_step(node, INSTALL_CHECK, now_ms);
                node_save(logic, node, now_ms, change);
        }
        write_plan(node, ret);
        rc = seed_fill(logic, &node->install.seed, why, ret);
        if (rc < 0) {
                operation_fail(logic, node, CAUSE_INTERNAL, why, now_ms, change);
                return rc;
        }
        return secret_make(logic, node, now_ms, change, ret->secret);
}

static int seal_secrets(const struct claim *claim, const struct install_plan *plan, char **ret)
{
        _doc_ struct doc *secrets = doc_encode(&install_secrets_table, plan);
        char info[INSTALL_SEAL_INFO_SIZE];
        _free_ uint8_t *sealed = NULL;
        _free_ char *text = NULL;
        struct public_key key;
        size_t size;
        int rc;

        rc = base64_decode_exact(claim->row.public_key, key.bytes, sizeof(key.bytes));
        if (rc < 0)
                return -EINVAL;
        rc = doc_print(secrets, DOC_COMPACT, &text);
        if (rc < 0)
                return rc;
        rc = seal(&key, install_seal_info(info, claim->row.boot, plan->generation), text,
                  strlen(text), &sealed, &size);
        secret_erase(text, strlen(text));
        return rc < 0 ? rc : base64_encode(sealed, size, ret);
}

int operation_seal(const struct claim *claim, struct install_plan *plan, struct doc **ret)
{
        _doc_ struct doc *object = NULL;
        _free_ char *sealed = NULL;
        int rc;

        rc = seal_secrets(claim, plan, &sealed);
        secret_erase(plan->secret, sizeof(plan->secret));
        secret_erase(plan->user_data, sizeof(plan->user_data));
        if (rc < 0)
                return rc;
        object = doc_encode(&install_plan_table, plan);
        rc = doc_set_text(object, INSTALL_SEALED, sealed);
        if (rc == 0)
                *ret = TAKE_PTR(object);
        return rc;
}

void operation_refuse_old_agent(struct logic *logic, struct node *node, uint64_t now_ms,
                                struct store_change *change)
{
        if (is_running(node) && !node->is_in_conflict)
                operation_fail(logic, node, CAUSE_AGENT_OLD,
                               "it asked for a plan that is not sealed", now_ms, change);
}

static enum operation_step next_step(const struct node *node, enum operation_step step)
{
        unsigned next = step + 1;

        if (next == INSTALL_WIPE && !node->install.wipe)
                next++;
        if (next == INSTALL_BOOT && !node->install.boot)
                next++;
        return (enum operation_step)next;
}

static void tell_done(struct logic *logic, const struct node *node,
                      const struct install_progress *progress, uint64_t now_ms,
                      struct store_change *change)
{
        struct node_event event = {
                .at_ms = now_ms,
                .step = operation_steps[progress->step].event,
                .bytes = progress->done,
                .took_ms = progress->took_ms,
        };

        line_copy(event.text, sizeof(event.text), progress->text);
        event_add(logic, node, &event, change);
}

/* What was on the disk may be gone, and what is there is ours. */
static bool note_disk(struct node *node, const struct install_progress *progress)
{
        const bool is_news = progress->step >= INSTALL_WIPE &&
                             !disk_id_is_same(&node->installed, &node->operation.disk);

        if (progress->step < INSTALL_WIPE)
                return false;
        node->installed = node->operation.disk;
        node->install.is_touched = true;
        return is_news;
}

/* By which partition it boots: nothing that was there before counts any more once the disk is being
 * written. Each report since the new one stands has it, as one may be lost. */
static void note_esp(struct node *node, const struct install_progress *progress)
{
        if (progress->step < INSTALL_WIPE || progress->step > INSTALL_BOOT)
                return;
        if (progress->step <= INSTALL_TABLE || uuid_is_set(&progress->esp))
                node->esp = progress->esp;
}

static int take_failure(struct logic *logic, struct node *node,
                        const struct install_progress *progress, uint64_t now_ms,
                        struct store_change *change)
{
        if (progress->step > node->operation.step)
                operation_set_step(node, progress->step, now_ms);
        (void)note_disk(node, progress);
        note_esp(node, progress);
        operation_fail(logic, node, progress->cause, progress->text, now_ms, change);
        return 0;
}

int operation_progress(struct logic *logic, struct node *node,
                       const struct install_progress *progress, uint64_t now_ms,
                       struct store_change *change)
{
        struct operation *o = &node->operation;
        bool is_news;

        if (!is_of_it(node, progress->generation)) {
                tell_stale(logic, node, operation_steps[progress->step].title, progress->generation,
                           now_ms, change);
                return -ESTALE;
        }
        if (!operation_steps[progress->step].is_agents)
                return -EPROTO;
        if (progress->state == PROGRESS_FAILED)
                return take_failure(logic, node, progress, now_ms, change);
        if (progress->state == PROGRESS_DONE && next_step(node, progress->step) == o->step)
                return 0; /* its answer was lost */
        if (o->step < INSTALL_CHECK || progress->step < o->step)
                return -EPROTO;

        is_news = note_disk(node, progress) || progress->step > o->step;
        note_esp(node, progress);
        if (progress->step > o->step)
                operation_set_step(node, progress->step, now_ms);
        if (progress->state == PROGRESS_DONE) {
                tell_done(logic, node, progress, now_ms, change);
                operation_set_step(node, next_step(node, progress->step), now_ms);
                is_news = true;
        } else {
                o->done = progress->done;
                o->total = progress->total;
                o->deadline_ms = now_ms + operation_patience_ms(o);
        }
        if (is_news)
                node_save(logic, node, now_ms, change);
        else
                node_touch(node);
        return 0;
}
