/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reply says, and where it goes to. */
#include <string.h>

#include "dhcp/exchange.h"
#include "lib/base/text.h"

int dhcp_silent(struct exchange *x, const char *reason)
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
struct dhcp_message dhcp_reply_begin(const struct exchange *x, enum dhcp_message_type type)
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
        reply.options.server_id = x->server_id;
        reply.options.client_id = request->options.client_id;     /* RFC 6842 3 */
        reply.options.client_uuid = request->options.client_uuid; /* RFC 4578 2.3 */
        reply.options.relay_info = request->options.relay_info;   /* RFC 3046 2.2 */
        return reply;
}

int dhcp_reply_end(struct exchange *x, const struct dhcp_message *reply, const char *reason)
{
        struct dhcp_decision *decision = x->decision;
        const ssize_t size = dhcp_message_write(reply, decision->reply_bytes,
                                                dhcp_message_reply_space(x->request));

        if (size < 0)
                return dhcp_silent(x, "the reply does not fit into what the client takes");

        decision->reply = reply->options.type;
        decision->reply_size = (size_t)size;
        decide_route(x, reply);
        return dhcp_silent(x, reason);
}

/* RFC 4702 3.1, 4: who asks is told that nobody here writes its name into the DNS, whatever it
 * wanted (N), that this is not what it asked for if it wanted that (O), and the name as it said it.
 */
static void say_fqdn(const struct dhcp_blob *asked, struct dhcp_blob *ret)
{
        enum { S = 1, O = 2, E = 4, N = 8, NO_RCODE = 255 };

        if (asked->size == 0)
                return;
        *ret = *asked;
        ret->bytes[0] = (uint8_t)(N | (asked->bytes[0] & E) | (asked->bytes[0] & S ? O : 0));
        ret->bytes[1] = ret->bytes[2] = NO_RCODE;
}

/* The network's own options: those that the client asked for, or all if it named none. */
void dhcp_say_network(const struct exchange *x, struct dhcp_options *options)
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
        if (dhcp_options_wants(asked, DHCP_OPT_CAPTIVE_PORTAL))
                memcpy(options->captive_portal, x->network->captive_portal,
                       sizeof(options->captive_portal));
        say_fqdn(&asked->fqdn, &options->fqdn);
}

/* RFC 2131 4.4.5: renew at one half, rebind at seven eighths. */
void dhcp_say_lease(const struct exchange *x, struct dhcp_options *options)
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

void dhcp_say_boot(const struct exchange *x, struct ip4_address address, struct dhcp_message *reply)
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
        if (dhcp_options_wants(asked, DHCP_OPT_ROOT_PATH))
                (void)text_copy(options->root_path, sizeof(options->root_path), boot.root_path);
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
