/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/metrics.h"

static void add(struct buffer *to, const char *name, const char *help, size_t value)
{
        buffer_format(to, "# HELP %s %s\n# TYPE %s gauge\n%s %zu\n", name, help, name, name, value);
}

/* A backslash and a quote are escaped; what is no printable byte of ASCII is none of a name. */
static void add_label(struct buffer *to, const char *name, const char *value)
{
        buffer_format(to, "%s=\"", name);
        for (; *value; value++) {
                if (*value == '\\' || *value == '"')
                        buffer_add(to, "\\", 1);
                buffer_add(to, *value >= ' ' && *value < 0x7f ? value : ".", 1);
        }
        buffer_add(to, "\"", 1);
}

static void add_pools(const struct metrics *metrics, struct buffer *to, const char *name,
                      const char *help, bool is_taken)
{
        buffer_format(to, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
        for (size_t i = 0; i < metrics->pool_count; i++) {
                const struct lease_pool *pool = &metrics->pools[i];

                buffer_format(to, "%s{", name);
                add_label(to, "network", pool->network);
                add_label(to, ",first", pool->first);
                add_label(to, ",last", pool->last);
                buffer_format(to, "} %u\n", is_taken ? pool->taken : pool->size);
        }
}

void metrics_write(const struct metrics *metrics, struct buffer *to)
{
        add(to, "cloudie_edge_healthy", "1 when machines can boot.", metrics->is_healthy);
        add(to, "cloudie_edge_journal_broken", "1 when no lease is given as the disk fails.",
            metrics->is_journal_broken);
        add(to, "cloudie_edge_events_waiting", "Events that the controller does not have yet.",
            metrics->event_count);
        add_pools(metrics, to, "cloudie_dhcp_pool_addresses", "Addresses of the pool.", false);
        add_pools(metrics, to, "cloudie_dhcp_pool_taken",
                  "Addresses of the pool that are offered, leased, or at rest.", true);
}
