/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /metrics, in the text format of Prometheus: what changes, as numbers. */
#include <stdio.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/leases.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"

static void add_head(struct buffer *to, const char *name, const char *help)
{
        buffer_format(to, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A label's value: a backslash, a quote and a new line are escaped. */
static void add_label(struct buffer *to, const char *name, const char *value)
{
        buffer_format(to, "%s=\"", name);
        for (; *value; value++) {
                if (*value == '\\' || *value == '"')
                        buffer_add(to, "\\", 1);
                buffer_add(to, *value == '\n' ? " " : value, 1);
        }
        buffer_add(to, "\"", 1);
}

static void add_pools(struct buffer *to, const struct logic *logic, const char *name, bool is_taken)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;

                for (size_t i = 0; edge->leases && i < edge->leases->pool_count; i++) {
                        const struct lease_pool *pool = &edge->leases->pools[i];

                        buffer_format(to, "%s{", name);
                        add_label(to, "edge", edge->row.name);
                        add_label(to, ",network", pool->network);
                        add_label(to, ",first", pool->first);
                        add_label(to, ",last", pool->last);
                        buffer_format(to, "} %u\n", is_taken ? pool->taken : pool->size);
                }
        }
}

static void add_edges(struct buffer *to, const struct logic *logic)
{
        const uint64_t now_ms = clock_wall_ms();
        size_t at = 0;
        void *value;

        add_head(to, "cloudie_edge_leases", "Addresses that the edge says to be somebody's.");
        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;

                buffer_text(to, "cloudie_edge_leases{");
                add_label(to, "edge", edge->row.name);
                buffer_format(to, "} %zu\n", leases_count(edge->leases, now_ms));
        }
        add_head(to, "cloudie_edge_heard_seconds", "When the edge was heard last, since 1970.");
        at = 0;
        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;

                buffer_text(to, "cloudie_edge_heard_seconds{");
                add_label(to, "edge", edge->row.name);
                buffer_format(to, "} %llu\n", (unsigned long long)(edge->heard_ms / 1000));
        }
}

static size_t count(const struct list *list)
{
        size_t n = 0;

        LIST_FOR_EACH(list, at)
        {
                n++;
        }
        return n;
}

void handle_metrics(struct call *call)
{
        const struct api *api = call->api;
        _buffer_ struct buffer text = {0};
        char *taken = NULL;

        add_head(&text, "cloudie_uptime_seconds", "Since cloudied was started.");
        buffer_format(&text, "cloudie_uptime_seconds %llu\n",
                      (unsigned long long)(clock_monotonic_ms() - api->started_ms) / 1000);
        add_head(&text, "cloudie_nodes", "Nodes in each phase.");
        for (unsigned phase = PHASE_DISCOVERED; phase < PHASE_COUNT; phase++)
                buffer_format(&text, "cloudie_nodes{phase=\"%s\"} %zu\n", node_phase_names[phase],
                              api->logic->by_phase[phase]);
        add_head(&text, "cloudie_operations", "Operations that run, and that wait for their turn.");
        buffer_format(&text, "cloudie_operations{state=\"running\"} %zu\n",
                      count(&api->logic->running));
        buffer_format(&text, "cloudie_operations{state=\"waiting\"} %zu\n",
                      count(&api->logic->waiting));
        add_head(&text, "cloudie_agents_waiting", "Agents that wait for orders.");
        buffer_format(&text, "cloudie_agents_waiting %zu\n", api->waiting_count);
        add_edges(&text, api->logic);
        add_head(&text, "cloudie_dhcp_pool_addresses", "Addresses of the pool.");
        add_pools(&text, api->logic, "cloudie_dhcp_pool_addresses", false);
        add_head(&text, "cloudie_dhcp_pool_taken",
                 "Addresses of the pool that are offered, leased, or at rest.");
        add_pools(&text, api->logic, "cloudie_dhcp_pool_taken", true);
        (void)buffer_take(&text, &taken);
        reply_text(call, 200, taken);
        if (call->reply.status == 200)
                call->reply.content_type = "text/plain; version=0.0.4";
        call_send(call);
}
