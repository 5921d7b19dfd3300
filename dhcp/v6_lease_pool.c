/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pools and reservations of DHCPv6
 *
 * A pool is a range within one /64, small enough for a bit per address; the
 * hash of DUID and IAID says where to begin to look. A reservation is found by
 * each of the names that it gives its client.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/v6_lease_table.h"
#include "lib/base/cleanup.h"

#define HALF 8 /* bytes of the prefix, and of the host part, of an address of a /64 */

static uint64_t low_half(const struct ip6_address *address)
{
        uint64_t be;

        memcpy(&be, address->bytes + HALF, sizeof(be));
        return be64toh(be);
}

static struct ip6_address with_low_half(struct ip6_address address, uint64_t low)
{
        const uint64_t be = htobe64(low);

        memcpy(address.bytes + HALF, &be, sizeof(be));
        return address;
}

struct client6_key dhcp6_client_key(size_t pool, const struct dhcp6_duid *duid, uint32_t iaid)
{
        struct client6_key key = {.size = 1 + sizeof(iaid) + duid->size};

        key.bytes[0] = (uint8_t)pool;
        memcpy(key.bytes + 1, &iaid, sizeof(iaid));
        memcpy(key.bytes + 1 + sizeof(iaid), duid->bytes, duid->size);
        return key;
}

/* ---- pools ---- */

static bool is_range_valid(const struct dhcp6_pool *config)
{
        if (!ip6_is_set(&config->first) && !ip6_is_set(&config->last))
                return true;
        return ip6_network_has(&config->network, &config->first) &&
               ip6_network_has(&config->network, &config->last) &&
               memcmp(config->first.bytes, config->last.bytes, HALF) == 0 &&
               low_half(&config->first) <= low_half(&config->last);
}

static int pool_check(const struct dhcp6_leases *leases, const struct dhcp6_pool *config)
{
        if (!is_range_valid(config))
                return -EINVAL;
        if (low_half(&config->last) - low_half(&config->first) >= DHCP6_MAX_POOL)
                return -E2BIG;
        if (leases->n_pools == DHCP6_MAX_POOLS)
                return -ENOSPC;
        for (size_t i = 0; i < leases->n_pools; i++) {
                const struct ip6_network *other = &leases->pools[i].config.network;

                if (ip6_network_has(other, &config->network.address) ||
                    ip6_network_has(&config->network, &other->address))
                        return -EEXIST;
        }
        return 0;
}

/* 0 to count - 1; others are not of the range. */
static uint64_t index_of(const struct pool6 *pool, const struct ip6_address *address)
{
        if (memcmp(address->bytes, pool->config.first.bytes, HALF) != 0)
                return UINT64_MAX;
        return low_half(address) - pool->first;
}

bool dhcp6_pool_can_give(const struct pool6 *pool, const struct ip6_address *address)
{
        const struct ip6_network *network = &pool->config.network;

        if (!ip6_network_has(network, address) || ip6_is_equal(address, &pool->config.ours))
                return false;
        return network->prefix > 126 || !ip6_is_equal(address, &network->address); /* RFC 6164 */
}

bool dhcp6_pool_has(const struct pool6 *pool, const struct ip6_address *address)
{
        return index_of(pool, address) < pool->count;
}

bool dhcp6_pool_is_unused(const struct pool6 *pool, const struct ip6_address *address)
{
        const uint64_t index = index_of(pool, address);

        return index < pool->count && !(pool->used[index / 64] >> (index % 64) & 1);
}

void dhcp6_pool_mark(const struct dhcp6_leases *leases, struct pool6 *pool,
                     const struct ip6_address *address)
{
        const uint64_t index = index_of(pool, address);
        uint64_t bit;

        if (index >= pool->count)
                return;
        bit = UINT64_C(1) << (index % 64);
        if (!dhcp6_pool_can_give(pool, address) ||
            map_find(leases->by_address, address->bytes, sizeof(address->bytes)) ||
            dhcp6_reservation_at(leases, address))
                pool->used[index / 64] |= bit;
        else
                pool->used[index / 64] &= ~bit;
}

