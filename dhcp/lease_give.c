/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Giving and taking addresses
 *
 * Which address a machine is offered, whether it may have the one it names, and
 * what it gives back or finds in use. What makes an address scarce (offers that
 * nobody took, leases that ended) is used up before anybody is refused.
 */
#include <errno.h>
#include <string.h>

#include "dhcp/lease_table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define QUARANTINE_SHARE 8 /* at most this part of a pool may rest */

/* --- choice --- */

/* Where a claim may look, whether it came with a permit or may have all of its wire. */
struct permits {
        struct dhcp_range all[DHCP_MAX_POOLS * DHCP_MAX_RANGES];
        const struct dhcp_range *ranges;
        size_t count;
        bool is_unknown;
};

static void permits_of(const struct dhcp_leases *leases, size_t pool,
                       const struct dhcp_permit *permit, struct permits *ret)
{
        ret->is_unknown = permit && permit->is_unknown;
        if (permit) {
                ret->ranges = permit->ranges;
                ret->count = permit->count;
                return;
        }
        ret->ranges = ret->all;
        ret->count = 0;
        for (size_t i = 0; i < leases->n_pools; i++)
                for (size_t j = 1; j < leases->pools[i].n_ranges; j++)
                        if (dhcp_leases_is_shared(leases, pool, i))
                                ret->all[ret->count++] = (struct dhcp_range){i, j};
}

static bool is_permitted(struct dhcp_leases *leases, const struct permits *permits,
                         struct ip4_address address)
{
        for (size_t i = 0; i < permits->count; i++) {
                struct pool *pool = &leases->pools[permits->ranges[i].pool];

                if (dhcp_range_of(pool, address) == &pool->ranges[permits->ranges[i].number])
                        return true;
        }
        return false;
}

/* What is left of it is for machines that are known. */
static bool is_kept_for_known(const struct range *range)
{
        return range->taken >= range->count - range->count / DHCP_KNOWN_SHARE;
}

/* An offer that was not taken, the oldest; of one nobody knows, at once for one that is known. */
static bool drop_offer(struct dhcp_leases *leases, struct range *range, bool is_unknown,
                       const struct dhcp_now *now)
{
        struct list *offers = &range->by_state[DHCP_LEASE_OFFERED];
        struct entry *oldest;

        if (list_is_empty(offers))
                return false;
        oldest = container_of(offers->next, struct entry, link);
        if ((is_unknown || !oldest->is_unknown) &&
            oldest->lease.expires_mono_ms >
                    now->monotonic_ms + DHCP_OFFER_HOLD_MS - DHCP_OFFER_YOUNG_MS)
                return false;
        dhcp_entry_drop(leases, oldest);
        return true;
}

static struct ip4_address choose_in(struct dhcp_leases *leases, struct range *range,
                                    const struct dhcp_claim *claim, bool is_unknown,
                                    const struct dhcp_now *now)
{
        struct ip4_address address = {0};

        if (is_unknown && is_kept_for_known(range) && !drop_offer(leases, range, is_unknown, now))
                return address;
        if (dhcp_range_is_unused(range, claim->wanted))
                return claim->wanted;
        do {
                address = dhcp_range_probe(range, &claim->mac);
        } while (!ip4_is_set(address) && (drop_offer(leases, range, is_unknown, now) ||
                                          dhcp_range_drop_free(leases, range)));
        return address;
}

/* In a range that has the address it wants first, then in their order. */
static struct ip4_address choose(struct dhcp_leases *leases, const struct permits *permits,
                                 const struct dhcp_claim *claim, const struct dhcp_now *now)
{
        struct ip4_address address = {0};

        for (int wants = ip4_is_set(claim->wanted); wants >= 0; wants--) {
                for (size_t i = 0; i < permits->count && !ip4_is_set(address); i++) {
                        const struct dhcp_range at = permits->ranges[i];
                        struct range *range = &leases->pools[at.pool].ranges[at.number];

                        if (!wants || dhcp_range_is_unused(range, claim->wanted))
                                address = choose_in(leases, range, claim, permits->is_unknown, now);
                }
        }
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
        holder = dhcp_entry_at(leases, reservation->address);
        if (!holder || is_takeable(holder) ||
            (holder->lease.state == DHCP_LEASE_BOUND && mac_is_equal(&holder->lease.mac, mac)))
                return reservation->address;
        return (struct ip4_address){0};
}

