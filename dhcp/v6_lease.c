/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lease table of DHCPv6
 *
 * As lease.c: each pool keeps its leases in one list a state, in the order in
 * which they run out, and lease_set_state() alone changes a state. Which
 * addresses there are, and for whom some are kept, is v6_lease_pool.c.
 *
 * A table of its own, and not that of IPv4 made general: there one MAC has one
 * address and asks by it alone, here a client has a name of up to 130 bytes,
 * several identities, and a reservation under any of three names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/v6_lease_table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define QUARANTINE_SHARE 8 /* at most this part of a pool may rest */

struct dhcp6_leases *dhcp6_leases_new(void)
{
        struct dhcp6_leases *leases = calloc(1, sizeof(*leases));

        if (!leases)
                return NULL;
        leases->by_client = map_new(DHCP6_MAX_LEASES);
        leases->by_address = map_new(DHCP6_MAX_LEASES);
        leases->reserved = map_new(DHCP6_MAX_RESERVATIONS);
        leases->reserved_by = map_new((size_t)3 * DHCP6_MAX_RESERVATIONS);
        if (!leases->by_client || !leases->by_address || !leases->reserved || !leases->reserved_by)
                return dhcp6_leases_free(leases);
        return leases;
}

static void map_free_all(struct map *map)
{
        size_t at = 0;
        void *value;

        while (map && map_next(map, &at, &value))
                free(value);
        map_free(map);
}

struct dhcp6_leases *dhcp6_leases_free(struct dhcp6_leases *leases)
{
        if (!leases)
                return NULL;
        map_free(leases->by_client);
        map_free(leases->reserved_by);
        map_free_all(leases->by_address);
        map_free_all(leases->reserved);
        for (size_t i = 0; i < leases->n_pools; i++)
                free(leases->pools[i].used);
        free(leases);
        return NULL;
}

/* ---- entries ---- */

static struct entry6 *find_client(const struct dhcp6_leases *leases, size_t pool,
                                  const struct dhcp6_duid *duid, uint32_t iaid)
{
        const struct client6_key key = dhcp6_client_key(pool, duid, iaid);

        return map_find(leases->by_client, key.bytes, key.size);
}

static struct entry6 *find_address(const struct dhcp6_leases *leases,
                                   const struct ip6_address *address)
{
        return map_find(leases->by_address, address->bytes, sizeof(address->bytes));
}

/* Its identity may hold another address by now, which it keeps. */
static void entry_disown(struct dhcp6_leases *leases, const struct entry6 *entry)
{
        const struct client6_key key =
                dhcp6_client_key(entry->pool, &entry->lease.duid, entry->lease.iaid);

        if (map_find(leases->by_client, key.bytes, key.size) == entry)
                map_remove(leases->by_client, key.bytes, key.size);
}

static void entry_drop(struct dhcp6_leases *leases, struct entry6 *entry)
{
        struct pool6 *pool = &leases->pools[entry->pool];
        const struct ip6_address address = entry->lease.address;

        if (!list_is_empty(&entry->link))
                pool->n_in_state[entry->lease.state]--;
        if (entry->is_counted)
                pool->n_taken--;
        entry_disown(leases, entry);
        map_remove(leases->by_address, address.bytes, sizeof(address.bytes));
        list_remove(&entry->link);
        free(entry);
        dhcp6_pool_mark(leases, pool, &address);
}

static bool drop_first(struct dhcp6_leases *leases, struct pool6 *pool, enum dhcp_lease_state state)
{
        struct list *list = &pool->by_state[state];

        if (list_is_empty(list))
                return false;
        entry_drop(leases, container_of(list->next, struct entry6, link));
        return true;
}

/* Keeps the lists in order. Leases of one kind last equally long, so the place is at the end. */
static void list_insert_by_expiry(struct list *head, struct entry6 *entry)
{
        struct list *before = head->prev;

        while (before != head && container_of(before, struct entry6, link)->lease.expires_mono_ms >
                                         entry->lease.expires_mono_ms)
                before = before->prev;
        list_append(before->next, &entry->link);
}

