/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Leases of DHCPv6: which address belongs to which identity of which client.
 *
 * The key is the DUID, the number of the identity (IAID) and the network. The
 * stages of one boot differ in DUID and IAID, so that one boot holds two or
 * three addresses for a while; what all have in common is the card, whose MAC
 * is kept with each. Addresses are chosen by a hash, so that the same client
 * gets the same again, and are remembered for it until somebody else needs them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dhcp/lease.h"
#include "dhcp/v6_option.h"
#include "lib/base/ip6.h"
#include "lib/base/net.h"

#define DHCP6_MAX_POOLS        64        /* networks of one edge, as with IPv4 */
#define DHCP6_MAX_LEASES       65536     /* in all; 400 bytes each */
#define DHCP6_MAX_POOL         (1 << 20) /* addresses of one pool: a bit each */
#define DHCP6_MAX_RESERVATIONS 65536
#define DHCP6_OFFER_HOLD_MS    120000 /* RFC 8415 7.6: a SOLICIT is repeated for 1 s, 2 s, ... */
#define DHCP6_MAX_OFFERS       4096   /* of one pool: what never asks for its lease takes no more */

struct dhcp6_lease {
        struct dhcp6_duid duid;
        uint32_t iaid;
        struct ip6_address address;
        struct mac_address mac; /* all zero: not known */
        enum dhcp_lease_state state;
        uint32_t lease_s;         /* as it was granted */
        uint64_t expires_ms;      /* wall clock */
        uint64_t expires_mono_ms; /* the same moment; what counts while we run */
        char hostname[DHCP6_HOSTNAME_SIZE];
};

struct dhcp6_pool {
        struct ip6_network network;
        struct ip6_address first, last; /* both belong to it; both unset: reservations only */
        struct ip6_address ours;        /* the server's own address, never given away */
};

/* Who asks. */
struct dhcp6_client {
        const struct dhcp6_duid *duid;
        uint32_t iaid;
        struct mac_address mac;   /* all zero: not known */
        const char *hostname;     /* NULL or "": not said */
        bool is_unknown;          /* the last DHCP_KNOWN_SHARE of what there is is not for it */
        struct ip6_address relay; /* it speaks through; unset: through none */
};

/* Whose a reserved address is: of whoever any of these is said by. */
struct dhcp6_reservation {
        struct ip6_address address;
        struct dhcp6_duid duid; /* size 0: any */
        struct mac_address mac; /* all zero: any */
        struct uuid uuid;       /* of a DUID-UUID, in both orders of its bytes; all zero: any */
        char hostname[DHCP6_HOSTNAME_SIZE];
};

struct dhcp6_leases;

struct dhcp6_leases *dhcp6_leases_new(void); /* NULL without memory */
struct dhcp6_leases *dhcp6_leases_free(struct dhcp6_leases *leases);

/**
 * dhcp6_leases_add_pool() - let addresses of a network be leased
 * @ret:  its number, for the calls below
 *
 * Return: 0; -EINVAL if first and last are not in order, not in the network, or differ in more than
 *         their last 64 bits; -EEXIST if the network overlaps another; -E2BIG above DHCP6_MAX_POOL
 *         addresses; -ENOSPC above DHCP6_MAX_POOLS; -ENOMEM.
 */
int dhcp6_leases_add_pool(struct dhcp6_leases *leases, const struct dhcp6_pool *pool, size_t *ret);

/* Walk all pools that have a range: 1, or 0 at the end. @at: 0 at the start. */
struct dhcp6_pool_state {
        struct ip6_network network;
        struct ip6_address first, last;
        struct dhcp_usage usage;
};
int dhcp6_leases_next_pool(const struct dhcp6_leases *leases, size_t *at,
                           struct dhcp6_pool_state *ret);

/* More than half of what there is, in the pool or in the table, is taken. */
bool dhcp6_leases_is_scarce(const struct dhcp6_leases *leases, size_t pool);

/* The pool whose network holds @address, or -ENOENT. */
ssize_t dhcp6_leases_pool_of(const struct dhcp6_leases *leases, const struct ip6_address *address);

/**
 * dhcp6_leases_reserve() - keep an address
 *
 * It may lie outside the range of its pool. A lease that somebody else holds on it ends when that
 * one renews. Of two reservations for the same client in one network the later one counts.
 *
 * Return: 0; -EINVAL if it says no client; -ENOENT if no pool's network has it; -EADDRINUSE if it
 * is kept already, or is our own; -ENOSPC above DHCP6_MAX_RESERVATIONS; -ENOMEM.
 */
int dhcp6_leases_reserve(struct dhcp6_leases *leases, const struct dhcp6_reservation *reservation);

