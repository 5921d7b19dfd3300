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
#include "dhcp/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

struct dhcp_server {
        dhcp_boot_fn boot;
        dhcp_admit_fn admit; /* NULL: all are */
        void *context;
        struct dhcp_leases *leases;
        struct dhcp_network networks[DHCP_MAX_POOLS]; /* by number of their pool */
};

/* All that the functions below need to know about the message at hand. */
struct exchange {
        struct dhcp_server *server;
        const struct dhcp_facts *facts;
        const struct dhcp_network *network;
        size_t pool;
        struct dhcp_message *request;
        struct dhcp_decision *decision;
};

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

int dhcp_server_add_network(struct dhcp_server *server, const struct dhcp_network *network)
{
        size_t pool;
        int rc;

        if (network->lease_s != 0 && network->lease_s < DHCP_LEASE_MIN_S)
                return -EINVAL;
        rc = dhcp_leases_add_pool(server->leases, &network->pool, &pool);
        if (rc < 0)
                return rc;

        server->networks[pool] = *network;
        if (network->lease_s == 0)
                server->networks[pool].lease_s = DHCP_LEASE_DEFAULT_S;
        return 0;
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

static int silent(struct exchange *x, const char *reason)
{
        (void)text_copy(x->decision->reason, sizeof(x->decision->reason), reason);
        return 0;
}

/*
 * RFC 2131 4.1: where the reply goes to. The address that a client says it has
 * is believed only on the network that it speaks from: we send nothing to where
 * a stranger points.
 */
static void decide_route(struct exchange *x, const struct dhcp_message *reply)
{
        const struct dhcp_message *request = x->request;
        struct dhcp_decision *decision = x->decision;

        decision->port = DHCP_PORT_CLIENT;
        if (ip4_is_set(request->giaddr)) {
                decision->route = DHCP_ROUTE_RELAY;
                decision->address = request->giaddr;
                decision->port = DHCP_PORT_SERVER;
        } else if (ip4_network_has(&x->network->pool.network, request->ciaddr) &&
                   reply->options.type != DHCP_NAK) {
                decision->route = DHCP_ROUTE_UNICAST;
                decision->address = request->ciaddr;
        } else if (request->is_broadcast || !ip4_is_set(reply->yiaddr)) {
                decision->route = DHCP_ROUTE_BROADCAST;
        } else {
                decision->route = DHCP_ROUTE_HARDWARE;
                decision->address = reply->yiaddr;
        }
        if (decision->route == DHCP_ROUTE_BROADCAST)
                decision->address = (struct ip4_address){.be = UINT32_MAX};
}

/* RFC 2131 4.3.1, table 3: what every reply repeats. */
static struct dhcp_message reply_begin(const struct exchange *x, enum dhcp_message_type type)
{
        const struct dhcp_message *request = x->request;
        struct dhcp_message reply = {
                .op = DHCP_OP_REPLY,
                .xid = request->xid,
                .is_broadcast = request->is_broadcast,
                .giaddr = request->giaddr,
                .mac = request->mac,
        };

        reply.options.type = type;
        reply.options.server_id = x->facts->interface;
        reply.options.client_id = request->options.client_id;     /* RFC 6842 3 */
        reply.options.client_uuid = request->options.client_uuid; /* RFC 4578 2.3 */
        reply.options.relay_info = request->options.relay_info;   /* RFC 3046 2.2 */
        return reply;
}

static int reply_end(struct exchange *x, const struct dhcp_message *reply, const char *reason)
{
        struct dhcp_decision *decision = x->decision;
        const ssize_t size = dhcp_message_write(reply, decision->reply_bytes,
                                                dhcp_message_reply_space(x->request));

        if (size < 0)
                return silent(x, "the reply does not fit into what the client takes");

        decision->reply = reply->options.type;
        decision->reply_size = (size_t)size;
        decide_route(x, reply);
        return silent(x, reason);
}

/* The network's own options: those that the client asked for, or all if it named none. */
static void say_network(const struct exchange *x, struct dhcp_options *options)
{
        const struct dhcp_options *asked = &x->request->options;
        const struct ip4_network *network = &x->network->pool.network;
        const char *hostname;

        options->netmask = ip4_network_mask(network);
        if (dhcp_options_wants(asked, DHCP_OPT_BROADCAST))
                options->broadcast = ip4_network_broadcast(network);
        options->router = x->network->router;
        options->dns = x->network->dns;
        if (dhcp_options_wants(asked, DHCP_OPT_DOMAIN))
                memcpy(options->domain, x->network->domain, sizeof(options->domain));

        (void)dhcp_leases_reserved(x->server->leases, x->pool, &x->request->mac, &hostname);
        if (dhcp_options_wants(asked, DHCP_OPT_HOSTNAME))
                (void)text_copy(options->hostname, sizeof(options->hostname), hostname);
}

/* RFC 2131 4.4.5: renew at one half, rebind at seven eighths. */
static void say_lease(const struct exchange *x, struct dhcp_options *options)
{
        const uint32_t lease_s = x->network->lease_s;

        options->lease_s = lease_s;
        options->renewal_s = lease_s / 2;
        options->rebinding_s = (uint32_t)((uint64_t)lease_s * 7 / 8);
}

/*
 * Firmware takes no offer whose option 60 is not its own (PXE 2.1, UEFI 2.10
 * 24.7.3.1). iPXE is not told so: it would go on to ask port 4011.
 */
static const char *vendor_class_for(const struct dhcp_options *asked)
{
        if (dhcp_options_is_http(asked))
                return "HTTPClient";
        return dhcp_options_is_pxe(asked) && !dhcp_options_is_ipxe(asked) ? "PXEClient" : "";
}

static void say_boot(const struct exchange *x, struct ip4_address address,
                     struct dhcp_message *reply)
{
        static const uint8_t no_proxy[] = {176, 1, 1}; /* no-pxedhcp = 1 */
        const struct dhcp_options *asked = &x->request->options;
        struct dhcp_options *options = &reply->options;
        struct dhcp_boot boot = {0};
        char text[IP4_TEXT_SIZE];

        if (!x->server->boot || !x->server->boot(x->server->context, x->request, address, &boot))
                return;

        (void)text_copy(options->boot_file, sizeof(options->boot_file), boot.file);
        (void)text_copy(options->vendor_class, sizeof(options->vendor_class),
                        boot.vendor_class[0] ? boot.vendor_class : vendor_class_for(asked));
        options->vendor_options = boot.vendor_options;
        if (boot.has_no_proxy) {
                options->ipxe.size = sizeof(no_proxy);
                memcpy(options->ipxe.bytes, no_proxy, sizeof(no_proxy));
        }

        if (!ip4_is_set(boot.next_server))
                return;
        reply->siaddr = boot.next_server;
        if (dhcp_options_wants(asked, DHCP_OPT_BOOT_SERVER))
                (void)text_copy(options->boot_server, sizeof(options->boot_server),
                                ip4_text(text, boot.next_server));
        if (dhcp_options_wants(asked, DHCP_OPT_TFTP_SERVERS)) {
                options->tftp.count = 1;
                options->tftp.at[0] = boot.next_server;
        }
}

static void keep_record(struct exchange *x, const struct dhcp_lease *lease, bool must_sync)
{
        x->decision->record_size = dhcp_lease_record_write(lease, x->decision->record);
        x->decision->must_sync = must_sync;
        x->decision->leased = lease->address;
}

static int refuse(struct exchange *x, const char *reason)
{
        struct dhcp_message reply = reply_begin(x, DHCP_NAK);

        if (x->network->has_neighbour)
                return silent(x, "not ours to give; another server here may know it");
        /* RFC 2131 4.1: behind a relay the client cannot be reached but by broadcast. */
        if (ip4_is_set(reply.giaddr))
                reply.is_broadcast = true;
        return reply_end(x, &reply, reason);
}

/* RFC 2131 4.3.1. Nothing is written down and nothing is waited for. */
static int receive_discover(struct exchange *x)
{
        struct dhcp_message reply = reply_begin(x, DHCP_OFFER);
        const struct dhcp_lease *lease;
        int rc;

        rc = dhcp_leases_offer(x->server->leases, x->pool, &x->request->mac,
                               x->request->options.wanted, &x->facts->now, &lease);
        if (rc == -ENOSPC)
                return silent(x, "no address is left in this network");
        if (rc < 0)
                return rc;

        x->decision->leased = lease->address;
        reply.yiaddr = lease->address;
        say_lease(x, &reply.options);
        say_network(x, &reply.options);
        say_boot(x, lease->address, &reply);
        return reply_end(x, &reply,
                         lease->state == DHCP_LEASE_BOUND ? "it has this address already"
                                                          : "an address was chosen for it");
}

static int acknowledge(struct exchange *x, struct ip4_address address, const char *reason)
{
        struct dhcp_message reply = reply_begin(x, DHCP_ACK);
        const struct dhcp_binding binding = {
                .mac = x->request->mac,
                .address = address,
                .lease_s = x->network->lease_s,
                .hostname = x->request->options.hostname,
        };
        const struct dhcp_lease *lease;
        int rc;

        rc = dhcp_leases_bind(x->server->leases, x->pool, &binding, &x->facts->now, &lease);
        if (rc == -EADDRINUSE)
                return refuse(x, "the address belongs to another machine");
        if (rc == -EADDRNOTAVAIL)
                return refuse(x, "the address is not for this machine on this network");
        if (rc == -ENOSPC)
                return silent(x, "the lease table is full");
        if (rc < 0)
                return rc;

        reply.ciaddr = x->request->ciaddr;
        reply.yiaddr = address;
        say_lease(x, &reply.options);
        say_network(x, &reply.options);
        say_boot(x, address, &reply);
        rc = reply_end(x, &reply, reason);
        keep_record(x, lease, x->decision->reply == DHCP_ACK);
        return rc;
}

/* RFC 2131 4.3.2, table 4: which fields are set tells the client's state. */
static int receive_request(struct exchange *x)
{
        const struct dhcp_message *request = x->request;
        const struct dhcp_options *options = &request->options;

        if (ip4_is_set(options->server_id)) { /* SELECTING */
                if (!ip4_is_equal(options->server_id, x->facts->interface)) {
                        dhcp_leases_forget_offer(x->server->leases, x->pool, &request->mac);
                        return silent(x, "it took the offer of another server");
                }
                if (ip4_is_set(options->wanted))
                        return acknowledge(x, options->wanted, "it took our offer");
        } else if (ip4_is_set(options->wanted)) { /* INIT-REBOOT */
                return acknowledge(x, options->wanted, "it asked for the address it had");
        }
        if (ip4_is_set(request->ciaddr)) /* RENEWING, REBINDING */
                return acknowledge(x, request->ciaddr, "it renewed its lease");
        return silent(x, "the request names no address");
}

static bool is_for_us(const struct exchange *x)
{
        const struct ip4_address server_id = x->request->options.server_id;

        return !ip4_is_set(server_id) || ip4_is_equal(server_id, x->facts->interface);
}

/* RFC 2131 4.3.3 */
static int receive_decline(struct exchange *x)
{
        const struct dhcp_lease *lease;

        if (!is_for_us(x))
                return silent(x, "it declined the offer of another server");
        if (dhcp_leases_decline(x->server->leases, x->pool, &x->request->mac,
                                x->request->options.wanted, &x->facts->now, &lease) < 0)
                return silent(x, "it declined an address that it does not hold");
        keep_record(x, lease, false);
        return silent(x, "it found the address in use by another: kept in quarantine");
}

/* RFC 2131 4.3.4 */
static int receive_release(struct exchange *x)
{
        const struct dhcp_lease *lease;

        if (!is_for_us(x))
                return silent(x, "it released a lease of another server");
        if (dhcp_leases_release(x->server->leases, x->pool, &x->request->mac, x->request->ciaddr,
                                &x->facts->now, &lease) < 0)
                return silent(x, "it released an address that it does not hold");
        keep_record(x, lease, false);
        return silent(x, "it gave its address back");
}

/* RFC 2131 4.3.5: it has an address of its own, and no lease is made. */
static int receive_inform(struct exchange *x)
{
        struct dhcp_message reply = reply_begin(x, DHCP_ACK);

        if (!ip4_is_set(x->request->ciaddr))
                return silent(x, "it does not say its address");
        if (!ip4_network_has(&x->network->pool.network, x->request->ciaddr))
                return silent(x, "its address is not of this network");

        reply.ciaddr = x->request->ciaddr;
        say_network(x, &reply.options);
        say_boot(x, x->request->ciaddr, &reply);
        return reply_end(x, &reply, "it asked for options only");
}

typedef int (*receive_fn)(struct exchange *x);

/* What only a server sends has no row. */
static const receive_fn receivers[DHCP_MESSAGE_TYPE_COUNT] = {
        [DHCP_DISCOVER] = receive_discover, [DHCP_REQUEST] = receive_request,
        [DHCP_DECLINE] = receive_decline,   [DHCP_RELEASE] = receive_release,
        [DHCP_INFORM] = receive_inform,
};

/* RFC 2131 4.3.1: by the relay, else by where it came in. Who speaks to us directly from a network
 * of ours behind a router (a renewal) is on the network of its address. */
static ssize_t find_pool(const struct exchange *x)
{
        const struct dhcp_leases *leases = x->server->leases;
        ssize_t pool;

        if (ip4_is_set(x->request->giaddr))
                return dhcp_leases_pool_of(leases, x->request->giaddr);
        if (x->facts->is_unicast && ip4_is_set(x->request->ciaddr)) {
                pool = dhcp_leases_pool_of(leases, x->request->ciaddr);
                if (pool >= 0)
                        return pool;
        }
        return dhcp_leases_pool_of(leases, x->facts->interface);
}

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

int dhcp_server_receive(struct dhcp_server *server, const void *bytes, size_t size,
                        const struct dhcp_facts *facts, struct dhcp_decision *ret)
{
        struct exchange x = {
                .server = server,
                .facts = facts,
                .request = &ret->request,
                .decision = ret,
        };
        receive_fn receive;
        ssize_t pool;
        int rc;

        memset(ret, 0, sizeof(*ret));
        rc = dhcp_message_parse(reader_over(bytes, size), &ret->request);
        if (rc < 0) {
                silent(&x, why_unreadable(rc));
                return rc;
        }
        ret->received = ret->request.options.type;
        ret->mac = ret->request.mac;

        dhcp_leases_expire(server->leases, &facts->now);
        receive = receivers[ret->received];
        if (ret->request.op != DHCP_OP_REQUEST || !receive)
                return silent(&x, "only servers send this: another server is on this network");
        pool = find_pool(&x);
        if (pool < 0)
                return silent(&x, ip4_is_set(ret->request.giaddr)
                                          ? "its relay is on a network that is not ours"
                                          : "it came in on a network that is not ours");

        x.pool = (size_t)pool;
        x.network = &server->networks[pool];
        ret->network = x.network->pool.network;
        ret->is_stranger = !is_admitted(&x);
        if (ret->is_stranger)
                return silent(&x, "nobody knows it: unknown machines are only listed here");
        rc = receive(&x);
        if (rc < 0)
                silent(&x, "out of memory");
        return rc;
}
