/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside of the lease table: for lease.c and lease_pool.c alone. */

#include "dhcp/lease.h"

#include "lib/base/list.h"
#include "lib/base/map.h"

struct entry {
        struct dhcp_lease lease;
        size_t pool;
        bool is_remembered; /* it was bound once: goes back to FREE and not away */
        struct list link;   /* in the list of its state */
};

struct reservation {
        struct mac_address mac;
        struct ip4_address address;
        size_t pool;
        char hostname[DHCP_HOSTNAME_SIZE];
};

struct pool {
        struct dhcp_pool config;
        uint32_t first; /* host order */
        uint32_t count; /* addresses of the range; may be 0 */
        uint64_t *used; /* a bit each */
        struct list by_state[DHCP_LEASE_STATE_COUNT];
        size_t n_declined;
};

struct dhcp_leases {
        struct pool pools[DHCP_MAX_POOLS];
        size_t n_pools;
        struct map *by_mac;     /* struct mac_key -> entry; not those in quarantine */
        struct map *by_address; /* be32 -> entry */
        struct map *reserved_by_mac;
        struct map *reserved_by_address;
};

/* One MAC may hold one address in each network. */
struct mac_key {
        uint8_t bytes[7];
};
_Static_assert(DHCP_MAX_POOLS <= UINT8_MAX, "a pool's number fits into the key");

struct mac_key dhcp_mac_key(size_t pool, const struct mac_address *mac);

/* The address itself, the network's own two, and ours are nobody's to have. */
bool dhcp_pool_can_give(const struct pool *pool, struct ip4_address address);

/* It lies in the range that is given to anybody. */
bool dhcp_pool_has(const struct pool *pool, struct ip4_address address);
bool dhcp_pool_is_unused(const struct pool *pool, struct ip4_address address);

/* Called after whatever may have changed whose the address is. */
void dhcp_pool_mark(const struct dhcp_leases *leases, struct pool *pool,
                    struct ip4_address address);

/* The unused address where the search for this MAC begins, or the next one. Unset: none. */
struct ip4_address dhcp_pool_probe(const struct pool *pool, const struct mac_address *mac);

const struct reservation *dhcp_reservation_of(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac);
const struct reservation *dhcp_reservation_at(const struct dhcp_leases *leases,
                                              struct ip4_address address);
