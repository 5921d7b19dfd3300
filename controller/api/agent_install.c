/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an agent asks and says while it installs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/claims.h"
#include "controller/logic/nodes.h"
#include "controller/logic/progress.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

/* A machine that has not reported has no node, and nothing to install. NULL: it has answered. */
static struct node *node_of(struct call *call, struct claim *claim)
{
        if (claim && !claim->node)
                call_refuse(call, PROBLEM_OPERATION_NONE, NULL);
        return claim ? claim->node : NULL;
}

static enum problem plan_problem(int rc)
{
        switch (rc) {
        case -ESTALE:
                return PROBLEM_GENERATION;
        case -ENOENT:
                return PROBLEM_OPERATION_NONE;
        case -ENOSPC:
                return PROBLEM_FULL;
        case -EINVAL:
                return PROBLEM_SIGNATURE;
        default:
                return PROBLEM_NO_MEMORY;
        }
}

void handle_agent_plan(struct call *call)
{
        const char *text = serve_query(call->request, "generation");
        struct claim *claim = call_claim(call);
        struct node *node = node_of(call, claim);
        CLEANUP(store_change_free) struct store_change *change = NULL;
        _free_ struct install_plan *plan = calloc(1, sizeof(*plan));
        struct doc *answer = NULL;
        uint64_t generation = 0;
        int rc = -ENOMEM;

        if (!node)
                return;
        if (!text || text_parse_u64(text, INT64_MAX, &generation) < 0) {
                call_refuse(call, PROBLEM_QUERY, "plan: 'generation' must be a number");
                return;
        }
        change = store_change_new();
        if (!change || !plan) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        claim_polled(claim, clock_wall_ms());
        if (!serve_query(call->request, "sealed")) {
                operation_refuse_old_agent(call->api->logic, node, clock_wall_ms(), change);
                reply_problem(call, PROBLEM_AGENT_OLD, NULL);
                call_commit(call, TAKE_PTR(change));
                return;
        }
        rc = operation_plan(call->api->logic, node, generation, clock_wall_ms(), change, plan);
        if (rc == 0)
                rc = operation_seal(claim, plan, &answer);
        if (rc == 0)
                reply_doc(call, 200, answer);
        else
                reply_problem(call, plan_problem(rc), NULL);
        secret_erase(plan, sizeof(*plan));
        /* What was refused may have changed something, too: an attempt too many ends it. */
        call_commit(call, TAKE_PTR(change));
}

enum problem prepare_progress(struct call *call, char *detail)
{
        return prepare_table(call, &install_progress_table, detail);
}

static void reply_progress(struct call *call, const struct claim *claim, int rc)
{
        struct agent_orders orders;

        if (rc == -ESTALE) {
                reply_problem(call, PROBLEM_GENERATION, NULL);
                return;
        }
        if (rc < 0) {
                reply_problem(call, PROBLEM_STEP_ORDER, NULL);
                return;
        }
        claim_orders(call->api->logic, claim, &orders);
        reply_table(call, &agent_orders_table, &orders);
}

void handle_agent_progress(struct call *call)
{
        struct claim *claim = call_claim(call);
        struct node *node = node_of(call, claim);
        CLEANUP(store_change_free) struct store_change *change = NULL;
        int rc;

        if (!node)
                return;
        change = store_change_new();
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        claim_polled(claim, clock_wall_ms());
        rc = operation_progress(call->api->logic, node, call->data, clock_wall_ms(), change);
        reply_progress(call, claim, rc);
        /* Bytes alone do not wait for the disk; but nothing is told that is not on it. */
        if (store_change_count(change) == 0 && orders_are_settled(call->api, claim))
                call_send(call);
        else
                call_commit(call, TAKE_PTR(change));
}
