/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reservations: for whom an address is kept
 *
 * One of a MAC is found by it. One of another mark (client id, UUID, circuit) is
 * found by that, and then by the MAC that said it: the system that firmware
 * starts does not say all that firmware says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_table.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* Wire, kind, mark. */
struct identity_key {
        uint8_t bytes[2 + DHCP_RESERVATION_KEY_MAX];
        size_t size;
};
_Static_assert(sizeof(((struct identity_key *)0)->bytes) <= MAP_KEY_MAX, "it is a key");

static struct identity_key identity_key(const struct dhcp_leases *leases, size_t pool,
                                        const struct dhcp_reservation_key *key)
{
        struct identity_key identity = {.size = 2u + key->size};

        identity.bytes[0] = (uint8_t)leases->pools[pool].link;
        identity.bytes[1] = (uint8_t)key->kind;
        memcpy(identity.bytes + 2, key->bytes, key->size);
        return identity;
}

int dhcp_reservation_key_circuit(struct reader circuit, struct reader remote,
                                 struct dhcp_reservation_key *ret)
{
        const size_t circuit_size = reader_left(&circuit), remote_size = reader_left(&remote);
        struct dhcp_reservation_key key = {.kind = remote_size ? DHCP_RESERVED_CIRCUIT_REMOTE
                                                               : DHCP_RESERVED_CIRCUIT};

        if (circuit_size == 0 || circuit_size > sizeof(key.bytes) - 1 ||
            remote_size > sizeof(key.bytes) - 1 - circuit_size)
                return -EINVAL;
        key.size = (uint8_t)(1 + circuit_size + remote_size);
        key.bytes[0] = (uint8_t)circuit_size;
        memcpy(key.bytes + 1, circuit.at, circuit_size);
        if (remote_size > 0)
                memcpy(key.bytes + 1 + circuit_size, remote.at, remote_size);
        *ret = key;
        return 0;
}

const struct reservation *dhcp_reservation_of(const struct dhcp_leases *leases, size_t pool,
                                              const struct mac_address *mac)
{
        const struct mac_key key = dhcp_mac_key(leases, pool, mac);

        return map_find(leases->reserved_by_mac, &key, sizeof(key));
}

const struct reservation *dhcp_reservation_at(const struct dhcp_leases *leases,
                                              struct ip4_address address)
{
        return map_find(leases->reserved_by_address, &address.be, sizeof(address.be));
}

void dhcp_reservation_unlearn(struct dhcp_leases *leases, struct reservation *reservation)
{
        const struct mac_key key = dhcp_mac_key(leases, reservation->pool, &reservation->mac);

        if (reservation->has_mac)
                map_remove(leases->reserved_by_mac, &key, sizeof(key));
        reservation->has_mac = false;
}

int dhcp_reservation_learn(struct dhcp_leases *leases, struct reservation *reservation,
                           const struct mac_address *mac)
{
        const struct mac_key key = dhcp_mac_key(leases, reservation->pool, mac);
        struct reservation *before = map_find(leases->reserved_by_mac, &key, sizeof(key));
        int rc;

        if (before == reservation)
                return 0;
        if (before)
                dhcp_reservation_unlearn(leases, before);
        dhcp_reservation_unlearn(leases, reservation);
        rc = map_set(leases->reserved_by_mac, &key, sizeof(key), reservation);
        if (rc < 0)
                return rc;
        reservation->mac = *mac;
        reservation->has_mac = true;
        return 0;
}

static void reservation_drop(struct dhcp_leases *leases, struct reservation *reservation)
{
        const struct identity_key key = identity_key(leases, reservation->pool, &reservation->key);
        const struct ip4_address address = reservation->address;
        struct pool *pool = &leases->pools[reservation->pool];

        dhcp_reservation_unlearn(leases, reservation);
        map_remove(leases->reserved_by_key, key.bytes, key.size);
        map_remove(leases->reserved_by_address, &address.be, sizeof(address.be));
        free(reservation);
        dhcp_pool_mark(leases, pool, address);
}

/* Takes @reservation over if it succeeds. */
static int reservation_add(struct dhcp_leases *leases, struct reservation *reservation)
{
        const struct identity_key key = identity_key(leases, reservation->pool, &reservation->key);
        const struct ip4_address address = reservation->address;
        int rc;

        rc = map_set(leases->reserved_by_key, key.bytes, key.size, reservation);
        if (rc < 0)
                return rc;
        rc = map_set(leases->reserved_by_address, &address.be, sizeof(address.be), reservation);
        if (rc < 0) {
                map_remove(leases->reserved_by_key, key.bytes, key.size);
                return rc;
        }
        dhcp_pool_mark(leases, &leases->pools[reservation->pool], address);
        return 0;
}

static int reservation_new(struct dhcp_leases *leases, const struct dhcp_reservation_key *key,
                           struct ip4_address address, const char *hostname,
                           struct reservation **ret)
{
        const ssize_t pool = dhcp_leases_pool_of(leases, address);
        const struct reservation *there = dhcp_reservation_at(leases, address);
        struct reservation *reservation;

        if (pool < 0)
                return -ENOENT;
        if (!dhcp_pool_can_give(&leases->pools[pool], address) ||
            (there && (there->key.kind != key->kind || there->key.size != key->size ||
                       memcmp(there->key.bytes, key->bytes, key->size) != 0)))
                return -EADDRINUSE;
        reservation = calloc(1, sizeof(*reservation));
        if (!reservation)
                return -ENOMEM;
        reservation->key = *key;
        reservation->address = address;
        reservation->pool = (size_t)pool;
        (void)text_copy(reservation->hostname, sizeof(reservation->hostname), hostname);
        *ret = reservation;
        return 0;
}

