/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What agents call: /agent/v1. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/claims.h"
#include "controller/logic/events.h"
#include "controller/logic/identity.h"
#include "controller/logic/nodes.h"
#include "lib/base/clock.h"
#include "lib/daemon/log.h"

static const enum problem claim_problems[CLAIM_OUTCOME_COUNT] = {
        [CLAIM_TAKEN] = PROBLEM_NONE,           [CLAIM_UNKNOWN] = PROBLEM_BOOT_UNKNOWN,
        [CLAIM_EXPIRED] = PROBLEM_BOOT_EXPIRED, [CLAIM_CONFLICT] = PROBLEM_BOOT_CONFLICT,
        [CLAIM_NOT_ITS] = PROBLEM_BOOT_NOT_ITS,
};

enum problem prepare_claim(struct call *call, char *detail)
{
        const enum problem problem = prepare_table(call, &agent_claim_table, detail);
        int rc;

        if (problem != PROBLEM_NONE)
                return problem;
        rc = claim_check(call->data);
        if (rc == 0)
                return PROBLEM_NONE;
        if (rc != -EKEYREJECTED) {
                snprintf(detail, DOC_ERROR_SIZE,
                         "claim: 'boot', 'mac', 'public_key' or 'signature' is malformed");
                return PROBLEM_BODY;
        }
        if (call_may_log(call))
                log_warning("claim.refused", "peer=%s reason=\"wrong signature\"",
                            serve_peer(call->request));
        return PROBLEM_SIGNATURE;
}

void handle_agent_claim(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct agent_claimed answer = {0};
        int rc = -ENOMEM;

        if (change)
                rc = claim_take(call->api->logic, call->data, clock_wall_ms(), change, &answer);
        if (rc == CLAIM_TAKEN)
                reply_table(call, &agent_claimed_table, &answer);
        else if (rc > 0)
                reply_problem(call, claim_problems[rc], NULL);
        else
                reply_problem(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
        secret_erase(&answer, sizeof(answer));
        /* What was refused may have changed something, too: two keys make a number void. */
        call_commit(call, TAKE_PTR(change));
}

struct claim *call_claim(struct call *call)
{
        struct claim *claim = claim_find(call->api->logic, call->who.id);

        if (!claim)
                call_refuse(call, PROBLEM_TOKEN_STALE, NULL);
        return claim;
}

void handle_agent_events(struct call *call)
{
        const struct event_list *list = call->data;
        struct claim *claim = call_claim(call);
        struct store_change *change;
        struct doc *answer;
        uint64_t seq;

        if (!claim)
                return;
        change = store_change_new();
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        seq = events_of_agent(call->api->logic, claim, list->events, list->count, clock_wall_ms(),
                              change);
        answer = doc_object();
        doc_set_number(answer, "acknowledged", (int64_t)seq);
        reply_doc(call, 200, answer);
        call_commit(call, change);
}

enum problem prepare_inventory(struct call *call, char *detail)
{
        struct report *report = NULL;
        const char *body;
        size_t size;
        int rc;

        body = serve_body(call->request, &size);
        rc = report_decode(body, size, detail, &report);
        call->data = report;
        if (rc == -ENOMEM)
                return PROBLEM_NO_MEMORY;
        return rc < 0 ? PROBLEM_BODY : PROBLEM_NONE;
}

/* Back on the logic thread, which knows whether that is still the question. */
static void decide_drift(void *context)
{
        struct call *call = context;
        const struct report *report = call->data;
        struct store_change *change = store_change_new();

        call->then = NULL;
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        drift_decide(call->api->logic, &report->look, clock_wall_ms(), change);
        call_commit(call, change);
}

/* Reader's thread: what changed in the machine. The agent waits, so that whoever asks after it
 * finds all of it. */
static void look_at_drift(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct report *report = call->data;
        struct drift_look *look = &report->look;
        _free_ char *before = NULL, *accepted = NULL;

        /* What cannot be read is not compared. */
        if (look->before[0])
                (void)store_read_inventory_body(reader, look->before, &before);
        if (look->accepted[0])
                (void)store_read_inventory_body(reader, look->accepted, &accepted);
        drift_compare(look, report->lasting, before, accepted);
        call_post(call, decide_drift);
}

void handle_agent_inventory(struct call *call)
{
        struct claim *claim = call_claim(call);
        CLEANUP(store_change_free) struct store_change *change = NULL;
        struct node *node = NULL;
        struct doc *answer;
        int rc = -ENOMEM;

        if (!claim)
                return;
        change = store_change_new();
        if (change)
                rc = inventory_take(call->api->logic, claim, call->data, clock_wall_ms(), change,
                                    &node);
        if (rc < 0) {
                reply_problem(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
        } else {
                answer = doc_object();
                doc_set_text(answer, "node", node->name);
                reply_doc(call, 200, answer);
                if (((const struct report *)call->data)->is_looked_at)
                        call->then = look_at_drift;
        }
        call_commit(call, TAKE_PTR(change));
}
