/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a message belongs
 *
 * The relay, or the interface, says on which wire it was sent; the class of the
 * machine says which ranges of that wire are for it; its marks say whether an
 * address is kept for it. All of it is asked anew for each message: what a
 * machine says of itself changes from stage to stage of a boot.
 */
#include <errno.h>
#include <string.h>

#include "dhcp/exchange.h"

static bool is_relay_of(const struct dhcp_network *network, struct ip4_address giaddr)
{
        for (size_t i = 0; i < network->relay_count; i++)
                if (ip4_is_equal(network->relays[i], giaddr))
                        return true;
        return false;
}

/* A relay is believed where it is configured; where none is, if it is on the wire it speaks for. */
static ssize_t find_relayed(const struct exchange *x, const char **ret_reason)
{
        const struct dhcp_leases *leases = x->server->leases;
        const struct ip4_address giaddr = x->request->giaddr;
        const ssize_t relays_own = dhcp_leases_pool_of(leases, giaddr);
        const ssize_t pool =
                ip4_is_set(x->relay.link) ? dhcp_leases_pool_of(leases, x->relay.link) : relays_own;

        *ret_reason = "its relay is on a network that is not ours";
        if (pool < 0)
                return pool;
        if (is_relay_of(&x->server->networks[pool], giaddr))
                return pool;
        *ret_reason = "its relay may not speak for this network";
        if (x->server->networks[pool].relay_count > 0 || relays_own < 0 ||
            !dhcp_leases_is_shared(leases, (size_t)pool, (size_t)relays_own))
                return -EACCES;
        return pool;
}

/* RFC 2131 4.3.1: by the relay, else by where it came in. Who speaks to us directly from a network
 * of ours behind a router (a renewal) is on the network of its address. */
static ssize_t find_pool(const struct exchange *x, const char **ret_reason)
{
        const struct dhcp_leases *leases = x->server->leases;
        ssize_t pool;

        if (ip4_is_set(x->request->giaddr))
                return find_relayed(x, ret_reason);
        *ret_reason = "it came in on a network that is not ours";
        if (x->facts->is_unicast && ip4_is_set(x->request->ciaddr)) {
                pool = dhcp_leases_pool_of(leases, x->request->ciaddr);
                if (pool >= 0)
                        return pool;
        }
        return dhcp_leases_pool_of(leases, x->facts->interface);
}

bool dhcp_exchange_place(struct exchange *x, const char **ret_reason)
{
        ssize_t pool;

        /* RFC 3046 2.1: what a client says without a relay is echoed, and not believed. */
        if (ip4_is_set(x->request->giaddr))
                (void)dhcp_relay_info_parse(&x->request->options.relay_info, &x->relay);
        pool = find_pool(x, ret_reason);
        if (pool < 0)
                return false;
        x->pool = (size_t)pool;
        x->network = &x->server->networks[pool];
        if (ip4_is_set(x->relay.server_id))
                x->server_id = x->relay.server_id;
        return true;
}

/* Adds the ranges of one network: those whose class is this machine's, or those without class. They
 * stand in the lease table in this order, behind the first. */
static void add_ranges(struct exchange *x, size_t pool, bool has_class)
{
        const struct dhcp_network *network = &x->server->networks[pool];

        for (size_t i = 0; i < network->range_count; i++) {
                const struct dhcp_class *class = &network->ranges[i].class;

                if (dhcp_class_is_said(class) == has_class &&
                    dhcp_class_matches(class, x->request, &x->relay))
                        x->ranges[x->permit.count++] = (struct dhcp_range){pool, i + 1};
        }
        if (!has_class && ip4_is_set(network->pool.first))
                x->ranges[x->permit.count++] = (struct dhcp_range){pool, network->range_count + 1};
}

static void add_ranges_of_wire(struct exchange *x, bool has_class)
{
        add_ranges(x, x->pool, has_class);
        for (size_t i = 0; i < x->server->network_count; i++)
                if (i != x->pool && dhcp_leases_is_shared(x->server->leases, x->pool, i))
                        add_ranges(x, i, has_class);
}

/* Known is who has a reservation or had a lease here, and who the caller knows. */
static bool is_known(const struct exchange *x)
{
        const struct dhcp_server *server = x->server;
        const struct mac_address *mac = &x->request->mac;
        const struct dhcp_lease *lease = dhcp_leases_find_mac(server->leases, x->pool, mac);

        return !server->is_known || (lease && lease->state != DHCP_LEASE_OFFERED) ||
               ip4_is_set(dhcp_leases_reserved(server->leases, x->pool, mac, NULL)) ||
               server->is_known(server->context, mac);
}

void dhcp_exchange_permit(struct exchange *x)
{
        x->permit = (struct dhcp_permit){.ranges = x->ranges};
        add_ranges_of_wire(x, true);
        if (x->permit.count == 0)
                add_ranges_of_wire(x, false);
        x->permit.is_unknown = !is_known(x);
}

static void add_key(struct dhcp_reservation_key *keys, size_t *count,
                    enum dhcp_reservation_kind kind, struct reader value)
{
        const size_t size = reader_left(&value);

        if (size == 0 || size > sizeof(keys->bytes))
                return;
        keys[*count] = (struct dhcp_reservation_key){.kind = kind, .size = (uint8_t)size};
        memcpy(keys[(*count)++].bytes, value.at, size);
}

int dhcp_exchange_recognise(struct exchange *x)
{
        const struct dhcp_options *options = &x->request->options;
        struct dhcp_reservation_key keys[DHCP_RESERVATION_KIND_COUNT] = {0};
        struct uuid uuid;
        size_t count = 0;

        add_key(keys, &count, DHCP_RESERVED_CLIENT_ID,
                reader_over(options->client_id.bytes, options->client_id.size));
        if (dhcp_options_uuid(options, &uuid) && uuid_identifies(&uuid))
                add_key(keys, &count, DHCP_RESERVED_UUID,
                        reader_over(uuid.bytes, sizeof(uuid.bytes)));
        if (reader_left(&x->relay.remote) > 0 &&
            dhcp_reservation_key_circuit(x->relay.circuit, x->relay.remote, &keys[count]) == 0)
                count++;
        if (dhcp_reservation_key_circuit(x->relay.circuit, (struct reader){0}, &keys[count]) == 0)
                count++;
        return dhcp_leases_recognise(x->server->leases, x->pool, &x->request->mac, keys, count);
}

static bool is_scarce(const struct exchange *x)
{
        uint64_t size = 0, taken = 0;

        for (size_t i = 0; i < x->permit.count; i++) {
                const struct dhcp_usage usage = dhcp_leases_usage(x->server->leases, x->ranges[i]);

                size += usage.size;
                taken += usage.taken;
        }
        return taken * 2 > size;
}

bool dhcp_exchange_is_in_pace(struct exchange *x)
{
        const struct ip4_address giaddr = x->request->giaddr;
        const struct ip4_address relay = ip4_is_set(giaddr) ? giaddr : x->facts->interface;
        const struct mac_address *mac = &x->request->mac;
        const struct dhcp_place place = {.relay = reader_over(&relay.be, sizeof(relay.be)),
                                         .port = x->relay.circuit};

        if (!x->permit.is_unknown || !is_scarce(x) ||
            dhcp_leases_find_mac(x->server->leases, x->pool, mac))
                return true;
        return dhcp_unknown_allows(&x->server->unknown, reader_over(mac->bytes, sizeof(mac->bytes)),
                                   &place, &x->facts->now);
}