/* By the rules of the wire and the reservations, whoever holds it now. */
static int check_right(const struct dhcp_leases *leases, size_t wire, const struct mac_address *mac,
                       struct ip4_address address)
{
        const struct reservation *there = dhcp_reservation_at(leases, address);
        const ssize_t number = dhcp_leases_pool_of(leases, address);
        const struct pool *pool;

        if (there && !(there->has_mac && mac_is_equal(&there->mac, mac)))
                return -EADDRINUSE;
        if (number < 0 || !dhcp_leases_is_shared(leases, wire, (size_t)number))
                return -EADDRNOTAVAIL;
        pool = &leases->pools[number];
        if (!dhcp_pool_can_give(pool, address) || (!there && !dhcp_pool_has(pool, address)))
                return -EADDRNOTAVAIL;
        return 0;
}

/* What this MAC holds, unless it must move: away from what is kept for another, to its own, or,
 * when it is only remembered, to where its class is at home now. */
static struct entry *entry_to_keep(struct dhcp_leases *leases, size_t pool,
                                   const struct mac_address *mac, struct ip4_address reserved,
                                   const struct permits *permits)
{
        struct entry *entry = dhcp_entry_of(leases, pool, mac);
        bool may_keep;

        if (!entry)
                return NULL;
        if (ip4_is_set(reserved))
                may_keep = ip4_is_equal(reserved, entry->lease.address);
        else
                may_keep = entry->lease.state != DHCP_LEASE_FREE ||
                           is_permitted(leases, permits, entry->lease.address);
        if (may_keep && check_right(leases, pool, mac, entry->lease.address) == 0)
                return entry;
        dhcp_entry_drop(leases, entry);
        return NULL;
}

/* An address for one that has none. */
static int entry_choose(struct dhcp_leases *leases, size_t pool, const struct dhcp_claim *claim,
                        const struct permits *permits, const struct dhcp_now *now,
                        struct entry **ret)
{
        struct ip4_address address = reserved_for(leases, pool, &claim->mac);
        int rc;

        if (ip4_is_set(address)) {
                struct entry *holder = dhcp_entry_at(leases, address);

                if (holder)
                        dhcp_entry_drop(leases, holder);
        } else if (!permits->is_unknown || dhcp_table_is_left_for_unknown(leases)) {
                address = choose(leases, permits, claim, now);
        }
        if (!ip4_is_set(address))
                return permits->is_unknown ? -EDQUOT : -ENOSPC;
        rc = dhcp_entry_new_owned(leases, (size_t)dhcp_leases_pool_of(leases, address), &claim->mac,
                                  address, ret);
        if (rc == 0)
                (*ret)->is_unknown = permits->is_unknown;
        return rc;
}

int dhcp_leases_offer(struct dhcp_leases *leases, size_t pool, const struct dhcp_claim *claim,
                      const struct dhcp_now *now, const struct dhcp_lease **ret)
{
        const struct ip4_address reserved = reserved_for(leases, pool, &claim->mac);
        struct permits permits;
        struct entry *entry;
        int rc;

        permits_of(leases, pool, claim->permit, &permits);
        entry = entry_to_keep(leases, pool, &claim->mac, reserved, &permits);
        if (!entry) {
                rc = entry_choose(leases, pool, claim, &permits, now, &entry);
                if (rc < 0)
                        return rc;
        }

        if (entry->lease.state != DHCP_LEASE_BOUND)
                dhcp_entry_set_state(leases, entry, DHCP_LEASE_OFFERED, DHCP_OFFER_HOLD_MS, now);
        *ret = &entry->lease;
        return 0;
}