/* @lasts_ms: from now on; of a FREE one nothing is awaited, and it says when it became so. */
static void lease_set_state(struct dhcp6_leases *leases, struct entry6 *entry,
                            enum dhcp_lease_state state, uint64_t lasts_ms,
                            const struct dhcp_now *now)
{
        struct pool6 *pool = &leases->pools[entry->pool];
        const bool is_taken =
                state != DHCP_LEASE_FREE && dhcp6_pool_has(pool, &entry->lease.address);

        /* Who declined an address is to get another: an address in quarantine has no owner. */
        if (state == DHCP_LEASE_DECLINED)
                entry_disown(leases, entry);
        if (state == DHCP_LEASE_BOUND || state == DHCP_LEASE_FREE)
                entry->is_remembered = true;
        if (!list_is_empty(&entry->link))
                pool->n_in_state[entry->lease.state]--;
        if (entry->is_counted != is_taken)
                pool->n_taken += is_taken ? 1 : -1u;
        entry->is_counted = is_taken;
        entry->lease.state = state;
        entry->lease.expires_mono_ms = now->monotonic_ms + lasts_ms;
        entry->lease.expires_ms = now->wall_ms + lasts_ms;

        pool->n_in_state[state]++;
        list_remove(&entry->link);
        list_insert_by_expiry(&pool->by_state[state], entry);
}

/* The one that was freed longest ago gives its place up, in any pool. */
static bool drop_any_free(struct dhcp6_leases *leases)
{
        for (size_t i = 0; i < leases->n_pools; i++)
                if (drop_first(leases, &leases->pools[i], DHCP_LEASE_FREE))
                        return true;
        return false;
}

/* In the list of no state and found by its address alone. The address must be free. */
static int entry_new(struct dhcp6_leases *leases, size_t pool, const struct dhcp6_client *client,
                     const struct ip6_address *address, struct entry6 **ret)
{
        struct entry6 *entry;
        int rc;

        if (map_count(leases->by_address) >= DHCP6_MAX_LEASES && !drop_any_free(leases))
                return -ENOSPC;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        entry->lease.duid = *client->duid;
        entry->lease.iaid = client->iaid;
        entry->lease.mac = client->mac;
        entry->lease.address = *address;
        entry->pool = pool;
        list_init(&entry->link);

        rc = map_set(leases->by_address, address->bytes, sizeof(address->bytes), entry);
        if (rc < 0) {
                free(entry);
                return rc;
        }
        dhcp6_pool_mark(leases, &leases->pools[pool], address);
        *ret = entry;
        return 0;
}

/* The same, and its identity's, which must be without one. */
static int entry_new_owned(struct dhcp6_leases *leases, size_t pool,
                           const struct dhcp6_client *client, const struct ip6_address *address,
                           struct entry6 **ret)
{
        const struct client6_key key = dhcp6_client_key(pool, client->duid, client->iaid);
        struct entry6 *entry;
        int rc;

        rc = entry_new(leases, pool, client, address, &entry);
        if (rc < 0)
                return rc;
        rc = map_set(leases->by_client, key.bytes, key.size, entry);
        if (rc < 0) {
                entry_drop(leases, entry);
                return rc;
        }
        *ret = entry;
        return 0;
}

const struct dhcp6_lease *dhcp6_leases_find(const struct dhcp6_leases *leases, size_t pool,
                                            const struct dhcp6_client *client)
{
        const struct entry6 *entry = find_client(leases, pool, client->duid, client->iaid);

        return entry ? &entry->lease : NULL;
}

const struct dhcp6_lease *dhcp6_leases_find_address(const struct dhcp6_leases *leases,
                                                    const struct ip6_address *address)
{
        const struct entry6 *entry = find_address(leases, address);

        return entry ? &entry->lease : NULL;
}

int dhcp6_leases_next(const struct dhcp6_leases *leases, size_t *at, const struct dhcp6_lease **ret)
{
        void *value;

        if (!map_next(leases->by_address, at, &value))
                return 0;
        *ret = &((const struct entry6 *)value)->lease;
        return 1;
}

