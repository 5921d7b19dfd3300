/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/usage.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

enum level { LEVEL_FREE, LEVEL_NEARLY, LEVEL_FULL };

struct usage {
        struct events *events;
        pthread_mutex_t mutex; /* for both */
        struct lease_pool pools[LEASE_POOLS_MAX];
        size_t count;
        enum level levels[LEASE_POOLS_MAX]; /* as they were told; the updating thread's alone */
};

struct usage *usage_new(struct events *events)
{
        struct usage *usage = calloc(1, sizeof(*usage));

        if (!usage)
                return NULL;
        usage->events = events;
        pthread_mutex_init(&usage->mutex, NULL);
        return usage;
}

struct usage *usage_free(struct usage *usage)
{
        if (!usage)
                return NULL;
        pthread_mutex_destroy(&usage->mutex);
        free(usage);
        return NULL;
}

static enum level level_of(const struct lease_pool *pool, enum level before)
{
        const uint64_t percent = pool->size ? (uint64_t)pool->taken * 100 / pool->size : 0;

        if (pool->size > 0 && pool->taken >= pool->size)
                return LEVEL_FULL;
        if (percent >=
            USAGE_NEARLY) /* one that was full stays so: its last address comes and goes */
                return before == LEVEL_FULL ? LEVEL_FULL : LEVEL_NEARLY;
        return percent < USAGE_FREE ? LEVEL_FREE : before;
}

static void tell(struct usage *usage, const struct lease_pool *pool, enum level level)
{
        static const enum node_step steps[] = {
                [LEVEL_FREE] = STEP_POOL_FREE,
                [LEVEL_NEARLY] = STEP_POOL_NEARLY,
                [LEVEL_FULL] = STEP_POOL_FULL,
        };
        struct node_event event = {.step = steps[level]};

        snprintf(event.text, sizeof(event.text), "network %s, %s to %s: %u of %u addresses taken",
                 pool->network, pool->first, pool->last, pool->taken, pool->size);
        if (level == LEVEL_FREE)
                log_info("dhcp.pool", "state=free what=%s", QUOTE(event.text));
        else
                log_warning("dhcp.pool", "state=%s what=%s",
                            level == LEVEL_FULL ? "exhausted" : "nearly-full", QUOTE(event.text));
        events_add(usage->events, &event);
}

/* What was told of this pool before; free, of a new one. */
static enum level level_before(const struct usage *usage, const struct lease_pool *pool)
{
        for (size_t i = 0; i < usage->count; i++)
                if (strcmp(usage->pools[i].first, pool->first) == 0 &&
                    strcmp(usage->pools[i].last, pool->last) == 0)
                        return usage->levels[i];
        return LEVEL_FREE;
}

static const char *name_of(const struct usage_tables *tables, const char *subnet)
{
        for (size_t i = 0; i < tables->network_count; i++)
                if (strcmp(tables->networks[i].subnet, subnet) == 0)
                        return tables->networks[i].name;
        return subnet;
}

static const char *name_of6(const struct usage_tables *tables, const struct ip6_address *first)
{
        struct edge_network6 six;

        for (size_t i = 0; i < tables->network_count; i++)
                if (edge_network6_get(&tables->networks[i], &six) &&
                    ip6_network_has(&six.network, first))
                        return tables->networks[i].name;
        return "";
}

static size_t collect(const struct usage_tables *tables, struct lease_pool *to)
{
        struct dhcp_range at = {0};
        struct dhcp_range_state state;
        struct dhcp6_pool_state state6;
        size_t count = 0, at6 = 0;

        while (count < LEASE_POOLS_MAX && dhcp_leases_next_range(tables->leases, &at, &state)) {
                struct lease_pool *pool = &to[count++];
                char ip[IP4_TEXT_SIZE], subnet[IP4_TEXT_SIZE + 4];

                snprintf(subnet, sizeof(subnet), "%s/%u", ip4_text(ip, state.network.address),
                         (unsigned)state.network.prefix);
                *pool = (struct lease_pool){.size = state.usage.size, .taken = state.usage.taken};
                (void)text_copy(pool->network, sizeof(pool->network), name_of(tables, subnet));
                (void)text_copy(pool->first, sizeof(pool->first), ip4_text(ip, state.first));
                (void)text_copy(pool->last, sizeof(pool->last), ip4_text(ip, state.last));
        }
        while (count < LEASE_POOLS_MAX && dhcp6_leases_next_pool(tables->leases6, &at6, &state6)) {
                struct lease_pool *pool = &to[count++];

                *pool = (struct lease_pool){.size = state6.usage.size, .taken = state6.usage.taken};
                (void)text_copy(pool->network, sizeof(pool->network),
                                name_of6(tables, &state6.first));
                ip6_text(pool->first, &state6.first);
                ip6_text(pool->last, &state6.last);
        }
        return count;
}

void usage_update(struct usage *usage, const struct usage_tables *tables)
{
        static struct lease_pool pools[LEASE_POOLS_MAX]; /* 60 kB; of the one thread */
        enum level levels[LEASE_POOLS_MAX];
        const size_t count = collect(tables, pools);

        for (size_t i = 0; i < count; i++) {
                const enum level before = level_before(usage, &pools[i]);

                levels[i] = level_of(&pools[i], before);
                if (levels[i] != before)
                        tell(usage, &pools[i], levels[i]);
        }
        pthread_mutex_lock(&usage->mutex);
        memcpy(usage->pools, pools, count * sizeof(pools[0]));
        memcpy(usage->levels, levels, count * sizeof(levels[0]));
        usage->count = count;
        pthread_mutex_unlock(&usage->mutex);
}

size_t usage_copy(struct usage *usage, struct lease_pool ret[static LEASE_POOLS_MAX])
{
        size_t count;

        pthread_mutex_lock(&usage->mutex);
        count = usage->count;
        memcpy(ret, usage->pools, count * sizeof(ret[0]));
        pthread_mutex_unlock(&usage->mutex);
        return count;
}
