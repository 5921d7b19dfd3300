/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lease table
 *
 * Each pool keeps its leases in one list a state, in the order in which they
 * run out, so that ending them costs nothing while there is nothing to end.
 * lease_set_state() is the only function that changes a state. Which addresses
 * there are, and for whom some are kept, is lease_pool.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define QUARANTINE_SHARE 8 /* at most this part of a pool may rest */

const char *dhcp_lease_state_name(enum dhcp_lease_state state)
{
        static const char *const names[DHCP_LEASE_STATE_COUNT] = {
                [DHCP_LEASE_OFFERED] = "offered",
                [DHCP_LEASE_BOUND] = "bound",
                [DHCP_LEASE_FREE] = "free",
                [DHCP_LEASE_DECLINED] = "declined",
        };

        return (size_t)state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

struct dhcp_leases *dhcp_leases_new(void)
{
        struct dhcp_leases *leases = calloc(1, sizeof(*leases));

        if (!leases)
                return NULL;
        leases->by_mac = map_new(DHCP_MAX_LEASES);
        leases->by_address = map_new(DHCP_MAX_LEASES);
        leases->reserved_by_mac = map_new(DHCP_MAX_RESERVATIONS);
        leases->reserved_by_address = map_new(DHCP_MAX_RESERVATIONS);
        if (!leases->by_mac || !leases->by_address || !leases->reserved_by_mac ||
            !leases->reserved_by_address)
                return dhcp_leases_free(leases);
        return leases;
}

static struct map *map_free_all(struct map *map)
{
        size_t at = 0;
        void *value;

        while (map && map_next(map, &at, &value))
                free(value);
        return map_free(map);
}

struct dhcp_leases *dhcp_leases_free(struct dhcp_leases *leases)
{
        if (!leases)
                return NULL;

        map_free(leases->by_mac);
        map_free_all(leases->by_address);
        map_free(leases->reserved_by_mac);
        map_free_all(leases->reserved_by_address);
        for (size_t i = 0; i < leases->n_pools; i++)
                free(leases->pools[i].used);
        free(leases);
        return NULL;
}

/* --- entries --- */

static struct entry *find_mac(const struct dhcp_leases *leases, size_t pool,
                              const struct mac_address *mac)
{
        const struct mac_key key = dhcp_mac_key(pool, mac);

        return map_find(leases->by_mac, &key, sizeof(key));
}

static struct entry *find_address(const struct dhcp_leases *leases, struct ip4_address address)
{
        return map_find(leases->by_address, &address.be, sizeof(address.be));
}

/* Its MAC may hold another address by now, which it keeps. */
static void entry_disown(struct dhcp_leases *leases, const struct entry *entry)
{
        const struct mac_key key = dhcp_mac_key(entry->pool, &entry->lease.mac);

        if (map_find(leases->by_mac, &key, sizeof(key)) == entry)
                map_remove(leases->by_mac, &key, sizeof(key));
}

static void entry_drop(struct dhcp_leases *leases, struct entry *entry)
{
        struct pool *pool = &leases->pools[entry->pool];
        const struct ip4_address address = entry->lease.address;

        if (entry->lease.state == DHCP_LEASE_DECLINED)
                pool->n_declined--;
        entry_disown(leases, entry);
        map_remove(leases->by_address, &address.be, sizeof(address.be));
        list_remove(&entry->link);
        free(entry);
        dhcp_pool_mark(leases, pool, address);
}

/* Keeps the lists in order. Leases of one kind last equally long, so the place is at the end. */
static void list_insert_by_expiry(struct list *head, struct entry *entry)
{
        struct list *before = head->prev;

        while (before != head && container_of(before, struct entry, link)->lease.expires_mono_ms >
                                         entry->lease.expires_mono_ms)
                before = before->prev;
        list_append(before->next, &entry->link);
}

/* @lasts_ms: from now on; of a FREE one nothing is awaited, and it says when it became so. */
static void lease_set_state(struct dhcp_leases *leases, struct entry *entry,
                            enum dhcp_lease_state state, uint64_t lasts_ms,
                            const struct dhcp_now *now)
{
        struct pool *pool = &leases->pools[entry->pool];
        const bool was_declined = entry->lease.state == DHCP_LEASE_DECLINED;
        const bool is_declined = state == DHCP_LEASE_DECLINED;

        /* Who declined an address is to get another: an address in quarantine has no owner. */
        if (is_declined && !was_declined) {
                entry_disown(leases, entry);
                pool->n_declined++;
        }
        if (state == DHCP_LEASE_BOUND || state == DHCP_LEASE_FREE)
                entry->is_remembered = true;
        entry->lease.state = state;
        entry->lease.expires_mono_ms = now->monotonic_ms + lasts_ms;
        entry->lease.expires_ms = now->wall_ms + lasts_ms;

        list_remove(&entry->link);
        list_insert_by_expiry(&pool->by_state[state], entry);
}

/* The one that was freed longest ago gives its place up. @pool: NULL for any. */
static bool drop_oldest_free(struct dhcp_leases *leases, struct pool *pool)
{
        for (size_t i = 0; i < leases->n_pools; i++) {
                struct list *free_ones = &leases->pools[i].by_state[DHCP_LEASE_FREE];

                if ((pool && pool != &leases->pools[i]) || list_is_empty(free_ones))
                        continue;
                entry_drop(leases, container_of(free_ones->next, struct entry, link));
                return true;
        }
        return false;
}

/* In the list of no state and found by its address alone. The address must be free. */
static int entry_new(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                     struct ip4_address address, struct entry **ret)
{
        struct entry *entry;
        int rc;

        if (map_count(leases->by_address) >= DHCP_MAX_LEASES && !drop_oldest_free(leases, NULL))
                return -ENOSPC;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        entry->lease.mac = *mac;
        entry->lease.address = address;
        entry->pool = pool;
        list_init(&entry->link);

        rc = map_set(leases->by_address, &address.be, sizeof(address.be), entry);
        if (rc < 0) {
                free(entry);
                return rc;
        }

        dhcp_pool_mark(leases, &leases->pools[pool], address);
        *ret = entry;
        return 0;
}

/* The same, and its MAC's, which must be without one. */
static int entry_new_owned(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                           struct ip4_address address, struct entry **ret)
{
        const struct mac_key key = dhcp_mac_key(pool, mac);
        struct entry *entry;
        int rc;

        rc = entry_new(leases, pool, mac, address, &entry);
        if (rc < 0)
                return rc;
        rc = map_set(leases->by_mac, &key, sizeof(key), entry);
        if (rc < 0) {
                entry_drop(leases, entry);
                return rc;
        }
        *ret = entry;
        return 0;
}

const struct dhcp_lease *dhcp_leases_find_mac(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac)
{
        const struct entry *entry = find_mac(leases, pool, mac);

        return entry ? &entry->lease : NULL;
}

const struct dhcp_lease *dhcp_leases_find_address(const struct dhcp_leases *leases,
                                                  struct ip4_address address)
{
        const struct entry *entry = find_address(leases, address);

        return entry ? &entry->lease : NULL;
}

int dhcp_leases_next(const struct dhcp_leases *leases, size_t *at, const struct dhcp_lease **ret)
{
        void *value;

        if (!map_next(leases->by_address, at, &value))
                return 0;
        *ret = &((const struct entry *)value)->lease;
        return 1;
}

static int list_each(const struct list *head, dhcp_lease_fn fn, void *context)
{
        int rc;

        LIST_FOR_EACH(head, link)
        {
                rc = fn(context, &container_of(link, struct entry, link)->lease);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

int dhcp_leases_each(const struct dhcp_leases *leases, dhcp_lease_fn fn, void *context)
{
        int rc = 0;

        for (size_t i = 0; i < leases->n_pools; i++)
                for (size_t state = 0; state < DHCP_LEASE_STATE_COUNT && rc == 0; state++)
                        rc = list_each(&leases->pools[i].by_state[state], fn, context);
        return rc;
}

size_t dhcp_leases_count(const struct dhcp_leases *leases)
{
        return map_count(leases->by_address);
}

/* --- time --- */

static void expire_state(struct dhcp_leases *leases, struct pool *pool, enum dhcp_lease_state state,
                         const struct dhcp_now *now)
{
        LIST_FOR_EACH(&pool->by_state[state], link)
        {
                struct entry *entry = container_of(link, struct entry, link);

                if (entry->lease.expires_mono_ms > now->monotonic_ms)
                        return;
                if (entry->is_remembered && state != DHCP_LEASE_DECLINED)
                        lease_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
                else
                        entry_drop(leases, entry);
        }
}

void dhcp_leases_expire(struct dhcp_leases *leases, const struct dhcp_now *now)
{
        for (size_t i = 0; i < leases->n_pools; i++) {
                struct pool *pool = &leases->pools[i];

                expire_state(leases, pool, DHCP_LEASE_OFFERED, now);
                expire_state(leases, pool, DHCP_LEASE_BOUND, now);
                expire_state(leases, pool, DHCP_LEASE_DECLINED, now);
        }
}

/* --- choice --- */

static struct ip4_address choose(struct dhcp_leases *leases, struct pool *pool,
                                 const struct mac_address *mac, struct ip4_address wanted)
{
        struct ip4_address address;

        if (dhcp_pool_is_unused(pool, wanted))
                return wanted;
        do {
                address = dhcp_pool_probe(pool, mac);
        } while (!ip4_is_set(address) && drop_oldest_free(leases, pool));
        return address;
}

/* Nobody holds it but in memory or as an offer. */
static bool is_takeable(const struct entry *entry)
{
        return entry->lease.state == DHCP_LEASE_FREE || entry->lease.state == DHCP_LEASE_OFFERED;
}

/* The reserved address, once nobody else stands on it; unset if there is none to have. */
static struct ip4_address reserved_for(struct dhcp_leases *leases, size_t pool,
                                       const struct mac_address *mac)
{
        const struct reservation *reservation = dhcp_reservation_of(leases, pool, mac);
        struct entry *holder;

        if (!reservation)
                return (struct ip4_address){0};
        holder = find_address(leases, reservation->address);
        if (!holder || is_takeable(holder) ||
            (holder->lease.state == DHCP_LEASE_BOUND && mac_is_equal(&holder->lease.mac, mac)))
                return reservation->address;
        return (struct ip4_address){0};
}

/* By the rules of the pool and the reservations, whoever holds it now. */
static int check_right(const struct dhcp_leases *leases, size_t number,
                       const struct mac_address *mac, struct ip4_address address)
{
        const struct pool *pool = &leases->pools[number];
        const struct reservation *there = dhcp_reservation_at(leases, address);

        if (there && !mac_is_equal(&there->mac, mac))
                return -EADDRINUSE;
        if (!dhcp_pool_can_give(pool, address) || (!there && !dhcp_pool_has(pool, address)))
                return -EADDRNOTAVAIL;
        return 0;
}

/* What this MAC holds, unless it must move: away from what is kept for another, to its own. */
static struct entry *entry_to_keep(struct dhcp_leases *leases, size_t pool,
                                   const struct mac_address *mac, struct ip4_address reserved)
{
        struct entry *entry = find_mac(leases, pool, mac);

        if (!entry)
                return NULL;
        if ((!ip4_is_set(reserved) || ip4_is_equal(reserved, entry->lease.address)) &&
            check_right(leases, pool, mac, entry->lease.address) == 0)
                return entry;
        entry_drop(leases, entry);
        return NULL;
}

int dhcp_leases_offer(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                      struct ip4_address wanted, const struct dhcp_now *now,
                      const struct dhcp_lease **ret)
{
        struct ip4_address address = reserved_for(leases, pool, mac);
        struct entry *entry = entry_to_keep(leases, pool, mac, address);
        int rc;

        if (!entry) {
                if (ip4_is_set(address)) {
                        struct entry *holder = find_address(leases, address);

                        if (holder)
                                entry_drop(leases, holder);
                } else {
                        address = choose(leases, &leases->pools[pool], mac, wanted);
                }
                if (!ip4_is_set(address))
                        return -ENOSPC;
                rc = entry_new_owned(leases, pool, mac, address, &entry);
                if (rc < 0)
                        return rc;
        }

        if (entry->lease.state != DHCP_LEASE_BOUND)
                lease_set_state(leases, entry, DHCP_LEASE_OFFERED, DHCP_OFFER_HOLD_MS, now);
        *ret = &entry->lease;
        return 0;
}

/* --- what clients do with it --- */

static int check_binding(struct dhcp_leases *leases, size_t pool,
                         const struct dhcp_binding *binding)
{
        const struct ip4_address reserved = reserved_for(leases, pool, &binding->mac);
        const struct entry *holder = find_address(leases, binding->address);
        int rc;

        rc = check_right(leases, pool, &binding->mac, binding->address);
        if (rc < 0)
                return rc;
        if (ip4_is_set(reserved) && !ip4_is_equal(reserved, binding->address))
                return -EADDRNOTAVAIL;
        if (!holder || holder->lease.state == DHCP_LEASE_FREE)
                return 0;
        if (holder->lease.state == DHCP_LEASE_DECLINED ||
            !mac_is_equal(&holder->lease.mac, &binding->mac))
                return -EADDRINUSE;
        return 0;
}

int dhcp_leases_bind(struct dhcp_leases *leases, size_t pool, const struct dhcp_binding *binding,
                     const struct dhcp_now *now, const struct dhcp_lease **ret)
{
        struct entry *entry, *holder;
        int rc;

        rc = check_binding(leases, pool, binding);
        if (rc < 0)
                return rc;

        entry = find_mac(leases, pool, &binding->mac);
        if (entry && !ip4_is_equal(entry->lease.address, binding->address)) {
                entry_drop(leases, entry);
                entry = NULL;
        }
        if (!entry) {
                holder = find_address(leases, binding->address);
                if (holder)
                        entry_drop(leases, holder);
                rc = entry_new_owned(leases, pool, &binding->mac, binding->address, &entry);
                if (rc < 0)
                        return rc;
        }

        /* A stage of the boot that says no name does not take the name away. */
        if (binding->hostname[0])
                (void)text_copy(entry->lease.hostname, sizeof(entry->lease.hostname),
                                binding->hostname);
        entry->lease.lease_s = binding->lease_s;
        lease_set_state(leases, entry, DHCP_LEASE_BOUND, (uint64_t)binding->lease_s * 1000, now);
        *ret = &entry->lease;
        return 0;
}

static struct entry *find_held(const struct dhcp_leases *leases, size_t pool,
                               const struct mac_address *mac, struct ip4_address address)
{
        struct entry *entry = find_mac(leases, pool, mac);

        return entry && ip4_is_equal(entry->lease.address, address) &&
                               entry->lease.state != DHCP_LEASE_FREE
                       ? entry
                       : NULL;
}

int dhcp_leases_release(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                        struct ip4_address address, const struct dhcp_now *now,
                        const struct dhcp_lease **ret)
{
        struct entry *entry = find_held(leases, pool, mac, address);

        if (!entry)
                return -ENOENT;
        lease_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
        *ret = &entry->lease;
        return 0;
}

static size_t quarantine_max(const struct pool *pool)
{
        const size_t share = pool->count / QUARANTINE_SHARE;

        if (share == 0)
                return 1;
        return share < DHCP_MAX_QUARANTINE ? share : DHCP_MAX_QUARANTINE;
}

int dhcp_leases_decline(struct dhcp_leases *leases, size_t number, const struct mac_address *mac,
                        struct ip4_address address, const struct dhcp_now *now,
                        const struct dhcp_lease **ret)
{
        struct entry *entry = find_held(leases, number, mac, address);
        struct pool *pool = &leases->pools[number];

        if (!entry)
                return -ENOENT;
        if (pool->n_declined >= quarantine_max(pool))
                entry_drop(leases, container_of(pool->by_state[DHCP_LEASE_DECLINED].next,
                                                struct entry, link));
        lease_set_state(leases, entry, DHCP_LEASE_DECLINED, DHCP_QUARANTINE_MS, now);
        *ret = &entry->lease;
        return 0;
}

void dhcp_leases_forget_offer(struct dhcp_leases *leases, size_t pool,
                              const struct mac_address *mac)
{
        struct entry *entry = find_mac(leases, pool, mac);

        if (entry && entry->lease.state == DHCP_LEASE_OFFERED)
                entry_drop(leases, entry);
}

/* --- replay --- */

/* Milliseconds that are left of it now. The wall clock may have been set meanwhile. */
static uint64_t replay_left(const struct dhcp_lease *lease, const struct dhcp_now *now)
{
        const uint64_t most = lease->state == DHCP_LEASE_DECLINED ? DHCP_QUARANTINE_MS
                                                                  : (uint64_t)lease->lease_s * 1000;
        const uint64_t left =
                lease->expires_ms > now->wall_ms ? lease->expires_ms - now->wall_ms : 0;

        return left < most ? left : most;
}

static int replay_entry(struct dhcp_leases *leases, size_t pool, const struct dhcp_lease *lease,
                        struct entry **ret)
{
        const bool is_declined = lease->state == DHCP_LEASE_DECLINED;
        struct entry *entry = find_mac(leases, pool, &lease->mac);
        struct entry *holder = find_address(leases, lease->address);

        if (entry && entry == holder) {
                *ret = entry;
                return 0;
        }
        if (holder)
                entry_drop(leases, holder);
        /* Of an address in quarantine nobody is the owner: what its decliner has now, it keeps. */
        if (is_declined)
                return entry_new(leases, pool, &lease->mac, lease->address, ret);
        if (entry)
                entry_drop(leases, entry);
        return entry_new_owned(leases, pool, &lease->mac, lease->address, ret);
}

int dhcp_leases_replay(struct dhcp_leases *leases, const void *record, size_t size,
                       const struct dhcp_now *now)
{
        struct dhcp_lease lease;
        struct entry *entry;
        uint64_t left;
        ssize_t pool;
        int rc;

        rc = dhcp_lease_record_parse(record, size, &lease);
        if (rc < 0)
                return rc;
        pool = dhcp_leases_pool_of(leases, lease.address);
        if (pool < 0 || !dhcp_pool_can_give(&leases->pools[pool], lease.address) ||
            lease.state == DHCP_LEASE_OFFERED)
                return 0;

        rc = replay_entry(leases, (size_t)pool, &lease, &entry);
        if (rc < 0)
                return rc;
        memcpy(entry->lease.hostname, lease.hostname, sizeof(lease.hostname));
        entry->lease.lease_s = lease.lease_s;

        left = replay_left(&lease, now);
        if (lease.state == DHCP_LEASE_DECLINED && left == 0) {
                entry_drop(leases, entry);
                return 0;
        }
        lease_set_state(leases, entry, left ? lease.state : DHCP_LEASE_FREE,
                        lease.state == DHCP_LEASE_FREE ? 0 : left, now);
        return 0;
}
