/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/pools.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

_Static_assert(CONFIG_MAX_POOLS <= DHCP_MAX_CLASS_RANGES, "each has its range");
_Static_assert(CONFIG_MAX_RELAYS <= DHCP_MAX_RELAYS, "each is believed");
_Static_assert(CONFIG_MAX_NETWORKS <= DHCP_MAX_POOLS, "each is served");
_Static_assert(EDGE_BYTES_MAX <= DHCP_CLASS_TEXT_SIZE, "a circuit fits");
_Static_assert(EDGE_BYTES_MAX <= DHCP_RESERVATION_KEY_MAX, "a client id fits");

/* What was checked cannot fail: 0 then, as for "". */
static uint8_t bytes_of(const char *text, uint8_t *to)
{
        const ssize_t size = edge_bytes_parse(text, to);

        return size > 0 ? (uint8_t)size : 0;
}

static struct dhcp_class class_of(const struct edge_match *from)
{
        struct dhcp_class class = {.relay = from->relay};
        ssize_t prefix_size;

        for (size_t i = 0; i < from->architecture_count; i++) {
                uint16_t numbers[2];
                const size_t count = edge_architecture_parse(from->architectures[i], numbers);

                for (size_t j = 0;
                     j < count && class.architecture_count < ARRAY_SIZE(class.architectures); j++)
                        class.architectures[class.architecture_count++] = numbers[j];
        }
        (void)text_copy(class.vendor_class, sizeof(class.vendor_class), from->vendor_class);
        (void)text_copy(class.user_class, sizeof(class.user_class), from->user_class);
        class.circuit_size = bytes_of(from->circuit, class.circuit);
        class.remote_size = bytes_of(from->remote, class.remote);
        prefix_size = edge_mac_prefix_parse(from->mac_prefix, class.mac_prefix);
        class.mac_prefix_size = prefix_size > 0 ? (size_t)prefix_size : 0;
        return class;
}

struct dhcp_network pools_network(const struct edge_network *from, struct ip4_address ours)
{
        struct dhcp_network network = {
                .pool = {.first = from->pool_first, .last = from->pool_last},
                .lease_s = from->lease_s,
                .has_neighbour = from->strangers == STRANGERS_LIST,
        };

        (void)ip4_network_parse(from->subnet, &network.pool.network); /* was checked */
        if (ip4_network_has(&network.pool.network, ours))
                network.pool.ours = ours;
        if (network.lease_s && network.lease_s < DHCP_LEASE_MIN_S)
                network.lease_s = DHCP_LEASE_MIN_S;
        if (ip4_is_set(from->router))
                network.router = (struct dhcp_address_list){1, {from->router}};
        if (ip4_is_set(from->dns))
                network.dns = (struct dhcp_address_list){1, {from->dns}};
        (void)text_copy(network.domain, sizeof(network.domain), from->domain);
        (void)text_copy(network.captive_portal, sizeof(network.captive_portal),
                        from->captive_portal);
        for (size_t i = 0; i < from->pool_count; i++)
                network.ranges[network.range_count++] = (struct dhcp_class_range){
                        from->pools[i].first, from->pools[i].last, class_of(&from->pools[i].match)};
        for (size_t i = 0; i < from->relay_count; i++)
                if (ip4_parse(from->relays[i], &network.relays[network.relay_count]) == 0)
                        network.relay_count++;
        return network;
}

ssize_t pools_find_wire(const struct edge_config *config, size_t number)
{
        const char *wire = config->networks[number].shared_network;
        ssize_t pool = 0;

        for (size_t i = 0; i < number && wire[0]; i++) {
                if (!edge_network_gives_ip4(&config->networks[i]))
                        continue; /* it has no number there */
                if (strcmp(config->networks[i].shared_network, wire) == 0)
                        return pool;
                pool++;
        }
        return -ENOENT;
}

static int key_of(const struct edge_reservation *r, struct dhcp_reservation_key *ret)
{
        uint8_t circuit[EDGE_BYTES_MAX], remote[EDGE_BYTES_MAX];

        *ret = (struct dhcp_reservation_key){.kind = DHCP_RESERVED_CLIENT_ID};
        if (r->client_id[0]) {
                ret->size = bytes_of(r->client_id, ret->bytes);
                return 0;
        }
        if (uuid_is_set(&r->uuid)) {
                ret->kind = DHCP_RESERVED_UUID;
                ret->size = sizeof(r->uuid.bytes);
                memcpy(ret->bytes, r->uuid.bytes, sizeof(r->uuid.bytes));
                return 0;
        }
        return dhcp_reservation_key_circuit(reader_over(circuit, bytes_of(r->circuit, circuit)),
                                            reader_over(remote, bytes_of(r->remote, remote)), ret);
}

int pools_reserve(struct dhcp_leases *leases, const struct edge_reservation *reservation)
{
        struct dhcp_reservation_key key;
        int rc;

        if (mac_is_usable(&reservation->mac))
                return dhcp_leases_reserve(leases, &reservation->mac, reservation->address,
                                           reservation->name);
        rc = key_of(reservation, &key);
        if (rc < 0)
                return rc;
        return dhcp_leases_reserve_key(leases, &key, reservation->address, reservation->name);
}
