/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Leases: which address belongs to which MAC.
 *
 * The key is the MAC and the wire, nothing else: the stages of one boot
 * differ in client id, xid, UUID and class, and must all get one address. An
 * address is remembered for its MAC after the lease has ended, until somebody
 * else needs it. Addresses are chosen by hashing the MAC into the range, so that
 * a server that lost its memory would choose the same again.
 *
 * A pool is a network; pools that share a wire are one to its machines. What of
 * it is given to anybody are its ranges. Which of them a machine may have is the
 * caller's to say (struct dhcp_permit), and asked only for an address that it
 * does not hold: classes differ between the stages, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dhcp/option.h"
#include "lib/base/net.h"

#define DHCP_MAX_POOLS        64    /* networks of one edge; a rack has one to four */
#define DHCP_MAX_LEASES       65536 /* in all; 200 bytes each */
#define DHCP_MAX_POOL         65536 /* addresses of one range: a /16 */
#define DHCP_MAX_RANGES       9     /* of one pool: eight with classes, and the plain one */
#define DHCP_MAX_RESERVATIONS 65536
#define DHCP_OFFER_HOLD_MS    60000  /* OVMF's last DISCOVER comes 28 s after its first */
#define DHCP_QUARANTINE_MS    600000 /* a declined address rests that long */
#define DHCP_MAX_QUARANTINE   64     /* of one pool, and never more than an eighth of it */
/* Of these by one client: one that finds them all taken is wrong itself. By one relay: half. */
#define DHCP_MAX_QUARANTINE_CLIENT 4
/* A client id that is remembered with a lease, for lease queries: one of RFC 4361 (type, IAID,
 * DUID) has 23 bytes. A longer one is not. */
#define DHCP_CLIENT_ID_KEPT 32
/* The last part of each range is for machines that are known: an eighth. */
#define DHCP_KNOWN_SHARE 8
/* An offer that is older may go to another when addresses are short: OVMF takes one within 5 s. */
#define DHCP_OFFER_YOUNG_MS 10000

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
        uint8_t client_id_size; /* 0: none that its MAC would not say */
        uint8_t client_id[DHCP_CLIENT_ID_KEPT];
};

/* Both clocks at one moment. Leases run on the monotonic one; records carry the wall clock. */
struct dhcp_now {
        uint64_t monotonic_ms;
        uint64_t wall_ms;
};

struct dhcp_pool {
        struct ip4_network network;
        struct ip4_address first, last; /* its first range; both unset: none yet */
        struct ip4_address ours; /* the server's own address, never given away; may be unset */
        /* It is on the wire of a pool that was added before: its number. */
        bool shares_wire;
        size_t shares_wire_with;
};

/* A range by its place: of this pool the first, second, ... */
struct dhcp_range {
        size_t pool, number;
};

