/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pools and reservations
 *
 * What may be given, and what is kept for whom. A bit per address of the range
 * says whether it is anybody's; the hash of the MAC says where to begin to look
 * for one that is not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

struct mac_key dhcp_mac_key(size_t pool, const struct mac_address *mac)
{
        struct mac_key key;

        key.bytes[0] = (uint8_t)pool;
        memcpy(key.bytes + 1, mac->bytes, sizeof(mac->bytes));
        return key;
}

static int pool_check(const struct dhcp_leases *leases, const struct dhcp_pool *config)
{
        if (ip4_is_set(config->first) != ip4_is_set(config->last))
                return -EINVAL;
        if (ip4_is_set(config->first) && (ntohl(config->first.be) > ntohl(config->last.be) ||
                                          !ip4_network_has(&config->network, config->first) ||
                                          !ip4_network_has(&config->network, config->last)))
                return -EINVAL;
        if (ntohl(config->last.be) - ntohl(config->first.be) >= DHCP_MAX_POOL)
                return -E2BIG;
        if (leases->n_pools == DHCP_MAX_POOLS)
                return -ENOSPC;
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

bool dhcp_pool_has(const struct pool *pool, struct ip4_address address)
{
        return ntohl(address.be) - pool->first < pool->count;
}

static struct ip4_address pool_address(const struct pool *pool, uint32_t index)
{
        return (struct ip4_address){.be = htonl(pool->first + index)};
}

void dhcp_pool_mark(const struct dhcp_leases *leases, struct pool *pool, struct ip4_address address)
{
        const uint32_t index = ntohl(address.be) - pool->first;
        uint64_t bit;

        if (index >= pool->count)
                return;
        bit = UINT64_C(1) << (index % 64);
        if (!dhcp_pool_can_give(pool, address) ||
            map_find(leases->by_address, &address.be, sizeof(address.be)) ||
            map_find(leases->reserved_by_address, &address.be, sizeof(address.be)))
                pool->used[index / 64] |= bit;
        else
                pool->used[index / 64] &= ~bit;
}

int dhcp_leases_add_pool(struct dhcp_leases *leases, const struct dhcp_pool *config, size_t *ret)
{
        struct pool *pool = &leases->pools[leases->n_pools];
        uint32_t n_words;
        int rc;

        rc = pool_check(leases, config);
        if (rc < 0)
                return rc;

        memset(pool, 0, sizeof(*pool));
        pool->config = *config;
        pool->first = ntohl(config->first.be);
        pool->count = ip4_is_set(config->first) ? ntohl(config->last.be) - pool->first + 1 : 0;
        n_words = (pool->count + 63) / 64;
        pool->used = calloc(n_words + 1, sizeof(*pool->used));
        if (!pool->used)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(pool->by_state); i++)
                list_init(&pool->by_state[i]);
        /* What lies behind the end of the range is in use, so that the search needs no end. */
        if (pool->count % 64)
                pool->used[n_words - 1] = ~UINT64_C(0) << (pool->count % 64);
        dhcp_pool_mark(leases, pool, config->network.address);
        dhcp_pool_mark(leases, pool, ip4_network_broadcast(&config->network));
        dhcp_pool_mark(leases, pool, config->ours);

        *ret = leases->n_pools++;
        return 0;
}

ssize_t dhcp_leases_pool_of(const struct dhcp_leases *leases, struct ip4_address address)
{
        for (size_t i = 0; i < leases->n_pools; i++)
                if (ip4_network_has(&leases->pools[i].config.network, address))
                        return (ssize_t)i;
        return -ENOENT;
}

const struct reservation *dhcp_reservation_of(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac)
{
        const struct mac_key key = dhcp_mac_key(pool, mac);

        return map_find(leases->reserved_by_mac, &key, sizeof(key));
}

const struct reservation *dhcp_reservation_at(const struct dhcp_leases *leases,
                                              struct ip4_address address)
{
        return map_find(leases->reserved_by_address, &address.be, sizeof(address.be));
}

