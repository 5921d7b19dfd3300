/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Leases: which address belongs to which MAC.
 *
 * The key is the MAC and the network, nothing else: the stages of one boot
 * differ in client id, xid and UUID, and must all get one address. An address
 * is remembered for its MAC after the lease has ended, until somebody else
 * needs it. Addresses are chosen by hashing the MAC into the pool, so that a
 * server that lost its memory would choose the same again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dhcp/option.h"
#include "lib/base/net.h"

#define DHCP_MAX_POOLS        64    /* networks of one edge; a rack has one to four */
#define DHCP_MAX_LEASES       65536 /* in all; 200 bytes each */
#define DHCP_MAX_POOL         65536 /* addresses of one pool: a /16 */
#define DHCP_MAX_RESERVATIONS 65536
#define DHCP_OFFER_HOLD_MS    60000  /* OVMF's last DISCOVER comes 28 s after its first */
#define DHCP_QUARANTINE_MS    600000 /* a declined address rests that long */
#define DHCP_MAX_QUARANTINE   64     /* of one pool, and never more than an eighth of it */

enum dhcp_lease_state {
        DHCP_LEASE_OFFERED,
        DHCP_LEASE_BOUND,
        DHCP_LEASE_FREE,     /* released or expired: only remembered */
        DHCP_LEASE_DECLINED, /* somebody else was seen to use it; mac says who declined */
        DHCP_LEASE_STATE_COUNT,
};

const char *dhcp_lease_state_name(enum dhcp_lease_state state);

struct dhcp_lease {
        struct mac_address mac;
        struct ip4_address address;
        enum dhcp_lease_state state;
        uint64_t expires_ms;      /* wall clock */
        uint64_t expires_mono_ms; /* the same moment; what counts while we run */
        uint32_t lease_s;         /* as it was granted: after a replay, no more than that is left */
        char hostname[DHCP_HOSTNAME_SIZE];
};

/* Both clocks at one moment. Leases run on the monotonic one; records carry the wall clock. */
struct dhcp_now {
        uint64_t monotonic_ms;
        uint64_t wall_ms;
};

struct dhcp_pool {
        struct ip4_network network;
        struct ip4_address first, last; /* both belong to it; both unset: reservations only */
        struct ip4_address ours; /* the server's own address, never given away; may be unset */
};

struct dhcp_leases;

struct dhcp_leases *dhcp_leases_new(void); /* NULL without memory */
struct dhcp_leases *dhcp_leases_free(struct dhcp_leases *leases);

/**
 * dhcp_leases_add_pool() - let addresses of a network be leased
 * @ret:  its number, for the calls below
 *
 * Return: 0; -EINVAL if first and last are not in order or not in the network;
 *         -EEXIST if the network overlaps another; -E2BIG above DHCP_MAX_POOL addresses;
 *         -ENOSPC above DHCP_MAX_POOLS; -ENOMEM.
 */
int dhcp_leases_add_pool(struct dhcp_leases *leases, const struct dhcp_pool *pool, size_t *ret);

/* The pool whose network holds @address, or -ENOENT. */
ssize_t dhcp_leases_pool_of(const struct dhcp_leases *leases, struct ip4_address address);

/**
 * dhcp_leases_reserve() - keep an address for one MAC
 *
 * It may lie outside the range of its pool. A lease that somebody else holds
 * on it ends when that one renews. A MAC has one reservation a network; a new
 * one takes the place of the old one.
 *
 * Return: 0; -ENOENT if no pool's network has it; -EADDRINUSE if it is kept for another MAC, or
 *         is our own; -ENOSPC above DHCP_MAX_RESERVATIONS; -ENOMEM.
 */
int dhcp_leases_reserve(struct dhcp_leases *leases, const struct mac_address *mac,
                        struct ip4_address address, const char *hostname);
void dhcp_leases_unreserve_all(struct dhcp_leases *leases);

/* What is kept for this MAC; unset address: nothing. @ret_hostname may be NULL; it is set to a
 * text inside the reservation. */
struct ip4_address dhcp_leases_reserved(const struct dhcp_leases *leases, size_t pool,
                                        const struct mac_address *mac, const char **ret_hostname);

