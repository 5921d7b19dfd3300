/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lease table
 *
 * Each range keeps its leases in one list a state, in the order in which they
 * run out, so that ending them costs nothing while there is nothing to end.
 * dhcp_entry_set_state() is the only function that changes a state. Which addresses
 * there are is lease_pool.c, for whom some are kept is lease_reserve.c, who is
 * given which is lease_give.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

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
        leases->by_client_id = map_new(DHCP_MAX_LEASES);
        leases->reserved_by_mac = map_new(DHCP_MAX_RESERVATIONS);
        leases->reserved_by_address = map_new(DHCP_MAX_RESERVATIONS);
        leases->reserved_by_key = map_new(DHCP_MAX_RESERVATIONS);
        if (!leases->by_mac || !leases->by_address || !leases->by_client_id ||
            !leases->reserved_by_mac || !leases->reserved_by_address || !leases->reserved_by_key)
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
        map_free(leases->by_client_id);
        map_free_all(leases->by_address);
        map_free(leases->reserved_by_mac);
        map_free(leases->reserved_by_key);
        map_free_all(leases->reserved_by_address);
        for (size_t i = 0; i < leases->n_pools; i++)
                for (size_t j = 0; j < leases->pools[i].n_ranges; j++)
                        free(leases->pools[i].ranges[j].used);
        free(leases);
        return NULL;
}

/* --- entries --- */

struct entry *dhcp_entry_of(const struct dhcp_leases *leases, size_t pool,
                            const struct mac_address *mac)
{
        const struct mac_key key = dhcp_mac_key(leases, pool, mac);

        return map_find(leases->by_mac, &key, sizeof(key));
}

struct entry *dhcp_entry_at(const struct dhcp_leases *leases, struct ip4_address address)
{
        return map_find(leases->by_address, &address.be, sizeof(address.be));
}

/* Another may have said the same since. */
static void forget_name(struct dhcp_leases *leases, struct entry *entry)
{
        const struct dhcp_lease *lease = &entry->lease;

        if (lease->client_id_size > 0 &&
            map_find(leases->by_client_id, lease->client_id, lease->client_id_size) == entry)
                map_remove(leases->by_client_id, lease->client_id, lease->client_id_size);
        entry->lease.client_id_size = 0;
}

/* RFC 2132 9.14: hardware type, address. */
static bool is_of_mac(struct reader client_id, const struct mac_address *mac)
{
        return reader_left(&client_id) == 1 + sizeof(mac->bytes) && client_id.at[0] == 1 &&
               memcmp(client_id.at + 1, mac->bytes, sizeof(mac->bytes)) == 0;
}

void dhcp_entry_call(struct dhcp_leases *leases, struct entry *entry, struct reader client_id)
{
        struct dhcp_lease *lease = &entry->lease;
        const size_t size = reader_left(&client_id);

        if (size == 0 || size > sizeof(lease->client_id) || is_of_mac(client_id, &lease->mac) ||
            map_find(leases->by_client_id, client_id.at, size) == entry)
                return;
        forget_name(leases, entry);
        if (map_set(leases->by_client_id, client_id.at, size, entry) < 0)
                return; /* it is found by its MAC and its address all the same */
        lease->client_id_size = (uint8_t)size;
        memcpy(lease->client_id, client_id.at, size);
}

/* Its MAC may hold another address by now, which it keeps. */
static void entry_disown(struct dhcp_leases *leases, struct entry *entry)
{
        const struct mac_key key = dhcp_mac_key(leases, entry->pool, &entry->lease.mac);

        forget_name(leases, entry);
        if (map_find(leases->by_mac, &key, sizeof(key)) == entry)
                map_remove(leases->by_mac, &key, sizeof(key));
}