static void reservation_drop(struct dhcp_leases *leases, struct reservation *reservation)
{
        const struct mac_key key = dhcp_mac_key(reservation->pool, &reservation->mac);
        const struct ip4_address address = reservation->address;
        struct pool *pool = &leases->pools[reservation->pool];

        map_remove(leases->reserved_by_mac, &key, sizeof(key));
        map_remove(leases->reserved_by_address, &address.be, sizeof(address.be));
        free(reservation);
        dhcp_pool_mark(leases, pool, address);
}

int dhcp_leases_reserve(struct dhcp_leases *leases, const struct mac_address *mac,
                        struct ip4_address address, const char *hostname)
{
        _free_ struct reservation *reservation = NULL;
        const ssize_t pool = dhcp_leases_pool_of(leases, address);
        const struct reservation *there = dhcp_reservation_at(leases, address);
        struct reservation *before;
        struct mac_key key;
        int rc;

        if (pool < 0)
                return -ENOENT;
        if (!dhcp_pool_can_give(&leases->pools[pool], address) ||
            (there && !mac_is_equal(&there->mac, mac)))
                return -EADDRINUSE;

        reservation = calloc(1, sizeof(*reservation));
        if (!reservation)
                return -ENOMEM;
        reservation->mac = *mac;
        reservation->address = address;
        reservation->pool = (size_t)pool;
        (void)text_copy(reservation->hostname, sizeof(reservation->hostname), hostname);

        key = dhcp_mac_key((size_t)pool, mac);
        before = map_find(leases->reserved_by_mac, &key, sizeof(key));
        if (before)
                reservation_drop(leases, before);
        rc = map_set(leases->reserved_by_mac, &key, sizeof(key), reservation);
        if (rc < 0)
                return rc;
        rc = map_set(leases->reserved_by_address, &address.be, sizeof(address.be), reservation);
        if (rc < 0) {
                map_remove(leases->reserved_by_mac, &key, sizeof(key));
                return rc;
        }

        TAKE_PTR(reservation);
        dhcp_pool_mark(leases, &leases->pools[pool], address);
        return 0;
}

void dhcp_leases_unreserve_all(struct dhcp_leases *leases)
{
        size_t at = 0;
        void *value;

        while (map_next(leases->reserved_by_address, &at, &value))
                reservation_drop(leases, value);
}

struct ip4_address dhcp_leases_reserved(const struct dhcp_leases *leases, size_t pool,
                                        const struct mac_address *mac, const char **ret_hostname)
{
        const struct reservation *reservation = dhcp_reservation_of(leases, pool, mac);

        if (ret_hostname)
                *ret_hostname = reservation ? reservation->hostname : "";
        return reservation ? reservation->address : (struct ip4_address){0};
}

/* FNV-1a: the same on each machine and in each run, which is the point. Who fills a pool on purpose
 * needs no collisions for it. */
static uint32_t hash_mac(const struct mac_address *mac)
{
        uint32_t hash = 2166136261u;

        for (size_t i = 0; i < sizeof(mac->bytes); i++)
                hash = (hash ^ mac->bytes[i]) * 16777619u;
        return hash ^ hash >> 16;
}

struct ip4_address dhcp_pool_probe(const struct pool *pool, const struct mac_address *mac)
{
        const uint32_t n_words = (pool->count + 63) / 64;
        uint32_t start;
        uint64_t below;

        if (pool->count == 0)
                return (struct ip4_address){0};

        start = hash_mac(mac) % pool->count;
        below = (UINT64_C(1) << (start % 64)) - 1;
        for (uint32_t i = 0; i <= n_words; i++) {
                const uint32_t word = (start / 64 + i) % n_words;
                const uint64_t free_bits = ~(pool->used[word] | (i == 0 ? below : 0));

                if (free_bits)
                        return pool_address(pool, word * 64 + (uint32_t)__builtin_ctzll(free_bits));
        }
        return (struct ip4_address){0};
}

bool dhcp_pool_is_unused(const struct pool *pool, struct ip4_address address)
{
        const uint32_t index = ntohl(address.be) - pool->first;

        return index < pool->count && !(pool->used[index / 64] >> (index % 64) & 1);
}