/* NULL: none. The lease belongs to the table and is valid until the table is next changed. */
const struct dhcp_lease *dhcp_leases_find_mac(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac);
const struct dhcp_lease *dhcp_leases_find_address(const struct dhcp_leases *leases,
                                                  struct ip4_address address);

/* Walk all, in no order: 1, or 0 at the end; @at is 0 at the start. */
int dhcp_leases_next(const struct dhcp_leases *leases, size_t *at, const struct dhcp_lease **ret);
/**
 * dhcp_leases_each() - call @fn for each, by network and state, what runs out first first
 *
 * For whatever will be replayed: in this order each record goes to the end of its list at once,
 * where 65,000 in no order take half a minute. @fn must not change the table.
 *
 * Return: 0, or the first negative return of @fn, which ends it.
 */
typedef int (*dhcp_lease_fn)(void *context, const struct dhcp_lease *lease);
int dhcp_leases_each(const struct dhcp_leases *leases, dhcp_lease_fn fn, void *context);

size_t dhcp_leases_count(const struct dhcp_leases *leases);

/* End what has run out. Called by the server on each message; a caller that shows leases may. */
void dhcp_leases_expire(struct dhcp_leases *leases, const struct dhcp_now *now);

/**
 * dhcp_leases_offer() - choose the address for a MAC, and hold it
 * @wanted:  what the client had before; granted if it is free. May be unset
 * @ret:     its lease: OFFERED, or BOUND as before
 *
 * In this order: what is reserved for it, what it has or had, what it wants,
 * what its hash says, the next free one, the one that was freed longest ago.
 *
 * Return: 0; -ENOSPC if every address is taken; -ENOMEM.
 */
int dhcp_leases_offer(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                      struct ip4_address wanted, const struct dhcp_now *now,
                      const struct dhcp_lease **ret);

/**
 * dhcp_leases_bind() - give @address to @mac for @lease_s seconds
 * @hostname:  may be ""
 *
 * Return: 0; -EADDRINUSE if it is another's, in quarantine, or reserved for another;
 *         -EADDRNOTAVAIL if it is not this pool's to give, or if another is reserved for this MAC;
 *         -ENOSPC at DHCP_MAX_LEASES; -ENOMEM.
 */
struct dhcp_binding {
        struct mac_address mac;
        struct ip4_address address;
        uint32_t lease_s;
        const char *hostname;
};
int dhcp_leases_bind(struct dhcp_leases *leases, size_t pool, const struct dhcp_binding *binding,
                     const struct dhcp_now *now, const struct dhcp_lease **ret);

/* The owner gives it back. -ENOENT if this MAC does not hold this address. */
int dhcp_leases_release(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                        struct ip4_address address, const struct dhcp_now *now,
                        const struct dhcp_lease **ret);

/* The owner found it in use by another; the oldest in quarantine leaves it when it is full. */
int dhcp_leases_decline(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                        struct ip4_address address, const struct dhcp_now *now,
                        const struct dhcp_lease **ret);

/* The client took somebody else's offer: ours is free at once. */
void dhcp_leases_forget_offer(struct dhcp_leases *leases, size_t pool,
                              const struct mac_address *mac);

/*
 * Records, for the journal. The first byte says that it is a lease, so that
 * other kinds of record may stand in the same journal.
 */
#define DHCP_LEASE_RECORD_TAG 'L'
#define DHCP_LEASE_RECORD_MAX 128

/* Return: bytes written. */
size_t dhcp_lease_record_write(const struct dhcp_lease *lease,
                               uint8_t to[static DHCP_LEASE_RECORD_MAX]);

/* expires_mono_ms is left 0. -ENOMSG if it is not a lease's record, -EBADMSG if it is damaged,
 * -EPROTONOSUPPORT for a version that is newer than this program. */
int dhcp_lease_record_parse(const void *record, size_t size, struct dhcp_lease *ret);

/**
 * dhcp_leases_replay() - take one record in, oldest first
 *
 * A record of an address that no pool has any more is skipped. What had run
 * out meanwhile is remembered for its MAC.
 *
 * Return: 0, what dhcp_lease_record_parse() says, -ENOSPC, -ENOMEM.
 */
int dhcp_leases_replay(struct dhcp_leases *leases, const void *record, size_t size,
                       const struct dhcp_now *now);
