/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the controller is: /healthz, /readyz, /api/v1/status. */
#include <string.h>

#include "controller/api/call.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

void handle_health(struct call *call)
{
        reply_text(call, 200, strdup("{\"status\":\"ok\"}"));
        call_send(call);
}

void handle_ready(struct call *call)
{
        if (atomic_load(&call->api->is_broken))
                reply_problem(call, PROBLEM_STORE, NULL);
        else
                reply_text(call, 200, strdup("{\"status\":\"ok\"}"));
        call_send(call);
}

static struct doc *edges_of(const struct logic *logic)
{
        struct doc *list = doc_list();
        size_t at = 0;
        void *value;

        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;
                struct doc *item = doc_object();

                doc_set_text(item, "name", edge->row.name);
                doc_set_number(item, "joined_ms", (int64_t)edge->row.joined_ms);
                if (edge->heard_ms > 0)
                        doc_set_number(item, "heard_ms", (int64_t)edge->heard_ms);
                doc_append(list, item);
        }
        return list;
}

void handle_status(struct call *call)
{
        const struct api *api = call->api;
        const struct logic *logic = api->logic;
        struct doc *answer = doc_object(), *nodes = doc_object();

        for (unsigned phase = PHASE_DISCOVERED; phase < PHASE_COUNT; phase++)
                doc_set_number(nodes, node_phase_names[phase], (int64_t)logic->by_phase[phase]);
        doc_set_text(answer, "version", CLOUDIE_VERSION);
        doc_set_number(answer, "uptime_ms", (int64_t)(clock_monotonic_ms() - api->started_ms));
        doc_set(answer, "nodes", nodes);
        doc_set(answer, "edges", edges_of(logic));
        doc_set_number(answer, "agents_waiting", (int64_t)api->waiting_count);
        doc_set_number(answer, "last_event", (int64_t)atomic_load(&api->last_event));
        reply_doc(call, 200, answer);
        call_send(call);
}
