/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCP server
 *
 * One function a message type, each of which fills a decision. We are the
 * authority on our networks: what is wrong is refused at once (RFC 2131 4.3.2),
 * so that a machine that was moved does not wait for a timeout.
 *
 * An address is bound in the table when the ACK is made, and on disk before the
 * ACK is sent: that part is the caller's. Where it fails, the table knows of a
 * lease that the client never heard of, which harms nobody: it asks again.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/exchange.h"

struct dhcp_server *dhcp_server_new(dhcp_boot_fn boot, void *context)
{
        struct dhcp_server *server = calloc(1, sizeof(*server));

        if (!server)
                return NULL;
        server->boot = boot;
        server->context = context;
        server->leases = dhcp_leases_new();
        return server->leases ? server : dhcp_server_free(server);
}

struct dhcp_server *dhcp_server_free(struct dhcp_server *server)
{
        if (!server)
                return NULL;
        dhcp_leases_free(server->leases);
        free(server);
        return NULL;
}

void dhcp_server_set_admission(struct dhcp_server *server, dhcp_admit_fn admit)
{
        server->admit = admit;
}

void dhcp_server_set_known(struct dhcp_server *server, dhcp_known_fn is_known)
{
        server->is_known = is_known;
}

/* Those with a class first, so that they have the numbers that choice.c counts on. */
static int add_ranges(struct dhcp_server *server, size_t pool, const struct dhcp_network *network)
{
        struct dhcp_range at;
        int rc = 0;

        for (size_t i = 0; i < network->range_count && rc == 0; i++)
                rc = dhcp_leases_add_range(server->leases, pool, network->ranges[i].first,
                                           network->ranges[i].last, &at);
        if (rc == 0 && ip4_is_set(network->pool.first))
                rc = dhcp_leases_add_range(server->leases, pool, network->pool.first,
                                           network->pool.last, &at);
        return rc;
}

int dhcp_server_add_network(struct dhcp_server *server, const struct dhcp_network *network)
{
        struct dhcp_pool config = network->pool;
        size_t pool;
        int rc;

        if (network->lease_s != 0 && network->lease_s < DHCP_LEASE_MIN_S)
                return -EINVAL;
        if (network->range_count > DHCP_MAX_CLASS_RANGES ||
            network->relay_count > DHCP_MAX_RELAYS ||
            ip4_is_set(config.first) != ip4_is_set(config.last))
                return -EINVAL;
        config.first = config.last = (struct ip4_address){0};
        rc = dhcp_leases_add_pool(server->leases, &config, &pool);
        if (rc < 0)
                return rc;

        server->networks[pool] = *network;
        if (network->lease_s == 0)
                server->networks[pool].lease_s = DHCP_LEASE_DEFAULT_S;
        server->network_count = pool + 1;
        return add_ranges(server, pool, network);
}

struct dhcp_leases *dhcp_server_leases(struct dhcp_server *server)
{
        return server->leases;
}

void dhcp_boot_skip_discovery(struct dhcp_boot *boot)
{
        /* PXE_DISCOVERY_CONTROL (6), one byte, bit 3: boot the file that was named; end. */
        static const uint8_t skip[] = {6, 1, 8, 255};

        boot->vendor_options.size = sizeof(skip);
        memcpy(boot->vendor_options.bytes, skip, sizeof(skip));
}

static void keep_record(struct exchange *x, const struct dhcp_lease *lease, bool must_sync)
{
        x->decision->record_size = dhcp_lease_record_write(lease, x->decision->record);
        x->decision->must_sync = must_sync;
        x->decision->leased = lease->address;
}