/* What is kept for this client: by DUID, else by MAC, else by UUID. NULL: nothing. */
const struct dhcp6_reservation *dhcp6_leases_reserved(const struct dhcp6_leases *leases,
                                                      size_t pool,
                                                      const struct dhcp6_client *client);

/* NULL: none. The lease belongs to the table and is valid until the table is next changed. */
const struct dhcp6_lease *dhcp6_leases_find(const struct dhcp6_leases *leases, size_t pool,
                                            const struct dhcp6_client *client);
const struct dhcp6_lease *dhcp6_leases_find_address(const struct dhcp6_leases *leases,
                                                    const struct ip6_address *address);

/* Walk all, in no order: 1, or 0 at the end; @at is 0 at the start. */
int dhcp6_leases_next(const struct dhcp6_leases *leases, size_t *at,
                      const struct dhcp6_lease **ret);

/* Calls @fn for each, by network and state, what runs out first first, as dhcp_leases_each(). */
typedef int (*dhcp6_lease_fn)(void *context, const struct dhcp6_lease *lease);
int dhcp6_leases_each(const struct dhcp6_leases *leases, dhcp6_lease_fn fn, void *context);

size_t dhcp6_leases_count(const struct dhcp6_leases *leases);

/* End what has run out. */
void dhcp6_leases_expire(struct dhcp6_leases *leases, const struct dhcp_now *now);

/**
 * dhcp6_leases_offer() - choose the address for an identity, and hold it
 * @wanted:  what the client had before; granted if it is free. May be NULL
 * @ret:     its lease: OFFERED, or BOUND as before
 *
 * In this order: what is reserved for the client (unless another identity of the same DUID has it),
 * what it has or had, what it wants, what its hash says, the next free one, the one that was freed
 * longest ago.
 *
 * When all are taken, an offer that nobody took goes to who is known, or to anybody when it is
 * older than DHCP_OFFER_YOUNG_MS.
 *
 * Return: 0; -ENOSPC if every address is taken, or all that are for the unknown; -ENOMEM.
 */
int dhcp6_leases_offer(struct dhcp6_leases *leases, size_t pool, const struct dhcp6_client *client,
                       const struct ip6_address *wanted, const struct dhcp_now *now,
                       const struct dhcp6_lease **ret);

/**
 * dhcp6_leases_bind() - give an identity what is held for it, or what it has, for @lease_s seconds
 *
 * Return: 0; -ENOENT if nothing is held for it, or if it is not its any more: kept for another.
 */
int dhcp6_leases_bind(struct dhcp6_leases *leases, size_t pool, const struct dhcp6_client *client,
                      uint32_t lease_s, const struct dhcp_now *now, const struct dhcp6_lease **ret);

/* The owner gives it back. -ENOENT if this identity does not hold this address. */
int dhcp6_leases_release(struct dhcp6_leases *leases, size_t pool,
                         const struct dhcp6_client *client, const struct ip6_address *address,
                         const struct dhcp_now *now, const struct dhcp6_lease **ret);

/* The owner found it in use by another: it rests; the oldest one leaves when too many do. Of a
 * client with DHCP_MAX_QUARANTINE_CLIENT there, by its DUID or its MAC, and of a relay with half of
 * what may rest, it is only given back. */
int dhcp6_leases_decline(struct dhcp6_leases *leases, size_t pool,
                         const struct dhcp6_client *client, const struct ip6_address *address,
                         const struct dhcp_now *now, const struct dhcp6_lease **ret);

/* Records, for the journal in which those of IPv4 stand, too. */
#define DHCP6_LEASE_RECORD_TAG '6'
#define DHCP6_LEASE_RECORD_MAX 256

/* Return: bytes written. */
size_t dhcp6_lease_record_write(const struct dhcp6_lease *lease,
                                uint8_t to[static DHCP6_LEASE_RECORD_MAX]);

/* expires_mono_ms is left 0. -ENOMSG if it is not such a record, -EBADMSG if it is damaged,
 * -EPROTONOSUPPORT for a version that is newer than this program. */
int dhcp6_lease_record_parse(const void *record, size_t size, struct dhcp6_lease *ret);

/**
 * dhcp6_leases_replay() - take one record in, oldest first
 *
 * A record of an address that no pool has any more is skipped. What had run out meanwhile is
 * remembered for its client.
 *
 * Return: 0, what dhcp6_lease_record_parse() says, -ENOSPC, -ENOMEM.
 */
int dhcp6_leases_replay(struct dhcp6_leases *leases, const void *record, size_t size,
                        const struct dhcp_now *now);