int dhcp6_leases_add_pool(struct dhcp6_leases *leases, const struct dhcp6_pool *config, size_t *ret)
{
        struct pool6 *pool = &leases->pools[leases->n_pools];
        uint32_t n_words;
        int rc;

        rc = pool_check(leases, config);
        if (rc < 0)
                return rc;

        memset(pool, 0, sizeof(*pool));
        pool->config = *config;
        pool->first = low_half(&config->first);
        if (ip6_is_set(&config->first))
                pool->count = (uint32_t)(low_half(&config->last) - pool->first + 1);
        n_words = (pool->count + 63) / 64;
        pool->used = calloc(n_words + 1, sizeof(*pool->used));
        if (!pool->used)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(pool->by_state); i++)
                list_init(&pool->by_state[i]);
        /* What lies behind the end of the range is in use, so that the search needs no end. */
        if (pool->count % 64)
                pool->used[n_words - 1] = ~UINT64_C(0) << (pool->count % 64);
        dhcp6_pool_mark(leases, pool, &config->network.address);
        dhcp6_pool_mark(leases, pool, &config->ours);

        *ret = leases->n_pools++;
        return 0;
}

ssize_t dhcp6_leases_pool_of(const struct dhcp6_leases *leases, const struct ip6_address *address)
{
        for (size_t i = 0; i < leases->n_pools; i++)
                if (ip6_network_has(&leases->pools[i].config.network, address))
                        return (ssize_t)i;
        return -ENOENT;
}

/* FNV-1a: the same on each machine and in each run, which is the point. */
static uint32_t hash_client(const struct dhcp6_client *client)
{
        uint32_t hash = 2166136261u;

        for (size_t i = 0; i < client->duid->size; i++)
                hash = (hash ^ client->duid->bytes[i]) * 16777619u;
        for (unsigned shift = 0; shift < 32; shift += 8)
                hash = (hash ^ (client->iaid >> shift & 0xff)) * 16777619u;
        return hash ^ hash >> 16;
}

bool dhcp6_pool_probe(const struct pool6 *pool, const struct dhcp6_client *client,
                      struct ip6_address *ret)
{
        const uint32_t n_words = (pool->count + 63) / 64;
        uint32_t start;
        uint64_t below;

        if (pool->count == 0)
                return false;
        start = hash_client(client) % pool->count;
        below = (UINT64_C(1) << (start % 64)) - 1;
        for (uint32_t i = 0; i <= n_words; i++) {
                const uint32_t word = (start / 64 + i) % n_words;
                const uint64_t free_bits = ~(pool->used[word] | (i == 0 ? below : 0));

                if (!free_bits)
                        continue;
                *ret = with_low_half(pool->config.first,
                                     pool->first + word * UINT64_C(64) +
                                             (unsigned)__builtin_ctzll(free_bits));
                return true;
        }
        return false;
}

int dhcp6_leases_next_pool(const struct dhcp6_leases *leases, size_t *at,
                           struct dhcp6_pool_state *ret)
{
        while (*at < leases->n_pools) {
                const struct pool6 *pool = &leases->pools[(*at)++];

                if (pool->count == 0)
                        continue;
                *ret = (struct dhcp6_pool_state){
                        .network = pool->config.network,
                        .first = pool->config.first,
                        .last = pool->config.last,
                        .usage = {.size = pool->count, .taken = pool->n_taken},
                };
                return 1;
        }
        return 0;
}

/* ---- reservations ---- */

enum name_kind {
        NAME_DUID,
        NAME_MAC,
        NAME_UUID,
        NAME_COUNT,
};

struct name6_key {
        size_t size; /* of bytes; 0: there is no such name */
        uint8_t bytes[2 + DHCP6_DUID_MAX];
};

static struct name6_key name_key(size_t pool, enum name_kind kind, const void *bytes, size_t size)
{
        struct name6_key key = {
                .size = 2 + size, .bytes = {(uint8_t)pool, (uint8_t)kind}
        };

        memcpy(key.bytes + 2, bytes, size);
        return key;
}

static bool is_mac_set(const struct mac_address *mac)
{
        static const struct mac_address none;

        return !mac_is_equal(mac, &none);
}