static int list_each(const struct list *head, dhcp6_lease_fn fn, void *context)
{
        int rc;

        LIST_FOR_EACH(head, link)
        {
                rc = fn(context, &container_of(link, struct entry6, link)->lease);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

int dhcp6_leases_each(const struct dhcp6_leases *leases, dhcp6_lease_fn fn, void *context)
{
        int rc = 0;

        for (size_t i = 0; i < leases->n_pools; i++)
                for (size_t state = 0; state < DHCP_LEASE_STATE_COUNT && rc == 0; state++)
                        rc = list_each(&leases->pools[i].by_state[state], fn, context);
        return rc;
}

bool dhcp6_leases_is_scarce(const struct dhcp6_leases *leases, size_t pool)
{
        return leases->pools[pool].n_taken > leases->pools[pool].count / 2 ||
               map_count(leases->by_address) > DHCP6_MAX_LEASES / 2;
}

size_t dhcp6_leases_count(const struct dhcp6_leases *leases)
{
        return map_count(leases->by_address);
}

/* ---- time ---- */

static void expire_state(struct dhcp6_leases *leases, struct pool6 *pool,
                         enum dhcp_lease_state state, const struct dhcp_now *now)
{
        LIST_FOR_EACH(&pool->by_state[state], link)
        {
                struct entry6 *entry = container_of(link, struct entry6, link);

                if (entry->lease.expires_mono_ms > now->monotonic_ms)
                        return;
                if (entry->is_remembered && state != DHCP_LEASE_DECLINED)
                        lease_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
                else
                        entry_drop(leases, entry);
        }
}

void dhcp6_leases_expire(struct dhcp6_leases *leases, const struct dhcp_now *now)
{
        for (size_t i = 0; i < leases->n_pools; i++) {
                struct pool6 *pool = &leases->pools[i];

                expire_state(leases, pool, DHCP_LEASE_OFFERED, now);
                expire_state(leases, pool, DHCP_LEASE_BOUND, now);
                expire_state(leases, pool, DHCP_LEASE_DECLINED, now);
        }
}

/* ---- choice ---- */

/* May whoever the reservation is for have it now? Its machine may have been here under another
 * DUID, as firmware and system call it differently; two identities of one DUID share nothing. */
static bool is_reserved_free(const struct dhcp6_leases *leases, size_t pool,
                             const struct dhcp6_client *client,
                             const struct dhcp6_reservation *reservation)
{
        const struct entry6 *holder = find_address(leases, &reservation->address);
        struct dhcp6_client other;
        bool is_same_duid;

        if (!holder)
                return true;
        is_same_duid = dhcp6_duid_is_equal(&holder->lease.duid, client->duid);
        if (is_same_duid && holder->lease.iaid == client->iaid)
                return holder->lease.state != DHCP_LEASE_DECLINED;
        if (holder->lease.state == DHCP_LEASE_FREE)
                return true;
        if (is_same_duid || holder->lease.state == DHCP_LEASE_DECLINED)
                return false;
        if (holder->lease.state == DHCP_LEASE_OFFERED)
                return true;
        other = (struct dhcp6_client){
                .duid = &holder->lease.duid, .iaid = holder->lease.iaid, .mac = holder->lease.mac};
        return dhcp6_leases_reserved(leases, pool, &other) == reservation;
}

/* The reserved address, if it can be had; NULL: none. */
static const struct ip6_address *reserved_for(const struct dhcp6_leases *leases, size_t pool,
                                              const struct dhcp6_client *client)
{
        const struct dhcp6_reservation *reservation = dhcp6_leases_reserved(leases, pool, client);

        return reservation && is_reserved_free(leases, pool, client, reservation)
                       ? &reservation->address
                       : NULL;
}

/* By the rules of the pool and the reservations, whoever holds it now. */
static bool has_right(const struct dhcp6_leases *leases, size_t number,
                      const struct dhcp6_client *client, const struct ip6_address *address)
{
        const struct pool6 *pool = &leases->pools[number];
        const struct dhcp6_reservation *there = dhcp6_reservation_at(leases, address);

        if (!dhcp6_pool_can_give(pool, address))
                return false;
        return there ? dhcp6_leases_reserved(leases, number, client) == there
                     : dhcp6_pool_has(pool, address);
}

/* What this identity holds, if it need not move: away from what is kept for another, to its own. */
static struct entry6 *entry_to_keep(const struct dhcp6_leases *leases, size_t pool,
                                    const struct dhcp6_client *client)
{
        const struct ip6_address *reserved = reserved_for(leases, pool, client);
        struct entry6 *entry = find_client(leases, pool, client->duid, client->iaid);

        if (!entry || (reserved && !ip6_is_equal(reserved, &entry->lease.address)) ||
            !has_right(leases, pool, client, &entry->lease.address))
                return NULL;
        return entry;
}

/* As drop_offer() of lease_give.c: the oldest offer, unless it is young and of one as known. */
static bool drop_offer(struct dhcp6_leases *leases, struct pool6 *pool, bool is_unknown,
                       const struct dhcp_now *now)
{
        struct list *offers = &pool->by_state[DHCP_LEASE_OFFERED];
        struct entry6 *oldest;

        if (list_is_empty(offers))
                return false;
        oldest = container_of(offers->next, struct entry6, link);
        if ((is_unknown || !oldest->is_unknown) &&
            oldest->lease.expires_mono_ms >
                    now->monotonic_ms + DHCP6_OFFER_HOLD_MS - DHCP_OFFER_YOUNG_MS)
                return false;
        entry_drop(leases, oldest);
        return true;
}

/* What is left, of the range or of the table, is for machines that are known. */
static bool is_left_for_unknown(struct dhcp6_leases *leases, struct pool6 *pool,
                                const struct dhcp_now *now)
{
        if (pool->n_taken >= pool->count - pool->count / DHCP_KNOWN_SHARE &&
            !drop_offer(leases, pool, true, now))
                return false;
        return map_count(leases->by_address) <
                       DHCP6_MAX_LEASES - DHCP6_MAX_LEASES / DHCP_KNOWN_SHARE ||
               drop_any_free(leases) || drop_offer(leases, pool, true, now);
}

static bool choose(struct dhcp6_leases *leases, size_t number, const struct dhcp6_client *client,
                   const struct ip6_address *wanted, const struct dhcp_now *now,
                   struct ip6_address *ret)
{
        const struct ip6_address *reserved = reserved_for(leases, number, client);
        struct pool6 *pool = &leases->pools[number];
        struct entry6 *holder;

        if (reserved) {
                *ret = *reserved;
                holder = find_address(leases, reserved);
                if (holder)
                        entry_drop(leases, holder);
                return true;
        }
        if (client->is_unknown && !is_left_for_unknown(leases, pool, now))
                return false;
        if (wanted && dhcp6_pool_is_unused(pool, wanted)) {
                *ret = *wanted;
                return true;
        }
        while (!dhcp6_pool_probe(pool, client, ret))
                if (!drop_first(leases, pool, DHCP_LEASE_FREE) &&
                    !drop_offer(leases, pool, client->is_unknown, now))
                        return false;
        return true;
}

int dhcp6_leases_offer(struct dhcp6_leases *leases, size_t number,
                       const struct dhcp6_client *client, const struct ip6_address *wanted,
                       const struct dhcp_now *now, const struct dhcp6_lease **ret)
{
        struct entry6 *entry = entry_to_keep(leases, number, client), *before;
        struct pool6 *pool = &leases->pools[number];
        struct ip6_address address;
        int rc;

        if (!entry) {
                before = find_client(leases, number, client->duid, client->iaid);
                if (before)
                        entry_drop(leases, before);
                /* A flood of names: whoever means it asks for its lease long before this. */
                if (pool->n_in_state[DHCP_LEASE_OFFERED] >= DHCP6_MAX_OFFERS)
                        (void)drop_first(leases, pool, DHCP_LEASE_OFFERED);
                if (!choose(leases, number, client, wanted, now, &address))
                        return -ENOSPC;
                rc = entry_new_owned(leases, number, client, &address, &entry);
                if (rc < 0)
                        return rc;
                entry->is_unknown = client->is_unknown;
        }
        if (entry->lease.state != DHCP_LEASE_BOUND)
                lease_set_state(leases, entry, DHCP_LEASE_OFFERED, DHCP6_OFFER_HOLD_MS, now);
        *ret = &entry->lease;
        return 0;
}

/* ---- what clients do with it ---- */

int dhcp6_leases_bind(struct dhcp6_leases *leases, size_t pool, const struct dhcp6_client *client,
                      uint32_t lease_s, const struct dhcp_now *now, const struct dhcp6_lease **ret)
{
        struct entry6 *entry = entry_to_keep(leases, pool, client);

        if (!entry)
                return -ENOENT;
        /* A stage of the boot that says no name does not take the name away. */
        if (client->hostname && client->hostname[0])
                (void)text_copy(entry->lease.hostname, sizeof(entry->lease.hostname),
                                client->hostname);
        if (mac_is_usable(&client->mac))
                entry->lease.mac = client->mac;
        entry->lease.lease_s = lease_s;
        lease_set_state(leases, entry, DHCP_LEASE_BOUND, (uint64_t)lease_s * 1000, now);
        *ret = &entry->lease;
        return 0;
}

static struct entry6 *find_held(const struct dhcp6_leases *leases, size_t pool,
                                const struct dhcp6_client *client,
                                const struct ip6_address *address)
{
        struct entry6 *entry = find_client(leases, pool, client->duid, client->iaid);

        return entry && ip6_is_equal(&entry->lease.address, address) &&
                               entry->lease.state != DHCP_LEASE_FREE
                       ? entry
                       : NULL;
}

int dhcp6_leases_release(struct dhcp6_leases *leases, size_t pool,
                         const struct dhcp6_client *client, const struct ip6_address *address,
                         const struct dhcp_now *now, const struct dhcp6_lease **ret)
{
        struct entry6 *entry = find_held(leases, pool, client, address);

        if (!entry)
                return -ENOENT;
        lease_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
        *ret = &entry->lease;
        return 0;
}

static size_t quarantine_max(const struct pool6 *pool)
{
        const size_t share = pool->count / QUARANTINE_SHARE;

        if (share == 0)
                return 1;
        return share < DHCP_MAX_QUARANTINE ? share : DHCP_MAX_QUARANTINE;
}

/* As with IPv4. A DUID is invented as easily as a MAC: who keeps one and changes the other is one
 * client. */
static bool has_declined_enough(const struct pool6 *pool, const struct dhcp6_client *client)
{
        const size_t by_relay_max = (quarantine_max(pool) + 1) / 2;
        size_t by_client = 0, by_relay = 0;

        LIST_FOR_EACH(&pool->by_state[DHCP_LEASE_DECLINED], link)
        {
                const struct entry6 *entry = container_of(link, struct entry6, link);

                by_client += dhcp6_duid_is_equal(&entry->lease.duid, client->duid) ||
                             (mac_is_usable(&client->mac) &&
                              mac_is_equal(&entry->lease.mac, &client->mac));
                by_relay +=
                        ip6_is_set(&client->relay) && ip6_is_equal(&entry->relay, &client->relay);
        }
        return by_client >= DHCP_MAX_QUARANTINE_CLIENT || by_relay >= by_relay_max;
}

int dhcp6_leases_decline(struct dhcp6_leases *leases, size_t number,
                         const struct dhcp6_client *client, const struct ip6_address *address,
                         const struct dhcp_now *now, const struct dhcp6_lease **ret)
{
        struct entry6 *entry = find_held(leases, number, client, address);
        struct pool6 *pool = &leases->pools[number];

        if (!entry)
                return -ENOENT;
        *ret = &entry->lease;
        if (has_declined_enough(pool, client)) {
                lease_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
                return 0;
        }
        if (pool->n_in_state[DHCP_LEASE_DECLINED] >= quarantine_max(pool))
                (void)drop_first(leases, pool, DHCP_LEASE_DECLINED);
        entry->relay = client->relay;
        lease_set_state(leases, entry, DHCP_LEASE_DECLINED, DHCP_QUARANTINE_MS, now);
        return 0;
}

/* ---- replay ---- */

/* Milliseconds that are left of it now. The wall clock may have been set meanwhile. */
static uint64_t replay_left(const struct dhcp6_lease *lease, const struct dhcp_now *now)
{
        const uint64_t most = lease->state == DHCP_LEASE_DECLINED ? DHCP_QUARANTINE_MS
                                                                  : (uint64_t)lease->lease_s * 1000;
        const uint64_t left =
                lease->expires_ms > now->wall_ms ? lease->expires_ms - now->wall_ms : 0;

        return left < most ? left : most;
}

static int replay_entry(struct dhcp6_leases *leases, size_t pool, const struct dhcp6_lease *lease,
                        struct entry6 **ret)
{
        const struct dhcp6_client client = {
                .duid = &lease->duid, .iaid = lease->iaid, .mac = lease->mac};
        struct entry6 *entry = find_client(leases, pool, &lease->duid, lease->iaid);
        struct entry6 *holder = find_address(leases, &lease->address);

        if (entry && entry == holder) {
                *ret = entry;
                return 0;
        }
        if (holder)
                entry_drop(leases, holder);
        /* Of an address in quarantine nobody is the owner: what its decliner has now, it keeps. */
        if (lease->state == DHCP_LEASE_DECLINED)
                return entry_new(leases, pool, &client, &lease->address, ret);
        if (entry)
                entry_drop(leases, entry);
        return entry_new_owned(leases, pool, &client, &lease->address, ret);
}

int dhcp6_leases_replay(struct dhcp6_leases *leases, const void *record, size_t size,
                        const struct dhcp_now *now)
{
        struct dhcp6_lease lease;
        struct entry6 *entry;
        uint64_t left;
        ssize_t pool;
        int rc;

        rc = dhcp6_lease_record_parse(record, size, &lease);
        if (rc < 0)
                return rc;
        pool = dhcp6_leases_pool_of(leases, &lease.address);
        if (pool < 0 || !dhcp6_pool_can_give(&leases->pools[pool], &lease.address) ||
            lease.state == DHCP_LEASE_OFFERED)
                return 0;

        rc = replay_entry(leases, (size_t)pool, &lease, &entry);
        if (rc < 0)
                return rc;
        memcpy(entry->lease.hostname, lease.hostname, sizeof(lease.hostname));
        entry->lease.mac = lease.mac;
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
