/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Back to the system on its disk, once
 *
 * The order is written down with the boot that it was given in. A machine that
 * is in the ramdisk in any other boot was asked for, or comes back by itself
 * (its disk does not start, or it has a medium of ours): it is not sent again, or
 * else it would restart for ever, and who looks at it finds it there.
 */
#include "controller/logic/held.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/nodes.h"
#include "controller/logic/ways.h"
#include "lib/daemon/log.h"

static bool has_system(const struct node *node)
{
        return node && node->phase == PHASE_DISCOVERED && node->summary.system[0];
}

enum held_place held_place(const struct claim *claim)
{
        const struct node *node = claim->node;

        if (!has_system(node) || !node->held.sent[0])
                return HELD_NOT;
        if (!node->held.is_wanted && !node->is_in_conflict &&
            strcmp(node->held.sent, claim->row.boot) == 0)
                return HELD_LEAVES;
        return HELD_STAYS;
}

int held_explain(const struct claim *claim, char *ret)
{
        const enum held_place place = held_place(claim);

        if (place == HELD_NOT)
                return -ENOENT;
        if (place == HELD_LEAVES)
                snprintf(ret, PLAN_REASON_SIZE, "it restarts into the system on %s",
                         claim->node->summary.system);
        else
                snprintf(ret, PLAN_REASON_SIZE,
                         "held in the ramdisk: it was told to restart into the system on %s in "
                         "boot %s, and is not told again",
                         claim->node->summary.system, claim->node->held.sent);
        return 0;
}

static void send_home(struct logic *logic, struct node *node, uint64_t now_ms,
                      struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_REBOOT};

        memcpy(node->held.sent, node->claim->row.boot, sizeof(node->held.sent));
        node->held.sent_ms = now_ms;
        snprintf(event.text, sizeof(event.text),
                 "into the system on %s: a machine that is held is not kept from it",
                 node->summary.system);
        event_add(logic, node, &event, change);
        log_info("node.sent-home", "node=%s boot=%s disk=%s", node->name, node->held.sent,
                 node->summary.system);
        node_renew_orders(logic, node);
}

static void keep_here(struct logic *logic, struct node *node, const char *reason, uint64_t now_ms,
                      struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_HELD};

        snprintf(event.text, sizeof(event.text), "%s", reason);
        event_add(logic, node, &event, change);
        log_info("node.held", "node=%s boot=%s reason=%s", node->name, node->boot, QUOTE(reason));
        node_renew_orders(logic, node);
}

void held_reported(struct logic *logic, struct node *node, uint64_t now_ms,
                   struct store_change *change)
{
        struct held_facts *held = &node->held;

        if (!has_system(node)) {
                *held = (struct held_facts){0};
                return;
        }
        if (!node->claim || node->is_in_conflict)
                return;
        if (held->is_wanted) {
                held->is_wanted = false;
                keep_here(logic, node, "an operator asked to see it: it stays for this boot",
                          now_ms, change);
        } else if (!held->sent[0]) {
                send_home(logic, node, now_ms, change);
        } else if (strcmp(held->sent, node->claim->row.boot) != 0) {
                keep_here(logic, node,
                          "it came back instead of starting the system on its disk: it stays here",
                          now_ms, change);
        }
}

int held_look(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
              struct store_change *change, const char **why)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_HELD};
        int rc;

        rc = node_may_go(node, WAY_LOOK, why);
        if (rc < 0)
                return rc;
        node->held.is_wanted = node->summary.system[0];
        snprintf(event.text, sizeof(event.text),
                 "%s wants to see it in the ramdisk: its next boot from the network goes there",
                 by);
        event_add(logic, node, &event, change);
        node_renew_orders(logic, node);
        node_save(logic, node, now_ms, change);
        return 0;
}