static struct name6_key key_of_reservation(size_t pool, enum name_kind kind,
                                           const struct dhcp6_reservation *r)
{
        switch (kind) {
        case NAME_DUID:
                if (r->duid.size > 0)
                        return name_key(pool, kind, r->duid.bytes, r->duid.size);
                break;
        case NAME_MAC:
                if (is_mac_set(&r->mac))
                        return name_key(pool, kind, r->mac.bytes, sizeof(r->mac.bytes));
                break;
        case NAME_UUID:
                if (uuid_identifies(&r->uuid))
                        return name_key(pool, kind, r->uuid.bytes, sizeof(r->uuid.bytes));
                break;
        case NAME_COUNT:
                break;
        }
        return (struct name6_key){0};
}

const struct dhcp6_reservation *dhcp6_reservation_at(const struct dhcp6_leases *leases,
                                                     const struct ip6_address *address)
{
        return map_find(leases->reserved, address->bytes, sizeof(address->bytes));
}

static int reservation_index(struct dhcp6_leases *leases, size_t pool,
                             struct dhcp6_reservation *reservation)
{
        int rc = -EINVAL;

        for (size_t kind = 0; kind < NAME_COUNT; kind++) {
                const struct name6_key key =
                        key_of_reservation(pool, (enum name_kind)kind, reservation);

                if (key.size == 0)
                        continue;
                rc = map_set(leases->reserved_by, key.bytes, key.size, reservation);
                if (rc < 0)
                        return rc;
        }
        return rc;
}

static void reservation_drop(struct dhcp6_leases *leases, size_t pool,
                             struct dhcp6_reservation *reservation)
{
        for (size_t kind = 0; kind < NAME_COUNT; kind++) {
                const struct name6_key key =
                        key_of_reservation(pool, (enum name_kind)kind, reservation);

                if (key.size > 0 &&
                    map_find(leases->reserved_by, key.bytes, key.size) == reservation)
                        map_remove(leases->reserved_by, key.bytes, key.size);
        }
        map_remove(leases->reserved, reservation->address.bytes,
                   sizeof(reservation->address.bytes));
        dhcp6_pool_mark(leases, &leases->pools[pool], &reservation->address);
        free(reservation);
}

int dhcp6_leases_reserve(struct dhcp6_leases *leases, const struct dhcp6_reservation *reservation)
{
        const struct ip6_address *address = &reservation->address;
        const ssize_t pool = dhcp6_leases_pool_of(leases, address);
        struct dhcp6_reservation *copy;
        int rc;

        if (pool < 0)
                return -ENOENT;
        if (!dhcp6_pool_can_give(&leases->pools[pool], address) ||
            dhcp6_reservation_at(leases, address))
                return -EADDRINUSE;
        copy = malloc(sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        *copy = *reservation;
        rc = map_set(leases->reserved, address->bytes, sizeof(address->bytes), copy);
        if (rc < 0) {
                free(copy);
                return rc;
        }
        rc = reservation_index(leases, (size_t)pool, copy);
        if (rc < 0) {
                reservation_drop(leases, (size_t)pool, copy);
                return rc;
        }
        dhcp6_pool_mark(leases, &leases->pools[pool], address);
        return 0;
}

static const struct dhcp6_reservation *find_name(const struct dhcp6_leases *leases,
                                                 const struct name6_key *key)
{
        return map_find(leases->reserved_by, key->bytes, key->size);
}

const struct dhcp6_reservation *dhcp6_leases_reserved(const struct dhcp6_leases *leases,
                                                      size_t pool,
                                                      const struct dhcp6_client *client)
{
        const struct dhcp6_reservation *found;
        struct name6_key key = name_key(pool, NAME_DUID, client->duid->bytes, client->duid->size);
        struct uuid uuid;

        found = find_name(leases, &key);
        if (!found && is_mac_set(&client->mac)) {
                key = name_key(pool, NAME_MAC, client->mac.bytes, sizeof(client->mac.bytes));
                found = find_name(leases, &key);
        }
        if (found || !dhcp6_duid_uuid(client->duid, &uuid))
                return found;
        key = name_key(pool, NAME_UUID, uuid.bytes, sizeof(uuid.bytes));
        found = find_name(leases, &key);
        if (found)
                return found;
        uuid = uuid_from_smbios(uuid.bytes);
        key = name_key(pool, NAME_UUID, uuid.bytes, sizeof(uuid.bytes));
        return find_name(leases, &key);
}
