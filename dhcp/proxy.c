/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ProxyDHCP
 *
 * What clients do with an OFFER without an address (seen on the wire): iPXE
 * takes the boot file out of it and asks port 4011 no more; OVMF takes its
 * address from the other server first, and then asks port 4011 by unicast. So
 * both answers say the same, whole.
 */
#include "dhcp/proxy.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

struct row {
        bool is_boot_port;
        enum dhcp_message_type received, reply;
        const char *reason;
};

static const struct row rows[] = {
        {false, DHCP_DISCOVER, DHCP_OFFER, "proxy: what to boot, and no address"            },
        {false, DHCP_REQUEST,  DHCP_NONE,  "proxy: it takes its address from another server"},
        {true,  DHCP_REQUEST,  DHCP_ACK,   "proxy: what to boot, asked for at the boot port"},
        {true,  DHCP_INFORM,   DHCP_ACK,   "proxy: what to boot, asked for at the boot port"},
};

static const struct row *row_find(enum dhcp_message_type received, bool is_boot_port)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].received == received && rows[i].is_boot_port == is_boot_port)
                        return &rows[i];
        return NULL;
}

static void silent(struct dhcp_decision *decision, const char *reason)
{
        (void)text_copy(decision->reason, sizeof(decision->reason), reason);
}

/* To port 67: by broadcast, as it has no address yet (PXE 2.1, 2.2.2), or by its relay. */
static void decide_route(const struct dhcp_message *request, const struct dhcp_proxy_facts *facts,
                         struct dhcp_decision *decision)
{
        if (facts->is_boot_port) {
                decision->route = DHCP_ROUTE_UNICAST;
                decision->address = facts->source;
                decision->port = facts->source_port;
        } else if (ip4_is_set(request->giaddr)) {
                decision->route = DHCP_ROUTE_RELAY;
                decision->address = request->giaddr;
                decision->port = DHCP_PORT_SERVER;
        } else {
                decision->route = DHCP_ROUTE_BROADCAST;
                decision->address = (struct ip4_address){.be = UINT32_MAX};
                decision->port = DHCP_PORT_CLIENT;
        }
}

/* Option 60 is how a client knows such an offer (PXE 2.1, 2.2.2); iPXE, too. */
static void say_boot(const struct dhcp_message *request, const struct dhcp_boot *boot,
                     struct dhcp_message *reply)
{
        struct dhcp_options *options = &reply->options;
        char text[IP4_TEXT_SIZE];

        reply->siaddr = boot->next_server;
        (void)text_copy(options->boot_file, sizeof(options->boot_file), boot->file);
        (void)text_copy(options->boot_server, sizeof(options->boot_server),
                        ip4_text(text, boot->next_server));
        (void)text_copy(options->vendor_class, sizeof(options->vendor_class),
                        dhcp_options_is_http(&request->options) ? "HTTPClient" : "PXEClient");
        options->vendor_options = boot->vendor_options;
}

static struct dhcp_message reply_begin(const struct dhcp_message *request,
                                       const struct dhcp_proxy_facts *facts,
                                       enum dhcp_message_type type)
{
        struct dhcp_message reply = {
                .op = DHCP_OP_REPLY,
                .xid = request->xid,
                .is_broadcast = request->is_broadcast,
                .ciaddr = type == DHCP_ACK ? request->ciaddr : (struct ip4_address){0},
                .giaddr = request->giaddr,
                .mac = request->mac,
        };

        reply.options.type = type;
        reply.options.server_id = facts->interface;
        reply.options.client_id = request->options.client_id;     /* RFC 6842 3 */
        reply.options.client_uuid = request->options.client_uuid; /* RFC 4578 2.3 */
        reply.options.relay_info = request->options.relay_info;   /* RFC 3046 2.2 */
        return reply;
}

static void answer(const struct dhcp_message *request, const struct dhcp_proxy_facts *facts,
                   const struct row *row, const struct dhcp_boot *boot, struct dhcp_decision *ret)
{
        struct dhcp_message reply = reply_begin(request, facts, row->reply);
        ssize_t size;

        say_boot(request, boot, &reply);
        size = dhcp_message_write(&reply, ret->reply_bytes, dhcp_message_reply_space(request));
        if (size < 0) {
                silent(ret, "the reply does not fit into what the client takes");
                return;
        }
        ret->reply = row->reply;
        ret->reply_size = (size_t)size;
        decide_route(request, facts, ret);
        silent(ret, row->reason);
}

/* At the boot port it speaks from its address: what it says there besides, anybody can say. */
static struct ip4_address address_of(const struct dhcp_message *request,
                                     const struct dhcp_proxy_facts *facts)
{
        if (facts->is_boot_port)
                return facts->source;
        return ip4_is_set(request->ciaddr) ? request->ciaddr : request->options.wanted;
}

void dhcp_proxy_decide(const struct dhcp_message *request, const struct dhcp_proxy_facts *facts,
                       dhcp_boot_fn boot, void *context, struct dhcp_decision *ret)
{
        const struct dhcp_options *options = &request->options;
        const struct row *row = row_find(options->type, facts->is_boot_port);
        struct dhcp_boot what = {0};

        *ret = (struct dhcp_decision){
                .received = options->type, .mac = request->mac, .request = *request};
        if (options->type == DHCP_REQUEST || options->type == DHCP_INFORM)
                ret->leased = address_of(request, facts);

        if (request->op != DHCP_OP_REQUEST || !row)
                silent(ret, "proxy: not a message for us");
        else if (!dhcp_options_is_pxe(options) && !dhcp_options_is_http(options))
                silent(ret, "proxy: it did not say PXEClient or HTTPClient");
        else if (facts->is_boot_port && (!ip4_is_set(facts->source) || facts->source_port == 0))
                silent(ret, "proxy: it has no address to answer to");
        else if (row->reply == DHCP_NONE)
                silent(ret, row->reason);
        else if (!boot(context, request, facts->interface, &what) || !what.file[0])
                silent(ret, "proxy: nothing for it to boot");
        else
                answer(request, facts, row, &what, ret);
}
