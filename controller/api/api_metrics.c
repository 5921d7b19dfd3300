/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /metrics, in the text format of Prometheus: what changes, as numbers. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "controller/api/call.h"
#include "controller/logic/leases.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"

static void add_head(struct buffer *to, const char *name, const char *type, const char *help)
{
        buffer_format(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One without labels. */
static void add_one(struct buffer *to, const char *name, const char *help, uint64_t value)
{
        add_head(to, name, "gauge", help);
        buffer_format(to, "%s %llu\n", name, (unsigned long long)value);
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

        add_head(to, "cloudie_edge_leases", "gauge",
                 "Addresses that the edge says to be somebody's.");
        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;

                buffer_text(to, "cloudie_edge_leases{");
                add_label(to, "edge", edge->row.name);
                buffer_format(to, "} %zu\n", leases_count(edge->leases, now_ms));
        }
        add_head(to, "cloudie_edge_heard_timestamp_seconds", "gauge",
                 "When the edge was heard last, since 1970.");
        at = 0;
        while (map_next(logic->edges, &at, &value)) {
                const struct edge *edge = value;

                buffer_text(to, "cloudie_edge_heard_timestamp_seconds{");
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

/* What the process has used, under the names that all programs give it. */
static void add_process(struct buffer *to, const struct api *api)
{
        const uint64_t age_ms = clock_monotonic_ms() - api->started_ms;
        struct rusage used = {0};
        double seconds;

        (void)getrusage(RUSAGE_SELF, &used);
        seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                  (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
        add_head(to, "process_cpu_seconds_total", "counter", "CPU time of all threads.");
        buffer_format(to, "process_cpu_seconds_total %.2f\n", seconds);
        add_one(to, "process_start_time_seconds", "When cloudied was started, since 1970.",
                (clock_wall_ms() - age_ms) / 1000);
        add_head(to, "cloudie_build_info", "gauge", "The version of cloudied.");
        buffer_text(to, "cloudie_build_info{");
        add_label(to, "version", CLOUDIE_VERSION);
        buffer_text(to, "} 1\n");
}

static void add_requests(struct buffer *to, const struct api *api)
{
        add_head(to, "cloudie_http_requests_total", "counter",
                 "Requests that were answered, by the class of the status; without event streams.");
        for (unsigned digit = 2; digit < ANSWERED_CLASSES; digit++)
                buffer_format(to, "cloudie_http_requests_total{code=\"%uxx\"} %llu\n", digit,
                              (unsigned long long)atomic_load(&api->answered[digit]));
        add_head(to, "cloudie_events_total", "counter", "Events, since the store was made.");
        buffer_format(to, "cloudie_events_total %llu\n",
                      (unsigned long long)atomic_load(&api->last_event));
        add_one(to, "cloudie_event_listeners", "Event streams that are open.",
                atomic_load(&api->listeners));
}

void handle_metrics(struct call *call)
{
        const struct api *api = call->api;
        _buffer_ struct buffer text = {0};
        char *taken = NULL;

        add_process(&text, api);
        add_head(&text, "cloudie_nodes", "gauge", "Nodes in each phase.");
        for (unsigned phase = PHASE_DISCOVERED; phase < PHASE_COUNT; phase++)
                buffer_format(&text, "cloudie_nodes{phase=\"%s\"} %zu\n", node_phase_names[phase],
                              api->logic->by_phase[phase]);
        add_head(&text, "cloudie_operations", "gauge",
                 "Operations that run, and that wait for their turn.");
        buffer_format(&text, "cloudie_operations{state=\"running\"} %zu\n",
                      count(&api->logic->running));
        buffer_format(&text, "cloudie_operations{state=\"waiting\"} %zu\n",
                      count(&api->logic->waiting));
        add_one(&text, "cloudie_agents_waiting", "Agents that wait for orders.",
                api->waiting_count);
        add_requests(&text, api);
        add_edges(&text, api->logic);
        add_head(&text, "cloudie_dhcp_pool_addresses", "gauge", "Addresses of the pool.");
        add_pools(&text, api->logic, "cloudie_dhcp_pool_addresses", false);
        add_head(&text, "cloudie_dhcp_pool_taken", "gauge",
                 "Addresses of the pool that are offered, leased, or at rest.");
        add_pools(&text, api->logic, "cloudie_dhcp_pool_taken", true);
        (void)buffer_take(&text, &taken);
        reply_text(call, 200, taken);
        if (call->reply.status == 200)
                call->reply.content_type = "text/plain; version=0.0.4";
        call_send(call);
}