void dhcp_entry_drop(struct dhcp_leases *leases, struct entry *entry)
{
        struct pool *pool = &leases->pools[entry->pool];
        const struct ip4_address address = entry->lease.address;

        if (entry->lease.state == DHCP_LEASE_DECLINED)
                pool->n_declined--;
        if (entry->is_counted)
                entry->range->taken--;
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
void dhcp_entry_set_state(struct dhcp_leases *leases, struct entry *entry,
                          enum dhcp_lease_state state, uint64_t lasts_ms,
                          const struct dhcp_now *now)
{
        struct pool *pool = &leases->pools[entry->pool];
        const bool was_declined = entry->lease.state == DHCP_LEASE_DECLINED;
        const bool is_declined = state == DHCP_LEASE_DECLINED;
        const bool is_taken = state != DHCP_LEASE_FREE;

        /* Who declined an address is to get another: an address in quarantine has no owner. */
        if (is_declined && !was_declined) {
                entry_disown(leases, entry);
                pool->n_declined++;
        }
        if (entry->is_counted != is_taken)
                entry->range->taken += is_taken ? 1 : -1u;
        entry->is_counted = is_taken;
        if (state == DHCP_LEASE_BOUND || state == DHCP_LEASE_FREE)
                entry->is_remembered = true;
        entry->lease.state = state;
        entry->lease.expires_mono_ms = now->monotonic_ms + lasts_ms;
        entry->lease.expires_ms = now->wall_ms + lasts_ms;

        list_remove(&entry->link);
        list_insert_by_expiry(&entry->range->by_state[state], entry);
}

/* The one that was freed longest ago gives its place up. */
bool dhcp_range_drop_free(struct dhcp_leases *leases, struct range *range)
{
        struct list *free_ones = &range->by_state[DHCP_LEASE_FREE];

        if (list_is_empty(free_ones))
                return false;
        dhcp_entry_drop(leases, container_of(free_ones->next, struct entry, link));
        return true;
}

static bool drop_any_free(struct dhcp_leases *leases)
{
        for (size_t i = 0; i < leases->n_pools; i++)
                for (size_t j = 0; j < leases->pools[i].n_ranges; j++)
                        if (dhcp_range_drop_free(leases, &leases->pools[i].ranges[j]))
                                return true;
        return false;
}

bool dhcp_table_is_left_for_unknown(struct dhcp_leases *leases)
{
        return map_count(leases->by_address) <
                       DHCP_MAX_LEASES - DHCP_MAX_LEASES / DHCP_KNOWN_SHARE ||
               drop_any_free(leases);
}

/* In the list of no state and found by its address alone. The address must be free. */
int dhcp_entry_new(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                   struct ip4_address address, struct entry **ret)
{
        struct entry *entry;
        int rc;

        if (map_count(leases->by_address) >= DHCP_MAX_LEASES && !drop_any_free(leases))
                return -ENOSPC;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        entry->lease.mac = *mac;
        entry->lease.address = address;
        entry->pool = pool;
        entry->range = dhcp_range_of(&leases->pools[pool], address);
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
int dhcp_entry_new_owned(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                         struct ip4_address address, struct entry **ret)
{
        const struct mac_key key = dhcp_mac_key(leases, pool, mac);
        struct entry *entry;
        int rc;

        rc = dhcp_entry_new(leases, pool, mac, address, &entry);
        if (rc < 0)
                return rc;
        rc = map_set(leases->by_mac, &key, sizeof(key), entry);
        if (rc < 0) {
                dhcp_entry_drop(leases, entry);
                return rc;
        }
        *ret = entry;
        return 0;
}

const struct dhcp_lease *dhcp_leases_find_mac(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac)
{
        const struct entry *entry = dhcp_entry_of(leases, pool, mac);

        return entry ? &entry->lease : NULL;
}

const struct dhcp_lease *dhcp_leases_find_address(const struct dhcp_leases *leases,
                                                  struct ip4_address address)
{
        const struct entry *entry = dhcp_entry_at(leases, address);

        return entry ? &entry->lease : NULL;
}

const struct dhcp_lease *dhcp_leases_find_client_id(const struct dhcp_leases *leases,
                                                    struct reader client_id)
{
        const size_t size = reader_left(&client_id);
        const struct entry *entry = size > 0 && size <= DHCP_CLIENT_ID_KEPT
                                            ? map_find(leases->by_client_id, client_id.at, size)
                                            : NULL;

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

static int range_each(const struct range *range, dhcp_lease_fn fn, void *context)
{
        int rc = 0;

        for (size_t state = 0; state < DHCP_LEASE_STATE_COUNT && rc == 0; state++)
                rc = list_each(&range->by_state[state], fn, context);
        return rc;
}

int dhcp_leases_each(const struct dhcp_leases *leases, dhcp_lease_fn fn, void *context)
{
        int rc = 0;

        for (size_t i = 0; i < leases->n_pools && rc == 0; i++)
                for (size_t j = 0; j < leases->pools[i].n_ranges && rc == 0; j++)
                        rc = range_each(&leases->pools[i].ranges[j], fn, context);
        return rc;
}

size_t dhcp_leases_count(const struct dhcp_leases *leases)
{
        return map_count(leases->by_address);
}

/* --- time --- */

static void expire_state(struct dhcp_leases *leases, struct range *range,
                         enum dhcp_lease_state state, const struct dhcp_now *now)
{
        LIST_FOR_EACH(&range->by_state[state], link)
        {
                struct entry *entry = container_of(link, struct entry, link);

                if (entry->lease.expires_mono_ms > now->monotonic_ms)
                        return;
                if (entry->is_remembered && state != DHCP_LEASE_DECLINED)
                        dhcp_entry_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
                else
                        dhcp_entry_drop(leases, entry);
        }
}

void dhcp_leases_expire(struct dhcp_leases *leases, const struct dhcp_now *now)
{
        for (size_t i = 0; i < leases->n_pools; i++) {
                for (size_t j = 0; j < leases->pools[i].n_ranges; j++) {
                        struct range *range = &leases->pools[i].ranges[j];

                        expire_state(leases, range, DHCP_LEASE_OFFERED, now);
                        expire_state(leases, range, DHCP_LEASE_BOUND, now);
                        expire_state(leases, range, DHCP_LEASE_DECLINED, now);
                }
        }
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
        struct entry *entry = dhcp_entry_of(leases, pool, &lease->mac);
        struct entry *holder = dhcp_entry_at(leases, lease->address);

        if (entry && entry == holder) {
                *ret = entry;
                return 0;
        }
        if (holder)
                dhcp_entry_drop(leases, holder);
        /* Of an address in quarantine nobody is the owner: what its decliner has now, it keeps. */
        if (is_declined)
                return dhcp_entry_new(leases, pool, &lease->mac, lease->address, ret);
        if (entry)
                dhcp_entry_drop(leases, entry);
        return dhcp_entry_new_owned(leases, pool, &lease->mac, lease->address, ret);
}

/* Who had an address that is kept for a mark, said that mark. */
static int relearn(struct dhcp_leases *leases, const struct dhcp_lease *lease)
{
        struct reservation *reservation = map_find(leases->reserved_by_address, &lease->address.be,
                                                   sizeof(lease->address.be));
        const struct reservation *own;

        if (!reservation || reservation->key.kind == DHCP_RESERVED_MAC ||
            lease->state == DHCP_LEASE_DECLINED)
                return 0;
        own = dhcp_reservation_of(leases, reservation->pool, &lease->mac);
        if (own && own->key.kind == DHCP_RESERVED_MAC)
                return 0;
        return dhcp_reservation_learn(leases, reservation, &lease->mac);
}

/* What it had once takes nothing from what its MAC has now: networks may have become one wire, of
 * which each had one. */
static bool is_outlived(const struct dhcp_leases *leases, size_t pool,
                        const struct dhcp_lease *lease, uint64_t left_ms)
{
        const struct entry *entry = dhcp_entry_of(leases, pool, &lease->mac);

        return entry && entry->lease.state == DHCP_LEASE_BOUND &&
               !ip4_is_equal(entry->lease.address, lease->address) &&
               lease->state != DHCP_LEASE_DECLINED &&
               (lease->state == DHCP_LEASE_FREE || left_ms == 0);
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

        left = replay_left(&lease, now);
        if (is_outlived(leases, (size_t)pool, &lease, left))
                return 0;
        rc = replay_entry(leases, (size_t)pool, &lease, &entry);
        if (rc < 0)
                return rc;
        memcpy(entry->lease.hostname, lease.hostname, sizeof(lease.hostname));
        if (lease.state != DHCP_LEASE_DECLINED)
                dhcp_entry_call(leases, entry, reader_over(lease.client_id, lease.client_id_size));
        entry->lease.lease_s = lease.lease_s;
        rc = relearn(leases, &lease);
        if (rc < 0)
                return rc;

        if (lease.state == DHCP_LEASE_DECLINED && left == 0) {
                dhcp_entry_drop(leases, entry);
                return 0;
        }
        dhcp_entry_set_state(leases, entry, left ? lease.state : DHCP_LEASE_FREE,
                             lease.state == DHCP_LEASE_FREE ? 0 : left, now);
        return 0;
}