static int refuse(struct exchange *x, const char *reason)
{
        struct dhcp_message reply = dhcp_reply_begin(x, DHCP_NAK);
        const bool has_neighbour =
                x->network->has_neighbour || x->server->networks[x->pool].has_neighbour;

        /* Who took our offer named us, and asks no other. */
        if (has_neighbour && !ip4_is_set(x->request->options.server_id))
                return dhcp_silent(x, "not ours to give; another server here may know it");
        /* RFC 2131 4.1: behind a relay the client cannot be reached but by broadcast. */
        if (ip4_is_set(reply.giaddr))
                reply.is_broadcast = true;
        return dhcp_reply_end(x, &reply, reason);
}

/* On a wire with several networks, what is told is that of the address. */
static void use_network_of(struct exchange *x, struct ip4_address address)
{
        const ssize_t pool = dhcp_leases_pool_of(x->server->leases, address);

        if (pool >= 0)
                x->network = &x->server->networks[pool];
}

/* RFC 2131 4.3.1. Nothing is written down and nothing is waited for. */
static int receive_discover(struct exchange *x)
{
        const struct dhcp_claim claim = {
                .mac = x->request->mac,
                .wanted = x->request->options.wanted,
                .permit = &x->permit,
        };
        struct dhcp_message reply = dhcp_reply_begin(x, DHCP_OFFER);
        const bool is_new = !dhcp_leases_find_mac(x->server->leases, x->pool, &x->request->mac);
        const struct dhcp_lease *lease;
        int rc;

        if (!dhcp_exchange_is_in_pace(x))
                return dhcp_silent(x,
                                   "addresses are scarce, and nobody knows it: it may ask again");
        rc = dhcp_leases_offer(x->server->leases, x->pool, &claim, &x->facts->now, &lease);
        if (rc == -EDQUOT)
                return dhcp_silent(x, "the addresses that are left are for machines we know");
        if (rc == -ENOSPC)
                return dhcp_silent(x, "no address is left in this network");
        if (rc < 0)
                return rc;

        x->decision->leased = lease->address;
        x->decision->is_new_here = is_new && !ip4_is_set(x->request->giaddr);
        use_network_of(x, lease->address);
        reply.yiaddr = lease->address;
        dhcp_say_lease(x, &reply.options);
        dhcp_say_network(x, &reply.options);
        dhcp_say_boot(x, lease->address, &reply);
        return dhcp_reply_end(x, &reply,
                              lease->state == DHCP_LEASE_BOUND ? "it has this address already"
                                                               : "an address was chosen for it");
}

static int acknowledge(struct exchange *x, struct ip4_address address, const char *reason)
{
        struct dhcp_message reply = dhcp_reply_begin(x, DHCP_ACK);
        const struct dhcp_binding binding = {
                .mac = x->request->mac,
                .address = address,
                .lease_s = x->network->lease_s,
                .hostname = x->request->options.hostname,
                .client_id = reader_over(x->request->options.client_id.bytes,
                                         x->request->options.client_id.size),
                .permit = &x->permit,
        };
        const struct dhcp_lease *lease;
        int rc;

        if (!dhcp_exchange_is_in_pace(x))
                return dhcp_silent(x,
                                   "addresses are scarce, and nobody knows it: it may ask again");
        use_network_of(x, address);
        rc = dhcp_leases_bind(x->server->leases, x->pool, &binding, &x->facts->now, &lease);
        if (rc == -EADDRINUSE)
                return refuse(x, "the address belongs to another machine");
        if (rc == -EADDRNOTAVAIL)
                return refuse(x, "the address is not for this machine on this network");
        if (rc == -ENOSPC)
                return dhcp_silent(x, "the lease table is full");
        if (rc < 0)
                return rc;

        reply.ciaddr = x->request->ciaddr;
        reply.yiaddr = address;
        dhcp_say_lease(x, &reply.options);
        dhcp_say_network(x, &reply.options);
        dhcp_say_boot(x, address, &reply);
        rc = dhcp_reply_end(x, &reply, reason);
        keep_record(x, lease, x->decision->reply == DHCP_ACK);
        return rc;
}

/* What a relay has us call ourselves (RFC 5107), or our own address: a renewal of what was given
 * through another relay. */
