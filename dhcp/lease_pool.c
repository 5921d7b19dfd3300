/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pools and their ranges
 *
 * What may be given. A bit per address of a range says whether it is anybody's;
 * the hash of the MAC says where to begin to look for one that is not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_table.h"
#include "lib/base/cleanup.h"

struct mac_key dhcp_mac_key(const struct dhcp_leases *leases, size_t pool,
                            const struct mac_address *mac)
{
        struct mac_key key;

        key.bytes[0] = (uint8_t)leases->pools[pool].link;
        memcpy(key.bytes + 1, mac->bytes, sizeof(mac->bytes));
        return key;
}

static int pool_check(const struct dhcp_leases *leases, const struct dhcp_pool *config)
{
        if (leases->n_pools == DHCP_MAX_POOLS)
                return -ENOSPC;
        if (config->shares_wire && config->shares_wire_with >= leases->n_pools)
                return -EINVAL;
        for (size_t i = 0; i < leases->n_pools; i++) {
                const struct ip4_network *other = &leases->pools[i].config.network;

                if (ip4_network_has(other, config->network.address) ||
                    ip4_network_has(&config->network, other->address))
                        return -EEXIST;
        }
        return 0;
}

bool dhcp_pool_can_give(const struct pool *pool, struct ip4_address address)
{
        const struct ip4_network *network = &pool->config.network;

        if (!ip4_network_has(network, address) || ip4_is_equal(address, pool->config.ours))
                return false;
        if (network->prefix > 30) /* RFC 3021: there both are hosts */
                return true;
        return !ip4_is_equal(address, network->address) &&
               !ip4_is_equal(address, ip4_network_broadcast(network));
}

static bool range_has(const struct range *range, struct ip4_address address)
{
        return ntohl(address.be) - range->first < range->count;
}

struct range *dhcp_range_of(struct pool *pool, struct ip4_address address)
{
        for (size_t i = 1; i < pool->n_ranges; i++)
                if (range_has(&pool->ranges[i], address))
                        return &pool->ranges[i];
        return &pool->ranges[0];
}

bool dhcp_pool_has(const struct pool *pool, struct ip4_address address)
{
        for (size_t i = 1; i < pool->n_ranges; i++)
                if (range_has(&pool->ranges[i], address))
                        return true;
        return false;
}

uint32_t dhcp_pool_size(const struct pool *pool)
{
        uint32_t size = 0;

        for (size_t i = 1; i < pool->n_ranges; i++)
                size += pool->ranges[i].count;
        return size;
}

static struct ip4_address range_address(const struct range *range, uint32_t index)
{
        return (struct ip4_address){.be = htonl(range->first + index)};
}

void dhcp_pool_mark(const struct dhcp_leases *leases, struct pool *pool, struct ip4_address address)
{
        struct range *range = dhcp_range_of(pool, address);
        const uint32_t index = ntohl(address.be) - range->first;
        uint64_t bit;

        if (index >= range->count)
                return;
        bit = UINT64_C(1) << (index % 64);
        if (!dhcp_pool_can_give(pool, address) ||
            map_find(leases->by_address, &address.be, sizeof(address.be)) ||
            map_find(leases->reserved_by_address, &address.be, sizeof(address.be)))
                range->used[index / 64] |= bit;
        else
                range->used[index / 64] &= ~bit;
}

static void range_init(struct range *range)
{
        *range = (struct range){0};
        for (size_t i = 0; i < ARRAY_SIZE(range->by_state); i++)
                list_init(&range->by_state[i]);
}

static int bounds_check(const struct ip4_network *network, struct ip4_address first,
                        struct ip4_address last)
{
        if (!ip4_is_set(first) || ntohl(first.be) > ntohl(last.be) ||
            !ip4_network_has(network, first) || !ip4_network_has(network, last))
                return -EINVAL;
        return ntohl(last.be) - ntohl(first.be) >= DHCP_MAX_POOL ? -E2BIG : 0;
}

static int range_check(const struct pool *pool, struct ip4_address first, struct ip4_address last)
{
        const int rc = bounds_check(&pool->config.network, first, last);

        if (rc < 0)
                return rc;
        if (pool->n_ranges == ARRAY_SIZE(pool->ranges))
                return -ENOSPC;
        for (size_t i = 1; i < pool->n_ranges; i++) {
                const struct range *other = &pool->ranges[i];

                if (range_has(other, first) ||
                    other->first - ntohl(first.be) <= ntohl(last.be) - ntohl(first.be))
                        return -EEXIST;
        }
        return 0;
}

