/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lease queries, RFC 4388: a relay asks who has an address, to know again what
 * it knew before it was restarted. By address, by MAC, or by client id.
 *
 * Leases are kept by MAC. A client id is found where it says the MAC of a lease,
 * whoever else says it; where its machine said it last; or where an address is
 * reserved for it.
 */
#include <string.h>

#include "dhcp/exchange.h"

/* RFC 4388 5.1: not everybody is told. */
static bool may_ask(const struct exchange *x)
{
        for (size_t i = 0; i < x->server->network_count; i++) {
                const struct dhcp_network *network = &x->server->networks[i];

                for (size_t j = 0; j < network->relay_count; j++)
                        if (ip4_is_equal(network->relays[j], x->request->giaddr))
                                return true;
        }
        return false;
}

/* The leases of one MAC, the one that was granted last first: RFC 4388 6.4.1. */
static const struct dhcp_lease *find_by_mac(const struct exchange *x, const struct mac_address *mac,
                                            struct dhcp_address_list *ret_others)
{
        const struct dhcp_lease *newest = NULL;
        uint64_t newest_start = 0;

        ret_others->count = 0;
        for (size_t i = 0; i < x->server->network_count; i++) {
                const struct dhcp_lease *lease = dhcp_leases_find_mac(x->server->leases, i, mac);
                uint64_t start;

                /* Networks of one wire have one lease: it is counted where its address is. */
                if (!lease || lease->state != DHCP_LEASE_BOUND ||
                    !ip4_network_has(&x->server->networks[i].pool.network, lease->address))
                        continue;
                if (ret_others->count < DHCP_ADDRESSES_MAX)
                        ret_others->at[ret_others->count++] = lease->address;
                start = lease->expires_mono_ms - (uint64_t)lease->lease_s * 1000;
                if (!newest || start > newest_start) {
                        newest = lease;
                        newest_start = start;
                }
        }
        return newest;
}

static const struct dhcp_lease *find_by_client_id(const struct exchange *x,
                                                  struct dhcp_address_list *ret_others)
{
        const struct dhcp_blob *id = &x->request->options.client_id;
        const struct dhcp_lease *named =
                dhcp_leases_find_client_id(x->server->leases, reader_over(id->bytes, id->size));
        const struct dhcp_lease *own = NULL;
        struct mac_address mac;
        struct ip4_address reserved;

        /* RFC 2132 9.14: hardware type, address. */
        if (id->size == 1 + sizeof(mac.bytes) && id->bytes[0] == 1) {
                memcpy(mac.bytes, id->bytes + 1, sizeof(mac.bytes));
                own = find_by_mac(x, &mac, ret_others);
        }
        if (own)
                return own;
        if (named)
                return find_by_mac(x, &named->mac, ret_others);
        reserved = dhcp_leases_reserved_by_client_id(x->server->leases,
                                                     reader_over(id->bytes, id->size));
        return ip4_is_set(reserved) ? dhcp_leases_find_address(x->server->leases, reserved) : NULL;
}

/* RFC 4388 6.4.2 */
static int say_active(struct exchange *x, const struct dhcp_lease *lease,
                      const struct dhcp_address_list *all)
{
        struct dhcp_message reply = dhcp_reply_begin(x, DHCP_LEASEACTIVE);
        const uint64_t now_ms = x->facts->now.monotonic_ms;
        const uint64_t left_s = (lease->expires_mono_ms - now_ms) / 1000;
        const uint64_t ago_s = lease->lease_s > left_s ? lease->lease_s - left_s : 0;
        const struct dhcp_network *network =
                &x->server->networks[dhcp_leases_pool_of(x->server->leases, lease->address)];

        reply.mac = lease->mac;
        reply.ciaddr = lease->address;
        reply.options.lease_s = (uint32_t)left_s;
        reply.options.renewal_s =
                ago_s < network->lease_s / 2 ? (uint32_t)(network->lease_s / 2 - ago_s) : 0;
        reply.options.has_last_transaction = true;
        reply.options.last_transaction_s = (uint32_t)ago_s;
        if (all->count > 1)
                reply.options.associated = *all;
        x->decision->leased = lease->address;
        return dhcp_reply_end(x, &reply, "a relay asked who has an address: it is leased");
}

int dhcp_receive_leasequery(struct exchange *x)
{
        const struct dhcp_message *request = x->request;
        const struct dhcp_leases *leases = x->server->leases;
        struct dhcp_address_list all = {0};
        const struct dhcp_lease *lease = NULL;
        struct dhcp_message reply;

        if (!may_ask(x))
                return dhcp_silent(x, "it asks who has an address, and is no relay of ours");
        if (ip4_is_set(request->ciaddr))
                lease = dhcp_leases_find_address(leases, request->ciaddr);
        else if (mac_is_usable(&request->mac))
                lease = find_by_mac(x, &request->mac, &all);
        else if (request->options.client_id.size > 0)
                lease = find_by_client_id(x, &all);
        if (lease && lease->state == DHCP_LEASE_BOUND)
                return say_active(x, lease, &all);

        if (ip4_is_set(request->ciaddr) && dhcp_leases_pool_of(leases, request->ciaddr) >= 0) {
                reply = dhcp_reply_begin(x, DHCP_LEASEUNASSIGNED);
                reply.ciaddr = request->ciaddr;
                return dhcp_reply_end(x, &reply, "a relay asked who has an address: nobody");
        }
        reply = dhcp_reply_begin(x, DHCP_LEASEUNKNOWN);
        reply.ciaddr = request->ciaddr;
        return dhcp_reply_end(x, &reply, "a relay asked who has an address: we do not know");
}