/* --- what clients do with it --- */

static int check_binding(struct dhcp_leases *leases, size_t pool,
                         const struct dhcp_binding *binding)
{
        const struct ip4_address reserved = reserved_for(leases, pool, &binding->mac);
        const struct entry *holder = dhcp_entry_at(leases, binding->address);
        struct permits permits;
        ssize_t number;
        int rc;

        rc = check_right(leases, pool, &binding->mac, binding->address);
        if (rc < 0)
                return rc;
        if (ip4_is_set(reserved))
                return ip4_is_equal(reserved, binding->address) ? 0 : -EADDRNOTAVAIL;
        if (holder && holder->lease.state == DHCP_LEASE_DECLINED)
                return -EADDRINUSE;
        if (holder && mac_is_equal(&holder->lease.mac, &binding->mac))
                return 0;
        if (holder && holder->lease.state != DHCP_LEASE_FREE)
                return -EADDRINUSE;

        permits_of(leases, pool, binding->permit, &permits);
        if (!is_permitted(leases, &permits, binding->address))
                return -EADDRNOTAVAIL;
        number = dhcp_leases_pool_of(leases, binding->address);
        if (permits.is_unknown &&
            (is_kept_for_known(dhcp_range_of(&leases->pools[number], binding->address)) ||
             !dhcp_table_is_left_for_unknown(leases)))
                return -EADDRNOTAVAIL;
        return 0;
}

int dhcp_leases_bind(struct dhcp_leases *leases, size_t wire, const struct dhcp_binding *binding,
                     const struct dhcp_now *now, const struct dhcp_lease **ret)
{
        struct entry *entry, *holder;
        int rc;

        rc = check_binding(leases, wire, binding);
        if (rc < 0)
                return rc;

        entry = dhcp_entry_of(leases, wire, &binding->mac);
        if (entry && !ip4_is_equal(entry->lease.address, binding->address)) {
                dhcp_entry_drop(leases, entry);
                entry = NULL;
        }
        if (!entry) {
                const ssize_t pool = dhcp_leases_pool_of(leases, binding->address);

                holder = dhcp_entry_at(leases, binding->address);
                if (holder)
                        dhcp_entry_drop(leases, holder);
                rc = dhcp_entry_new_owned(leases, (size_t)pool, &binding->mac, binding->address,
                                          &entry);
                if (rc < 0)
                        return rc;
        }

        /* A stage of the boot that says no name does not take the name away. */
        if (binding->hostname[0])
                (void)text_copy(entry->lease.hostname, sizeof(entry->lease.hostname),
                                binding->hostname);
        dhcp_entry_call(leases, entry, binding->client_id);
        entry->lease.lease_s = binding->lease_s;
        dhcp_entry_set_state(leases, entry, DHCP_LEASE_BOUND, (uint64_t)binding->lease_s * 1000,
                             now);
        *ret = &entry->lease;
        return 0;
}

static struct entry *find_held(const struct dhcp_leases *leases, size_t pool,
                               const struct mac_address *mac, struct ip4_address address)
{
        struct entry *entry = dhcp_entry_of(leases, pool, mac);

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
        dhcp_entry_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
        *ret = &entry->lease;
        return 0;
}

static size_t quarantine_max(const struct pool *pool)
{
        const size_t share = dhcp_pool_size(pool) / QUARANTINE_SHARE;

        if (share == 0)
                return 1;
        return share < DHCP_MAX_QUARANTINE ? share : DHCP_MAX_QUARANTINE;
}

/* The one that rests longest, of all ranges; NULL: none does. */
static struct entry *oldest_declined(struct pool *pool)
{
        struct entry *oldest = NULL;

