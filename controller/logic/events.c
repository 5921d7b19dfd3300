/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/events.h"

#include <stdio.h>
#include <string.h>

#include "controller/logic/discovery.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define ODD_TOLD_MS 60000 /* between two lines about reports that are not their sender's */

enum reporter { BY_EDGE = 1, BY_AGENT = 2, BY_CONTROLLER = 4 };

/*
 * Who may say that a step was taken: nobody reports what he cannot know, and an
 * agent cannot invent the controller's decisions.
 */
static const unsigned reporters[STEP_COUNT] = {
        [STEP_DHCP_DISCOVER] = BY_EDGE,
        [STEP_DHCP_OFFER] = BY_EDGE,
        [STEP_DHCP_ACK] = BY_EDGE,
        [STEP_DHCP_NAK] = BY_EDGE,
        [STEP_LOADER] = BY_EDGE,
        [STEP_PLAN] = BY_EDGE,
        [STEP_SCRIPT] = BY_EDGE,
        [STEP_KERNEL] = BY_EDGE,
        [STEP_RAMDISK] = BY_EDGE,
        [STEP_SITE] = BY_EDGE,
        [STEP_AGENT] = BY_AGENT,
        [STEP_CLAIM] = BY_CONTROLLER,
        [STEP_STAGE_TWO] = BY_AGENT | BY_EDGE,
        [STEP_INVENTORY] = BY_AGENT,
        [STEP_DISCOVERED] = BY_CONTROLLER,
        [STEP_HELD] = BY_CONTROLLER,
        [STEP_OPERATION] = BY_CONTROLLER,
        [STEP_CHECK] = BY_CONTROLLER,
        [STEP_IMAGE] = BY_CONTROLLER,
        [STEP_WIPE] = BY_CONTROLLER,
        [STEP_WRITE] = BY_CONTROLLER,
        [STEP_SEED] = BY_CONTROLLER,
        [STEP_TABLE] = BY_CONTROLLER,
        [STEP_BOOT_ENTRY] = BY_CONTROLLER,
        [STEP_REBOOT] = BY_CONTROLLER,
        [STEP_PHONE_HOME] = BY_CONTROLLER,
        [STEP_PHASE] = BY_CONTROLLER,
        [STEP_CONFLICT] = BY_CONTROLLER | BY_EDGE,
        [STEP_STRANGER] = BY_EDGE,
        [STEP_FOREIGN_DHCP] = BY_EDGE,
        [STEP_POOL_NEARLY] = BY_EDGE,
        [STEP_POOL_FULL] = BY_EDGE,
        [STEP_POOL_FREE] = BY_EDGE,
        [STEP_DISCOVERY] = BY_CONTROLLER,
        [STEP_FAILED] = BY_EDGE | BY_AGENT | BY_CONTROLLER,
        [STEP_STOPPED] = BY_EDGE,
        [STEP_REFUSED] = BY_CONTROLLER,
        [STEP_DOCUMENT] = BY_CONTROLLER,
        [STEP_HEALTH] = BY_CONTROLLER,
        [STEP_DRIFT] = BY_CONTROLLER,
        [STEP_RULE] = BY_CONTROLLER,
        [STEP_RENAMED] = BY_CONTROLLER,
        [STEP_MAINTENANCE] = BY_CONTROLLER,
        [STEP_SYSTEM] = BY_EDGE,
        [STEP_PORT] = BY_EDGE,
        [STEP_RETIRED] = BY_CONTROLLER,
};

static void add(struct logic *logic, const struct node *node, struct node_event *event,
                const char *by, struct store_change *change)
{
        event->id = ++logic->last_event;
        snprintf(event->by, sizeof(event->by), "%s", by);
        event->node[0] = '\0';
        if (node)
                (void)text_copy(event->node, sizeof(event->node), node->name);
        store_add_event(change, event);
}

void event_add(struct logic *logic, const struct node *node, struct node_event *event,
               struct store_change *change)
{
        if (node && !mac_is_usable(&event->mac) && node->mac_count > 0)
                event->mac = node->claim ? node->claim->row.mac : node->macs[0];
        if (node && !event->boot[0])
                memcpy(event->boot, node->boot, sizeof(event->boot));
        add(logic, node, event, "controller", change);
}

