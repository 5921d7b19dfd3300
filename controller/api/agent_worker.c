/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an installed system says: its phone-home, and its beats. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/nodes.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/workers.h"
#include "lib/base/clock.h"
#include "lib/daemon/log.h"

static enum problem check_signature(struct call *call, const char *prefix, char *detail)
{
        const struct phone_home *says = call->data;
        const void *body;
        size_t size;
        int rc;

        body = serve_body(call->request, &size);
        rc = worker_signature_check(says->public_key,
                                    serve_header(call->request, WORKER_SIGNATURE_HEADER), prefix,
                                    body, size);
        if (rc == 0)
                return PROBLEM_NONE;
        if (call_may_log(call))
                log_warning("worker.refused", "peer=%s node=%s reason=\"wrong signature\"",
                            serve_peer(call->request), QUOTE(says->node));
        if (rc == -EBADMSG)
                snprintf(detail, DOC_ERROR_SIZE, "'public_key' or the signature is malformed");
        return rc == -EBADMSG  ? PROBLEM_BODY
               : rc == -ENOMEM ? PROBLEM_NO_MEMORY
                               : PROBLEM_SIGNATURE;
}

/* Who has no key may phone home, and then never beats: a system without cloudie-worker. */
static enum problem prepare(struct call *call, const struct doc_table *table, const char *prefix,
                            char *detail)
{
        const enum problem problem = prepare_table(call, table, detail);
        const struct phone_home *says = call->data;
        int rc;

        if (problem != PROBLEM_NONE)
                return problem;
        rc = worker_facts_check(&says->facts, detail);
        if (rc < 0)
                return rc == -EBADMSG ? PROBLEM_BODY : PROBLEM_NO_MEMORY;
        return says->public_key[0] ? check_signature(call, prefix, detail) : PROBLEM_NONE;
}

enum problem prepare_phone_home(struct call *call, char *detail)
{
        return prepare(call, &phone_home_table, PHONE_HOME_PREFIX, detail);
}

enum problem prepare_beat(struct call *call, char *detail)
{
        return prepare(call, &beat_table, BEAT_PREFIX, detail);
}

static void reply_worker(struct call *call, const struct node *node)
{
        struct worker_answer answer = {.phase = node->phase, .beat_s = call->api->logic->beat_s};

        memcpy(answer.node, node->name, sizeof(answer.node));
        reply_table(call, &worker_answer_table, &answer);
}

void handle_agent_phone_home(struct call *call)
{
        static const enum problem problems[PHONE_HOME_OUTCOME_COUNT] = {
                [PHONE_HOME_WRONG] = PROBLEM_SECRET_WRONG,
                [PHONE_HOME_USED] = PROBLEM_SECRET_USED,
                [PHONE_HOME_STALE] = PROBLEM_GENERATION,
        };
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct phone_home *says = call->data;
        enum phone_home_outcome outcome;
        struct node *node = NULL;

        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        outcome = operation_phone_home(call->api->logic, says, clock_wall_ms(), change, &node);
        secret_erase(says->secret, sizeof(says->secret));
        if (outcome == PHONE_HOME_TAKEN) {
                reply_worker(call, node);
        } else {
                if (call_may_log(call))
                        log_warning("phone-home.refused", "peer=%s node=%s code=%s",
                                    serve_peer(call->request), QUOTE(says->node),
                                    problem_rows[problems[outcome]].code);
                reply_problem(call, problems[outcome], NULL);
        }
        /* What was refused may have changed something, too: another key is told once. */
        call_commit(call, TAKE_PTR(change));
}

/* Nobody waits for the disk: what is lost is said again by the next beat. */
static void keep(struct api *api, struct store_change *change)
{
        int rc = 0;

        if (store_change_count(change) > 0)
                rc = store_submit(api->store, change, orders_committed, api);
        else
                store_change_free(change);
        if (rc < 0)
                api_break(api, rc);
}

void handle_agent_beat(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct api *api = call->api;
        const struct phone_home *says = call->data;
        int rc = -ENOMEM;

        if (change)
                rc = worker_beat(api->logic, says, clock_wall_ms(), change);
        if (rc == 0) {
                reply_worker(call, worker_node(api->logic, says));
        } else if (rc == -ENOENT) {
                if (call_may_log(call))
                        log_info("beat.refused", "peer=%s node=%s code=worker-unknown",
                                 serve_peer(call->request), QUOTE(says->node));
                reply_problem(call, PROBLEM_WORKER_UNKNOWN, NULL);
        } else {
                reply_problem(call, PROBLEM_NO_MEMORY, NULL);
        }
        if (change)
                keep(api, TAKE_PTR(change));
        call_send(call);
}