        for (size_t i = 0; i < pool->n_ranges; i++) {
                struct list *head = &pool->ranges[i].by_state[DHCP_LEASE_DECLINED];
                struct entry *first = container_of(head->next, struct entry, link);

                if (!list_is_empty(head) &&
                    (!oldest || first->lease.expires_mono_ms < oldest->lease.expires_mono_ms))
                        oldest = first;
        }
        return oldest;
}

static void quarantine(struct dhcp_leases *leases, struct entry *entry, const struct dhcp_now *now)
{
        struct pool *pool = &leases->pools[entry->pool];
        struct entry *oldest = oldest_declined(pool);

        if (pool->n_declined >= quarantine_max(pool) && oldest)
                dhcp_entry_drop(leases, oldest);
        dhcp_entry_set_state(leases, entry, DHCP_LEASE_DECLINED, DHCP_QUARANTINE_MS, now);
}

/* One client, or all behind one relay, cannot take the whole quarantine, and with it push out what
 * others found. */
static bool has_declined_enough(const struct pool *pool, const struct dhcp_decline *decline)
{
        const size_t by_relay_max = (quarantine_max(pool) + 1) / 2;
        size_t by_client = 0, by_relay = 0;

        for (size_t i = 0; i < pool->n_ranges; i++) {
                LIST_FOR_EACH(&pool->ranges[i].by_state[DHCP_LEASE_DECLINED], link)
                {
                        const struct entry *entry = container_of(link, struct entry, link);

                        by_client += mac_is_equal(&entry->lease.mac, &decline->mac);
                        by_relay += ip4_is_set(decline->relay) &&
                                    ip4_is_equal(entry->relay, decline->relay);
                }
        }
        return by_client >= DHCP_MAX_QUARANTINE_CLIENT || by_relay >= by_relay_max;
}

int dhcp_leases_decline(struct dhcp_leases *leases, size_t number,
                        const struct dhcp_decline *decline, const struct dhcp_now *now,
                        const struct dhcp_lease **ret)
{
        struct entry *entry = find_held(leases, number, &decline->mac, decline->address);

        if (!entry)
                return -ENOENT;
        *ret = &entry->lease;
        if (has_declined_enough(&leases->pools[entry->pool], decline)) {
                dhcp_entry_set_state(leases, entry, DHCP_LEASE_FREE, 0, now);
                return -EDQUOT;
        }
        entry->relay = decline->relay;
        quarantine(leases, entry, now);
        return 0;
}

int dhcp_leases_conflict(struct dhcp_leases *leases, struct ip4_address address,
                         const struct mac_address *seen, const struct dhcp_now *now,
                         const struct dhcp_lease **ret)
{
        const struct reservation *reservation = dhcp_reservation_at(leases, address);
        const ssize_t pool = dhcp_leases_pool_of(leases, address);
        struct entry *entry = dhcp_entry_at(leases, address);
        int rc;

        if (pool < 0 || !dhcp_pool_can_give(&leases->pools[pool], address) ||
            (entry && mac_is_equal(&entry->lease.mac, seen)) ||
            (reservation && reservation->has_mac && mac_is_equal(&reservation->mac, seen)))
                return -ENOENT;
        if (entry && entry->lease.state == DHCP_LEASE_BOUND)
                return -EBUSY;
        if (entry && entry->lease.state == DHCP_LEASE_DECLINED)
                return -ENOENT;
        if (!entry) {
                rc = dhcp_entry_new(leases, (size_t)pool, seen, address, &entry);
                if (rc < 0)
                        return rc;
        }
        quarantine(leases, entry, now);
        *ret = &entry->lease;
        return 0;
}

void dhcp_leases_forget_offer(struct dhcp_leases *leases, size_t pool,
                              const struct mac_address *mac)
{
        struct entry *entry = dhcp_entry_of(leases, pool, mac);

        if (entry && entry->lease.state == DHCP_LEASE_OFFERED)
                dhcp_entry_drop(leases, entry);
}