/* Where a machine may be given an address that it does not hold. */
struct dhcp_permit {
        const struct dhcp_range *ranges; /* in the order of preference */
        size_t count;
        bool is_unknown; /* the last DHCP_KNOWN_SHARE of a range is not for it */
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

/**
 * dhcp_leases_add_range() - let more addresses of a pool be leased
 * @ret:  its place
 *
 * Return: 0; -EINVAL and -E2BIG as above; -EEXIST if it overlaps another; -ENOSPC above
 *         DHCP_MAX_RANGES; -ENOMEM.
 */
int dhcp_leases_add_range(struct dhcp_leases *leases, size_t pool, struct ip4_address first,
                          struct ip4_address last, struct dhcp_range *ret);

/* What is in use of one range. */
struct dhcp_usage {
        uint32_t size;  /* addresses */
        uint32_t taken; /* offered, leased, in quarantine */
};
struct dhcp_usage dhcp_leases_usage(const struct dhcp_leases *leases, struct dhcp_range range);

/* Walk all ranges that are given to anybody: 1, or 0 at the end. @at: all zero at the start. */
struct dhcp_range_state {
        struct ip4_network network;
        struct ip4_address first, last;
        struct dhcp_usage usage;
};
int dhcp_leases_next_range(const struct dhcp_leases *leases, struct dhcp_range *at,
                           struct dhcp_range_state *ret);

/* Both are on one wire. */
bool dhcp_leases_is_shared(const struct dhcp_leases *leases, size_t pool, size_t other);

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

/* How a machine is recognised. In the order of precedence. */
enum dhcp_reservation_kind {
        DHCP_RESERVED_MAC,
        DHCP_RESERVED_CLIENT_ID,      /* option 61, RFC 4361 */
        DHCP_RESERVED_UUID,           /* option 97 */
        DHCP_RESERVED_CIRCUIT_REMOTE, /* option 82: both, one after the other */
        DHCP_RESERVED_CIRCUIT,        /* the circuit alone */
        DHCP_RESERVATION_KIND_COUNT,
};

#define DHCP_RESERVATION_KEY_MAX 60
struct dhcp_reservation_key {
        enum dhcp_reservation_kind kind;
        uint8_t size;
        uint8_t bytes[DHCP_RESERVATION_KEY_MAX]; /* UUID: in the order of its text */
};

/* Both texts in one key: the length of the first one, then both. -EINVAL if they are too long. */
int dhcp_reservation_key_circuit(struct reader circuit, struct reader remote,
                                 struct dhcp_reservation_key *ret);

/**
 * dhcp_leases_reserve_key() - keep an address for whoever is recognised by the key
 *
 * As dhcp_leases_reserve(). The table remembers by which MAC it was had last, and for that one it
 * is then a reservation like any other: an installed system does not say all that its firmware
 * said.
 *
 * Return: as dhcp_leases_reserve(); -EINVAL for an empty key; -EEXIST if the key has one there.
 */
int dhcp_leases_reserve_key(struct dhcp_leases *leases, const struct dhcp_reservation_key *key,
                            struct ip4_address address, const char *hostname);

/* The address that is kept for this client id, on any wire; unset: none. */
struct ip4_address dhcp_leases_reserved_by_client_id(const struct dhcp_leases *leases,
                                                     struct reader client_id);

/**
 * dhcp_leases_recognise() - which reservation is this machine's?
 * @keys:   what it says of itself, but its MAC; in the order of precedence
 *
 * Afterwards dhcp_leases_reserved() knows. An address that another MAC still has a lease on is not
 * passed on: two cards of one machine have one UUID. One of a circuit is given up by a MAC that
 * speaks from another circuit. Return: 0, -ENOMEM, -ENOSPC.
 */
int dhcp_leases_recognise(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                          const struct dhcp_reservation_key *keys, size_t count);
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

/* The lease whose machine said this client id last, on any wire. NULL: none. */
const struct dhcp_lease *dhcp_leases_find_client_id(const struct dhcp_leases *leases,
                                                    struct reader client_id);

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
 * @claim:  wanted: what the client had before; granted if it is free. May be unset.
 *          permit: NULL: any range of @pool's wire
 * @ret:    its lease: OFFERED, or BOUND as before
 *
 * In this order: what is reserved for it, what it has or had, what it wants; then range by range
 * what its hash says, the next free one, an offer that was not taken, the one that was freed
 * longest ago.
 *
 * Return: 0; -ENOSPC if every address is taken; -EDQUOT if there are some, but not for the unknown;
 *         -ENOMEM.
 */
struct dhcp_claim {
        struct mac_address mac;
        struct ip4_address wanted;
        const struct dhcp_permit *permit;
};
int dhcp_leases_offer(struct dhcp_leases *leases, size_t pool, const struct dhcp_claim *claim,
                      const struct dhcp_now *now, const struct dhcp_lease **ret);

/**
 * dhcp_leases_bind() - give an address to a MAC for so many seconds
 *
 * Return: 0; -EADDRINUSE if it is another's, in quarantine, or reserved for another;
 *         -EADDRNOTAVAIL if it is not this wire's to give, or not permitted, or if another is
 *         reserved for this MAC; -ENOSPC at DHCP_MAX_LEASES; -ENOMEM.
 */
struct dhcp_binding {
        struct mac_address mac;
        struct ip4_address address;
        uint32_t lease_s;
        const char *hostname;             /* may be "" */
        struct reader client_id;          /* option 61; may be empty */
        const struct dhcp_permit *permit; /* as above */
};
int dhcp_leases_bind(struct dhcp_leases *leases, size_t pool, const struct dhcp_binding *binding,
                     const struct dhcp_now *now, const struct dhcp_lease **ret);

/* The owner gives it back. -ENOENT if this MAC does not hold this address. */
int dhcp_leases_release(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                        struct ip4_address address, const struct dhcp_now *now,
                        const struct dhcp_lease **ret);

/**
 * dhcp_leases_decline() - the owner found it in use by another
 *
 * The oldest in quarantine leaves it when it is full. Return: 0; -ENOENT if it does not hold it;
 * -EDQUOT if this client, or this relay, has enough there: the address is only given back.
 */
struct dhcp_decline {
        struct mac_address mac;
        struct ip4_address address;
        struct ip4_address relay; /* unset: it came by none */
};
int dhcp_leases_decline(struct dhcp_leases *leases, size_t pool, const struct dhcp_decline *decline,
                        const struct dhcp_now *now, const struct dhcp_lease **ret);

/**
 * dhcp_leases_conflict() - somebody was seen to use an address
 * @seen:  its MAC
 *
 * It goes into quarantine, unless a lease on it stands: that is a matter for people.
 *
 * Return: 0; -ENOENT if it is nobody's to give, rests already, or @seen is whom it belongs to;
 *         -EBUSY if another has a lease on it; -ENOSPC, -ENOMEM.
 */
int dhcp_leases_conflict(struct dhcp_leases *leases, struct ip4_address address,
                         const struct mac_address *seen, const struct dhcp_now *now,
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