static bool is_for_us(const struct exchange *x)
{
        const struct ip4_address server_id = x->request->options.server_id;

        return ip4_is_equal(server_id, x->server_id) ||
               ip4_is_equal(server_id, x->facts->interface);
}

/* RFC 2131 4.3.2, table 4: which fields are set tells the client's state. */
static int receive_request(struct exchange *x)
{
        const struct dhcp_message *request = x->request;
        const struct dhcp_options *options = &request->options;

        if (ip4_is_set(options->server_id)) { /* SELECTING */
                if (!is_for_us(x)) {
                        dhcp_leases_forget_offer(x->server->leases, x->pool, &request->mac);
                        return dhcp_silent(x, "it took the offer of another server");
                }
                if (ip4_is_set(options->wanted))
                        return acknowledge(x, options->wanted, "it took our offer");
        } else if (ip4_is_set(options->wanted)) { /* INIT-REBOOT */
                if (x->network->has_neighbour &&
                    !dhcp_leases_find_mac(x->server->leases, x->pool, &request->mac))
                        return dhcp_silent(x, "no record of it; another server here may know it");
                return acknowledge(x, options->wanted, "it asked for the address it had");
        }
        if (ip4_is_set(request->ciaddr)) /* RENEWING, REBINDING */
                return acknowledge(x, request->ciaddr, "it renewed its lease");
        return dhcp_silent(x, "the request names no address");
}

/* RFC 2131 4.3.3; that it names the server is a MUST of table 5. */
static int receive_decline(struct exchange *x)
{
        const struct dhcp_decline decline = {
                .mac = x->request->mac,
                .address = x->request->options.wanted,
                .relay = x->request->giaddr,
        };
        const struct dhcp_lease *lease;
        int rc;

        if (!is_for_us(x))
                return dhcp_silent(x, "it declined the offer of another server");
        rc = dhcp_leases_decline(x->server->leases, x->pool, &decline, &x->facts->now, &lease);
        if (rc < 0 && rc != -EDQUOT)
                return dhcp_silent(x, "it declined an address that it does not hold");
        keep_record(x, lease, false);
        return dhcp_silent(x, rc == -EDQUOT
                                      ? "it, or its relay, declined too many: not in quarantine"
                                      : "found in use by another: kept in quarantine");
}

/* RFC 2131 4.3.4 and 4.4.6: from the owner, by unicast, out of the address itself. That it names
 * the server is a MUST of table 5; systemd-networkd does not, and who sends it to us alone means
 * us.
 */
static int receive_release(struct exchange *x)
{
        const bool is_to_us_alone = !ip4_is_set(x->request->options.server_id) &&
                                    !ip4_is_set(x->request->giaddr) && x->facts->is_unicast;
        const struct dhcp_lease *lease;

        if (!is_to_us_alone && !is_for_us(x))
                return dhcp_silent(x, "it released a lease of another server");
        if (!ip4_is_set(x->request->giaddr) &&
            (!x->facts->is_unicast ||
             (ip4_is_set(x->facts->source) && !ip4_is_equal(x->facts->source, x->request->ciaddr))))
                return dhcp_silent(x, "a release that its owner did not send");
        if (dhcp_leases_release(x->server->leases, x->pool, &x->request->mac, x->request->ciaddr,
                                &x->facts->now, &lease) < 0)
                return dhcp_silent(x, "it released an address that it does not hold");
        keep_record(x, lease, false);
        return dhcp_silent(x, "it gave its address back");
}

/* RFC 2131 4.3.5: it has an address of its own, and no lease is made. */
static int receive_inform(struct exchange *x)
{
        struct dhcp_message reply = dhcp_reply_begin(x, DHCP_ACK);

        if (!ip4_is_set(x->request->ciaddr))
                return dhcp_silent(x, "it does not say its address");
        use_network_of(x, x->request->ciaddr);
        if (!ip4_network_has(&x->network->pool.network, x->request->ciaddr) ||
            !dhcp_leases_is_shared(x->server->leases, x->pool,
                                   (size_t)(x->network - x->server->networks)))
                return dhcp_silent(x, "its address is not of this network");

        reply.ciaddr = x->request->ciaddr;
        dhcp_say_network(x, &reply.options);
        dhcp_say_boot(x, x->request->ciaddr, &reply);
        return dhcp_reply_end(x, &reply, "it asked for options only");
}