int dhcp_leases_reserve(struct dhcp_leases *leases, const struct mac_address *mac,
                        struct ip4_address address, const char *hostname)
{
        struct dhcp_reservation_key key = {.kind = DHCP_RESERVED_MAC, .size = sizeof(mac->bytes)};
        struct identity_key identity;
        struct reservation *reservation, *before;
        int rc;

        memcpy(key.bytes, mac->bytes, sizeof(mac->bytes));
        rc = reservation_new(leases, &key, address, hostname, &reservation);
        if (rc < 0)
                return rc;
        identity = identity_key(leases, reservation->pool, &key);
        before = map_find(leases->reserved_by_key, identity.bytes, identity.size);
        if (before)
                reservation_drop(leases, before);
        rc = reservation_add(leases, reservation);
        if (rc < 0) {
                free(reservation);
                return rc;
        }
        rc = dhcp_reservation_learn(leases, reservation, mac);
        if (rc < 0)
                reservation_drop(leases, reservation);
        return rc;
}

int dhcp_leases_reserve_key(struct dhcp_leases *leases, const struct dhcp_reservation_key *key,
                            struct ip4_address address, const char *hostname)
{
        struct reservation *reservation;
        struct identity_key identity;
        int rc;

        if (key->size == 0 || key->size > sizeof(key->bytes) || key->kind == DHCP_RESERVED_MAC)
                return -EINVAL;
        rc = reservation_new(leases, key, address, hostname, &reservation);
        if (rc < 0)
                return rc;
        identity = identity_key(leases, reservation->pool, key);
        rc = map_find(leases->reserved_by_key, identity.bytes, identity.size)
                     ? -EEXIST
                     : reservation_add(leases, reservation);
        if (rc < 0)
                free(reservation);
        return rc;
}

void dhcp_leases_unreserve_all(struct dhcp_leases *leases)
{
        size_t at = 0;
        void *value;

        while (map_next(leases->reserved_by_address, &at, &value))
                reservation_drop(leases, value);
}

struct ip4_address dhcp_leases_reserved(const struct dhcp_leases *leases, size_t pool,
                                        const struct mac_address *mac, const char **ret_hostname)
{
        const struct reservation *reservation = dhcp_reservation_of(leases, pool, mac);

        if (ret_hostname)
                *ret_hostname = reservation ? reservation->hostname : "";
        return reservation ? reservation->address : (struct ip4_address){0};
}

struct ip4_address dhcp_leases_reserved_by_client_id(const struct dhcp_leases *leases,
                                                     struct reader client_id)
{
        struct dhcp_reservation_key key = {.kind = DHCP_RESERVED_CLIENT_ID};
        const size_t size = reader_left(&client_id);

        if (size == 0 || size > sizeof(key.bytes))
                return (struct ip4_address){0};
        key.size = (uint8_t)size;
        memcpy(key.bytes, client_id.at, size);
        for (size_t i = 0; i < leases->n_pools; i++) {
                const struct identity_key identity = identity_key(leases, i, &key);
                const struct reservation *found =
                        map_find(leases->reserved_by_key, identity.bytes, identity.size);

                if (found)
                        return found->address;
        }
        return (struct ip4_address){0};
}

/* --- who is it? --- */

static bool is_circuit(enum dhcp_reservation_kind kind)
{
        return kind == DHCP_RESERVED_CIRCUIT || kind == DHCP_RESERVED_CIRCUIT_REMOTE;
}

/* The first mark of it that somebody reserved an address for. */
static struct reservation *find_by_keys(const struct dhcp_leases *leases, size_t pool,
                                        const struct dhcp_reservation_key *keys, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct identity_key key = identity_key(leases, pool, &keys[i]);
                struct reservation *found = map_find(leases->reserved_by_key, key.bytes, key.size);

                if (found)
                        return found;
        }
        return NULL;
}

static bool is_on_another_circuit(const struct dhcp_reservation_key *keys, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (is_circuit(keys[i].kind))
                        return true;
        return false;
}

/* Another holds it still: two cards of a machine, or the machine that was at this port before. */
static bool is_leased_to_another(const struct dhcp_leases *leases, struct ip4_address address,
                                 const struct mac_address *mac)
{
        const struct dhcp_lease *lease = dhcp_leases_find_address(leases, address);

        return lease && lease->state == DHCP_LEASE_BOUND && !mac_is_equal(&lease->mac, mac);
}

int dhcp_leases_recognise(struct dhcp_leases *leases, size_t pool, const struct mac_address *mac,
                          const struct dhcp_reservation_key *keys, size_t count)
{
        const struct mac_key key = dhcp_mac_key(leases, pool, mac);
        struct reservation *has = map_find(leases->reserved_by_mac, &key, sizeof(key));
        struct reservation *found;

        if (has && has->key.kind == DHCP_RESERVED_MAC)
                return 0;
        found = find_by_keys(leases, pool, keys, count);
        if (!found) {
                if (has && is_circuit(has->key.kind) && is_on_another_circuit(keys, count))
                        dhcp_reservation_unlearn(leases, has);
                return 0;
        }
        /* What was learned by a better mark stays, though this stage does not say that one. */
        if (found == has || (has && has->key.kind < found->key.kind) ||
            is_leased_to_another(leases, found->address, mac))
                return 0;
        return dhcp_reservation_learn(leases, found, mac);
}
