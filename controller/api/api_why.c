/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a machine is not where it should be: of a node, or of a MAC that never became one. */
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/nodes.h"
#include "controller/logic/workers.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/node/why.h"

/* The node as the logic thread saw it; the reader's thread adds the events. */
struct question {
        struct mac_address macs[NODE_MAX_MACS];
        size_t mac_count;
        char name[NODE_NAME_SIZE], conflict[EVENT_TEXT_SIZE], degraded[EVENT_TEXT_SIZE];
        struct operation operation;
        struct why_facts facts;
        struct node_event events[WHY_EVENTS_MAX];
};

static int add_event(void *context, uint64_t id, const char *step, const char *body)
{
        struct question *q = context;
        struct node_event *event = &q->events[q->facts.event_count];

        (void)id;
        (void)step;
        if (q->facts.event_count == WHY_EVENTS_MAX)
                return 0;
        *event = (struct node_event){0};
        if (doc_decode_text(&node_event_table, body, strlen(body), &doc_limits_message, NULL,
                            event) == 0)
                q->facts.event_count++;
        return 0;
}

static void read_events(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct question *q = call->data;
        const struct store_event_query query = {.macs = q->macs,
                                                .mac_count = q->mac_count,
                                                .is_newest = true,
                                                .limit = WHY_EVENTS_MAX};
        struct why why;

        if (store_read_events(reader, &query, add_event, q) < 0) {
                reply_problem(call, PROBLEM_STORE, "The events could not be read.");
        } else {
                q->facts.events = q->events;
                why_find(&q->facts, &why);
                reply_table(call, &why_table, &why);
        }
        call_send(call);
}

static void take_node(const struct logic *logic, const struct node *node, struct question *q)
{
        memcpy(q->macs, node->macs, sizeof(q->macs));
        q->mac_count = node->mac_count;
        memcpy(q->name, node->name, sizeof(q->name));
        q->operation = node->operation;
        q->facts.name = q->name;
        q->facts.phase = node->phase;
        q->facts.operation = &q->operation;
        q->facts.is_agent_online = node->is_agent_online;
        q->facts.heard_ms = worker_heard_ms(logic, node);
        memcpy(q->conflict, node->conflict_reason, sizeof(q->conflict));
        q->facts.conflict = node->is_in_conflict ? q->conflict : NULL;
        memcpy(q->degraded, node->degraded_reason, sizeof(q->degraded));
        q->facts.degraded = node->is_degraded ? q->degraded : NULL;
}

/* A node's name is looked for first: the one that it gets by its MAC looks like a MAC. */
void handle_node_why(struct call *call)
{
        const struct node *node = node_find(call->api->logic, call->match.name);
        struct mac_address mac;
        struct question *q;

        if (!node && mac_parse(call->match.name, &mac) < 0) {
                (void)call_node(call);
                return;
        }
        if (!node)
                node = node_find_mac(call->api->logic, &mac);
        call->data = q = calloc(1, sizeof(*q));
        if (!q) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        q->facts.now_ms = clock_wall_ms();
        if (node) {
                take_node(call->api->logic, node, q);
        } else {
                q->macs[0] = mac;
                q->mac_count = 1;
        }
        call_read(call, read_events);
}