typedef int (*receive_fn)(struct exchange *x);

/* What only a server sends has no row. */
static const receive_fn receivers[DHCP_MESSAGE_TYPE_COUNT] = {
        [DHCP_DISCOVER] = receive_discover, [DHCP_REQUEST] = receive_request,
        [DHCP_DECLINE] = receive_decline,   [DHCP_RELEASE] = receive_release,
        [DHCP_INFORM] = receive_inform,     [DHCP_LEASEQUERY] = dhcp_receive_leasequery,
};

/* Whoever gives something back holds it. */
static bool is_admitted(const struct exchange *x)
{
        const struct dhcp_server *server = x->server;
        const struct mac_address *mac = &x->request->mac;
        const enum dhcp_message_type type = x->request->options.type;
        const struct dhcp_lease *lease;

        if (!server->admit || type == DHCP_RELEASE || type == DHCP_DECLINE ||
            ip4_is_set(dhcp_leases_reserved(server->leases, x->pool, mac, NULL)))
                return true;
        lease = dhcp_leases_find_mac(server->leases, x->pool, mac);
        return server->admit(server->context, mac, x->network->pool.network.address,
                             lease && lease->state == DHCP_LEASE_BOUND, &x->facts->now);
}

static const char *why_unreadable(int rc)
{
        switch (rc) {
        case -ENOMSG:
                return "not a DHCP message";
        case -EMSGSIZE:
                return "larger than a DHCP message may be";
        case -EPROTONOSUPPORT:
                return "not from an Ethernet client with a MAC of its own";
        default:
                return "malformed";
        }
}

/* All that is asked before what it wants. */
static int receive(struct exchange *x)
{
        struct dhcp_decision *decision = x->decision;
        const receive_fn of_type = receivers[decision->received];
        const char *reason;
        int rc;

        if (x->request->op != DHCP_OP_REQUEST || !of_type)
                return dhcp_silent(x, "only servers send this: another server is on this network");
        if (decision->received == DHCP_LEASEQUERY)
                return of_type(x); /* of no network: it may ask about any */
        if (!dhcp_exchange_place(x, &reason))
                return dhcp_silent(x, reason);
        decision->network = x->network->pool.network;

        rc = dhcp_exchange_recognise(x);
        if (rc < 0)
                return rc;
        decision->is_stranger = !is_admitted(x);
        if (decision->is_stranger)
                return dhcp_silent(x, "nobody knows it: unknown machines are only listed here");
        dhcp_exchange_permit(x);
        return of_type(x);
}

int dhcp_server_receive(struct dhcp_server *server, const void *bytes, size_t size,
                        const struct dhcp_facts *facts, struct dhcp_decision *ret)
{
        struct exchange x;
        int rc;

        memset(&x, 0, offsetof(struct exchange, ranges)); /* 9 kB, of which a few bytes are used */
        x.server = server;
        x.facts = facts;
        x.server_id = facts->interface;
        x.request = &ret->request;
        x.decision = ret;
        memset(ret, 0, sizeof(*ret));
        rc = dhcp_message_parse(reader_over(bytes, size), &ret->request);
        if (rc < 0) {
                dhcp_silent(&x, why_unreadable(rc));
                return rc;
        }
        ret->received = ret->request.options.type;
        ret->mac = ret->request.mac;

        dhcp_leases_expire(server->leases, &facts->now);
        rc = receive(&x);
        if (rc < 0)
                dhcp_silent(&x, "out of memory");
        return rc;
}