int dhcp_leases_add_pool(struct dhcp_leases *leases, const struct dhcp_pool *config, size_t *ret)
{
        struct pool *pool = &leases->pools[leases->n_pools];
        struct dhcp_range first;
        int rc;

        rc = ip4_is_set(config->first) || ip4_is_set(config->last)
                     ? bounds_check(&config->network, config->first, config->last)
                     : 0;
        if (rc < 0)
                return rc;
        rc = pool_check(leases, config);
        if (rc < 0)
                return rc;

        memset(pool, 0, sizeof(*pool));
        pool->config = *config;
        pool->link = config->shares_wire ? leases->pools[config->shares_wire_with].link
                                         : leases->n_pools;
        range_init(&pool->ranges[pool->n_ranges++]);
        leases->n_pools++;
        if (ip4_is_set(config->first)) {
                rc = dhcp_leases_add_range(leases, leases->n_pools - 1, config->first, config->last,
                                           &first);
                if (rc < 0) {
                        leases->n_pools--;
                        return rc;
                }
        }
        *ret = leases->n_pools - 1;
        return 0;
}

/* Entries that are there keep the list they are in: ranges are added before any lease is. */
int dhcp_leases_add_range(struct dhcp_leases *leases, size_t number, struct ip4_address first,
                          struct ip4_address last, struct dhcp_range *ret)
{
        struct pool *pool = &leases->pools[number];
        struct range *range = &pool->ranges[pool->n_ranges];
        uint32_t n_words;
        int rc;

        rc = range_check(pool, first, last);
        if (rc < 0)
                return rc;

        range_init(range);
        n_words = (ntohl(last.be) - ntohl(first.be)) / 64 + 1;
        range->used = calloc(n_words, sizeof(*range->used));
        if (!range->used)
                return -ENOMEM;
        range->first = ntohl(first.be);
        range->count = ntohl(last.be) - range->first + 1;
        /* What lies behind the end of the range is in use, so that the search needs no end. */
        if (range->count % 64)
                range->used[n_words - 1] = ~UINT64_C(0) << (range->count % 64);
        *ret = (struct dhcp_range){.pool = number, .number = pool->n_ranges++};
        dhcp_pool_mark(leases, pool, pool->config.network.address);
        dhcp_pool_mark(leases, pool, ip4_network_broadcast(&pool->config.network));
        dhcp_pool_mark(leases, pool, pool->config.ours);
        return 0;
}

struct dhcp_usage dhcp_leases_usage(const struct dhcp_leases *leases, struct dhcp_range range)
{
        const struct range *r = &leases->pools[range.pool].ranges[range.number];

        return (struct dhcp_usage){.size = r->count, .taken = r->taken};
}

int dhcp_leases_next_range(const struct dhcp_leases *leases, struct dhcp_range *at,
                           struct dhcp_range_state *ret)
{
        for (; at->pool < leases->n_pools; at->pool++, at->number = 0) {
                const struct pool *pool = &leases->pools[at->pool];

                while (at->number < pool->n_ranges) {
                        const struct range *r = &pool->ranges[at->number++];

                        if (r->count == 0) /* what lies outside */
                                continue;
                        *ret = (struct dhcp_range_state){
                                .network = pool->config.network,
                                .first = {htonl(r->first)},
                                .last = {                htonl(r->first + r->count - 1)              },
                                .usage = { .size = r->count,               .taken = r->taken},
                        };
                        return 1;
                }
        }
        return 0;
}

bool dhcp_leases_is_shared(const struct dhcp_leases *leases, size_t pool, size_t other)
{
        return leases->pools[pool].link == leases->pools[other].link;
}

ssize_t dhcp_leases_pool_of(const struct dhcp_leases *leases, struct ip4_address address)
{
        for (size_t i = 0; i < leases->n_pools; i++)
                if (ip4_network_has(&leases->pools[i].config.network, address))
                        return (ssize_t)i;
        return -ENOENT;
}

/* FNV-1a: the same on each machine and in each run, which is the point. Who fills a range on
 * purpose needs no collisions for it. */
static uint32_t hash_mac(const struct mac_address *mac)
{
        uint32_t hash = 2166136261u;

        for (size_t i = 0; i < sizeof(mac->bytes); i++)
                hash = (hash ^ mac->bytes[i]) * 16777619u;
        return hash ^ hash >> 16;
}

struct ip4_address dhcp_range_probe(const struct range *range, const struct mac_address *mac)
{
        const uint32_t n_words = (range->count + 63) / 64;
        uint32_t start;
        uint64_t below;

        if (range->count == 0)
                return (struct ip4_address){0};

        start = hash_mac(mac) % range->count;
        below = (UINT64_C(1) << (start % 64)) - 1;
        for (uint32_t i = 0; i <= n_words; i++) {
                const uint32_t word = (start / 64 + i) % n_words;
                const uint64_t free_bits = ~(range->used[word] | (i == 0 ? below : 0));

                if (free_bits)
                        return range_address(range,
                                             word * 64 + (uint32_t)__builtin_ctzll(free_bits));
        }
        return (struct ip4_address){0};
}

bool dhcp_range_is_unused(const struct range *range, struct ip4_address address)
{
        const uint32_t index = ntohl(address.be) - range->first;

        return index < range->count && !(range->used[index / 64] >> (index % 64) & 1);
}
