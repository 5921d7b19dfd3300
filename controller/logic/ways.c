/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A state changes here or nowhere: what is legal stands in lib/node/phase.c,
 * and nobody can forget to log it or to tell it.
 */
#include "controller/logic/ways.h"

#include <errno.h>
#include <stdio.h>

#include "controller/logic/events.h"
#include "controller/logic/line.h"
#include "controller/logic/queue.h"
#include "lib/daemon/log.h"

static struct node_state state_of(const struct node *node)
{
        return (struct node_state){node->phase, node->operation.state};
}

int node_may_go(const struct node *node, enum node_way way, const char **why)
{
        struct node_state to;

        return node_way_take(state_of(node), way, why, &to);
}

void operation_tell(struct logic *logic, const struct node *node, const char *text, uint64_t now_ms,
                    struct store_change *change)
{
        const struct operation *o = &node->operation;
        struct node_event event = {.at_ms = now_ms, .step = STEP_OPERATION};
        char line[2 * EVENT_TEXT_SIZE];

        snprintf(line, sizeof(line), "%s '%s' on %s (%s) by %s: %s", operation_kind_names[o->kind],
                 o->profile, o->disk.name, o->disk.serial[0] ? o->disk.serial : o->disk.wwn, o->by,
                 text);
        line_copy(event.text, sizeof(event.text), line);
        event_add(logic, node, &event, change);
}

static void change_operation(struct logic *logic, struct node *node, enum operation_state to,
                             const char *reason, uint64_t now_ms, struct store_change *change)
{
        static const char *const said[OPERATION_STATE_COUNT] = {
                [OPERATION_RUNNING] = "begun",
                [OPERATION_SUCCEEDED] = "succeeded",
        };
        struct operation *o = &node->operation;

        log_info("node.operation", "node=%s operation=%llu from=%s to=%s step=%s reason=%s",
                 node->name, (unsigned long long)o->number, operation_state_names[o->state],
                 operation_state_names[to], operation_steps[o->step].name, QUOTE(reason));
        o->state = to;
        list_remove(&node->running);
        if (to == OPERATION_RUNNING)
                list_append(&logic->running, &node->running);
        if (to == OPERATION_WAITING)
                queue_insert(logic, node); /* whether that is worth a word is not known yet */
        else
                operation_tell(logic, node, said[to] ? said[to] : reason, now_ms, change);
}

static void change_phase(struct logic *logic, struct node *node, enum node_phase to,
                         const char *reason, uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_PHASE};
        const enum node_phase from = node->phase;

        log_info("node.phase", "node=%s from=%s to=%s reason=%s", node->name,
                 node_phase_names[from], node_phase_names[to], QUOTE(reason));
        logic->by_phase[from]--;
        logic->by_phase[to]++;
        node->phase = to;
        if (from == PHASE_RESERVED)
                node->reserved = (struct reservation){0};
        /* That it was discovered is an event of its own. */
        if (from == PHASE_NONE)
                return;
        snprintf(event.text, sizeof(event.text), "%s -> %s: %s", node_phase_names[from],
                 node_phase_names[to], reason);
        event_add(logic, node, &event, change);
}

int node_go(struct logic *logic, struct node *node, enum node_way way, const char *reason,
            uint64_t now_ms, struct store_change *change)
{
        struct node_state to;
        int rc;

        rc = node_way_take(state_of(node), way, NULL, &to);
        if (rc < 0)
                return rc;
        if (to.operation == OPERATION_NONE)
                list_remove(&node->running); /* never was one, or is forgotten with its node */
        else if (to.operation != node->operation.state)
                change_operation(logic, node, to.operation, reason, now_ms, change);
        if (to.phase != node->phase)
                change_phase(logic, node, to.phase, reason, now_ms, change);
        return 0;
}

void node_renew_orders(struct logic *logic, struct node *node)
{
        node->generation++;
        if (logic->hooks.next_change)
                node->orders_change = logic->hooks.next_change(logic->hooks.context);
        if (node->claim && node->claim->waiter)
                logic->hooks.wake(logic->hooks.context, node->claim, false);
}
