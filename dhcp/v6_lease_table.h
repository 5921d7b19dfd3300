/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside of the lease table of DHCPv6: for v6_lease.c and v6_lease_pool.c alone. */

#include "dhcp/v6_lease.h"
#include "lib/base/list.h"
#include "lib/base/map.h"

struct entry6 {
        struct dhcp6_lease lease;
        size_t pool;
        bool is_remembered;       /* it was bound once: goes back to FREE and not away */
        bool is_counted;          /* in its pool's n_taken */
        bool is_unknown;          /* nobody's offer is given up sooner */
        struct ip6_address relay; /* a declined one: by whom it came; unset: by none */
        struct list link;         /* in the list of its state */
};

struct pool6 {
        struct dhcp6_pool config;
        uint64_t first; /* the last 64 bits of the range's first address */
        uint32_t count; /* addresses of the range; may be 0 */
        uint64_t *used; /* a bit each */
        struct list by_state[DHCP_LEASE_STATE_COUNT];
        size_t n_in_state[DHCP_LEASE_STATE_COUNT];
        uint32_t n_taken; /* of the range: offered, leased, in quarantine */
};

struct dhcp6_leases {
        struct pool6 pools[DHCP6_MAX_POOLS];
        size_t n_pools;
        struct map *by_client;   /* struct client6_key -> entry6; not those in quarantine */
        struct map *by_address;  /* address -> entry6 */
        struct map *reserved;    /* address -> reservation, which it owns */
        struct map *reserved_by; /* struct name6_key -> reservation */
};

/* One identity may hold one address in each network. */
struct client6_key {
        size_t size; /* of bytes */
        uint8_t bytes[1 + 4 + DHCP6_DUID_MAX];
};
_Static_assert(DHCP6_MAX_POOLS <= UINT8_MAX, "a pool's number fits into the key");
_Static_assert(1 + 4 + DHCP6_DUID_MAX <= MAP_KEY_MAX, "a map takes the key");

struct client6_key dhcp6_client_key(size_t pool, const struct dhcp6_duid *duid, uint32_t iaid);

/* Addresses of routers (RFC 4291 2.6.1) and ours are nobody's to have. */
bool dhcp6_pool_can_give(const struct pool6 *pool, const struct ip6_address *address);
/* It lies in the range that is given to anybody. */
bool dhcp6_pool_has(const struct pool6 *pool, const struct ip6_address *address);
bool dhcp6_pool_is_unused(const struct pool6 *pool, const struct ip6_address *address);

/* Called after whatever may have changed whose the address is. */
void dhcp6_pool_mark(const struct dhcp6_leases *leases, struct pool6 *pool,
                     const struct ip6_address *address);

/* The unused address where the search for this client begins, or the next one. False: none. */
bool dhcp6_pool_probe(const struct pool6 *pool, const struct dhcp6_client *client,
                      struct ip6_address *ret);

const struct dhcp6_reservation *dhcp6_reservation_at(const struct dhcp6_leases *leases,
                                                     const struct ip6_address *address);
