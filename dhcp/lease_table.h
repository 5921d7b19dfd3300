/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside of the lease table: for lease.c and lease_pool.c alone. */

#include "dhcp/lease.h"

#include "lib/base/list.h"
#include "lib/base/map.h"

struct entry {
        struct dhcp_lease lease;
        size_t pool;
        struct range *range;
        bool is_remembered;       /* it was bound once: goes back to FREE and not away */
        bool is_counted;          /* in its range's n_taken */
        bool is_unknown;          /* nobody's offer is given up sooner */
        struct ip4_address relay; /* a declined one: by whom it came; unset: by none */
        struct list link;         /* in the list of its state */
};

/* For one MAC, or for whoever is recognised by the key: mac is then the one that was last. */
struct reservation {
        struct dhcp_reservation_key key;
        bool has_mac;
        struct mac_address mac;
        struct ip4_address address;
        size_t pool;
        char hostname[DHCP_HOSTNAME_SIZE];
};

struct range {
        uint32_t first; /* host order */
        uint32_t count; /* addresses; 0 for the one that has what lies outside */
        uint64_t *used; /* a bit each */
        uint32_t taken; /* offered, leased, or in quarantine */
        struct list by_state[DHCP_LEASE_STATE_COUNT];
};

struct pool {
        struct dhcp_pool config;
        size_t link;                              /* the first pool of its wire */
        struct range ranges[DHCP_MAX_RANGES + 1]; /* the first: what lies in no other */
        size_t n_ranges;
        size_t n_declined;
};

struct dhcp_leases {
        struct pool pools[DHCP_MAX_POOLS];
        size_t n_pools;
        struct map *by_mac;       /* struct mac_key -> entry; not those in quarantine */
        struct map *by_address;   /* be32 -> entry */
        struct map *by_client_id; /* -> the entry whose machine said it last */
        struct map *reserved_by_mac;
        struct map *reserved_by_address;
        struct map *reserved_by_key; /* wire, kind and mark -> reservation */
};

/* One MAC may hold one address on each wire. */
struct mac_key {
        uint8_t bytes[7];
};
_Static_assert(DHCP_MAX_POOLS <= UINT8_MAX, "a pool's number fits into the key");

struct mac_key dhcp_mac_key(const struct dhcp_leases *leases, size_t pool,
                            const struct mac_address *mac);

/* The address itself, the network's own two, and ours are nobody's to have. */
bool dhcp_pool_can_give(const struct pool *pool, struct ip4_address address);

/* The range that is given to anybody with this address in it; else the one for what lies outside.
 */
struct range *dhcp_range_of(struct pool *pool, struct ip4_address address);
bool dhcp_pool_has(const struct pool *pool, struct ip4_address address);
bool dhcp_range_is_unused(const struct range *range, struct ip4_address address);
uint32_t dhcp_pool_size(const struct pool *pool); /* addresses of all its ranges */

/* Called after whatever may have changed whose the address is. */
void dhcp_pool_mark(const struct dhcp_leases *leases, struct pool *pool,
                    struct ip4_address address);

/* The unused address where the search for this MAC begins, or the next one. Unset: none. */
struct ip4_address dhcp_range_probe(const struct range *range, const struct mac_address *mac);

const struct reservation *dhcp_reservation_of(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac);
const struct reservation *dhcp_reservation_at(const struct dhcp_leases *leases,
                                              struct ip4_address address);

/* Forget by which MAC it was last had. Not for those of a MAC. */
void dhcp_reservation_unlearn(struct dhcp_leases *leases, struct reservation *reservation);
int dhcp_reservation_learn(struct dhcp_leases *leases, struct reservation *reservation,
                           const struct mac_address *mac);

/* --- lease.c: entries --- */

struct entry *dhcp_entry_of(const struct dhcp_leases *leases, size_t pool,
                            const struct mac_address *mac);
struct entry *dhcp_entry_at(const struct dhcp_leases *leases, struct ip4_address address);
void dhcp_entry_drop(struct dhcp_leases *leases, struct entry *entry);
/* It is found by this client id from now on. What its MAC says, nothing, or too much changes
 * nothing. */
void dhcp_entry_call(struct dhcp_leases *leases, struct entry *entry, struct reader client_id);

/* In the list of no state and found by its address alone, which must be free. -ENOSPC, -ENOMEM. */
int dhcp_entry_new(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                   struct ip4_address address, struct entry **ret);
/* The same, and its MAC's, which must be without one. */
int dhcp_entry_new_owned(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                         struct ip4_address address, struct entry **ret);

/* @lasts_ms: from now on; of a FREE one nothing is awaited, and it says when it became so. */
void dhcp_entry_set_state(struct dhcp_leases *leases, struct entry *entry,
                          enum dhcp_lease_state state, uint64_t lasts_ms,
                          const struct dhcp_now *now);

/* The last DHCP_KNOWN_SHARE of the table, too, is for machines that are known. May drop one that is
 * only remembered. */
bool dhcp_table_is_left_for_unknown(struct dhcp_leases *leases);

/* The one that was freed longest ago gives its place up. False: there is none. */
bool dhcp_range_drop_free(struct dhcp_leases *leases, struct range *range);