void event_refused(struct logic *logic, const struct node *node, struct node_event *event,
                   struct store_change *change)
{
        if (age_ms(event->at_ms, logic->refusals_since_ms) >= 60000 ||
            event->at_ms < logic->refusals_since_ms) {
                logic->refusals_since_ms = event->at_ms;
                logic->refusals = 0;
        }
        if (logic->refusals >= REFUSALS_A_MINUTE)
                return;
        logic->refusals++;
        event->step = STEP_REFUSED;
        event_add(logic, node, event, change);
}

void event_of_retired(struct logic *logic, struct node *node, uint64_t now_ms,
                      struct store_change *change)
{
        struct node_event event = {
                .at_ms = now_ms,
                .step = STEP_RETIRED,
                .text = "it is on the wire again: it is sent to its disk, and gets nothing else",
        };

        if (!node || node->phase != PHASE_RETIRED ||
            (node->retired_told_ms > 0 && now_ms >= node->retired_told_ms &&
             now_ms - node->retired_told_ms < RETIRED_TOLD_MS))
                return;
        node->retired_told_ms = now_ms;
        event_add(logic, node, &event, change);
        log_warning("node.retired-seen", "node=%s", node->name);
}

_Static_assert(STEP_COUNT <= 64, "a bit of node->seen each");

static void note_seen(struct node *node, const struct node_event *event, uint64_t now_ms)
{
        const struct ip_address none = {0};

        if (node)
                node_saw(node, event->step == STEP_DHCP_ACK ? event->address : none, now_ms);
}

/* One line a minute: whoever reports that reports it again. */
static bool may_report(struct logic *logic, const struct node_event *event, enum reporter who,
                       const char *name, uint64_t now_ms)
{
        if (reporters[event->step] & who)
                return true;
        if (logic->odd_told_ms > 0 && now_ms >= logic->odd_told_ms &&
            now_ms - logic->odd_told_ms < ODD_TOLD_MS)
                return false;
        logic->odd_told_ms = now_ms;
        log_warning("event.refused", "step=%s by=%s reason=\"not its to report\"",
                    node_step_names[event->step], name);
        return false;
}

/* Over whose link its image will come. */
static void note_edge(struct logic *logic, struct node *node, const struct edge *edge,
                      uint64_t now_ms, struct store_change *change)
{
        if (!node || node->edge == edge->row.id)
                return;
        node->edge = edge->row.id;
        node_save(logic, node, now_ms, change);
}

uint64_t events_of_edge(struct logic *logic, struct edge *edge, const struct node_event *events,
                        size_t count, uint64_t now_ms, struct store_change *change)
{
        const uint64_t before = edge->row.last_seq;

        for (size_t i = 0; i < count; i++) {
                struct node_event event = events[i];
                struct node *node = node_find_mac(logic, &event.mac);

                if (event.seq <= edge->row.last_seq)
                        continue;
                edge->row.last_seq = event.seq;
                if (!may_report(logic, &event, BY_EDGE, edge->row.name, now_ms))
                        continue;
                note_seen(node, &event, now_ms);
                if (event.step == STEP_STRANGER)
                        discovery_note(logic, &event, now_ms);
                if (node)
                        node->seen |= UINT64_C(1) << event.step;
                note_edge(logic, node, edge, now_ms, change);
                add(logic, node, &event, "edge", change);
                event_of_retired(logic, node, now_ms, change);
                if (node && event.step == STEP_SYSTEM)
                        operation_saw_system(logic, node, now_ms, change);
                if (node && event.step == STEP_PORT)
                        operation_saw_port(logic, node, event.operation, now_ms, change);
        }
        if (edge->row.last_seq != before)
                store_put_edge(change, &edge->row);
        return edge->row.last_seq;
}

uint64_t events_of_agent(struct logic *logic, struct claim *claim, const struct node_event *events,
                         size_t count, uint64_t now_ms, struct store_change *change)
{
        const uint64_t before = claim->row.last_seq;

        for (size_t i = 0; i < count; i++) {
                struct node_event event = events[i];

                if (event.seq <= claim->row.last_seq)
                        continue;
                claim->row.last_seq = event.seq;
                if (!may_report(logic, &event, BY_AGENT, claim->node ? claim->node->name : "agent",
                                now_ms))
                        continue;
                event.mac = claim->row.mac;
                event.address = claim->row.address;
                memcpy(event.boot, claim->row.boot, sizeof(event.boot));
                note_seen(claim->node, &event, now_ms);
                add(logic, claim->node, &event, "agent", change);
        }
        if (claim->row.last_seq != before)
                store_put_claim(change, &claim->row);
        return claim->row.last_seq;
}
