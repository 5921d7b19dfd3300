/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCPv6 server
 *
 * What RFC 8415 16 says of messages that are to be dropped is a table; what is
 * left goes to one function a message type, each named after its section of
 * 18.3, which fills a decision.
 *
 * A SOLICIT with rapid commit and a REQUEST are the same here: both choose and
 * bind. So a client whose offer was forgotten, or that asks with an address of
 * another server, is served at once and need not begin again.
 */
#include "dhcp/v6_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/unknown.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

struct dhcp6_server {
        struct dhcp6_duid ours;
        dhcp6_boot_fn boot;
        dhcp6_admit_fn admit;   /* NULL: all are */
        dhcp_known_fn is_known; /* NULL: all are */
        void *context;
        struct dhcp6_leases *leases;
        struct dhcp6_network networks[DHCP6_MAX_POOLS]; /* by number of their pool */
        struct dhcp_unknown unknown;
};

/* All that the functions below need to know about the message at hand. */
struct exchange {
        struct dhcp6_server *server;
        const struct dhcp6_facts *facts;
        const struct dhcp6_network *network;
        size_t pool;
        bool is_unknown;
        bool is_too_soon; /* an identity of it has to ask again */
        const struct dhcp6_message *request;
        struct dhcp6_decision *decision;
        struct dhcp6_message *reply;
};

struct dhcp6_server *dhcp6_server_new(const struct dhcp6_duid *ours, dhcp6_boot_fn boot,
                                      void *context)
{
        struct dhcp6_server *server = calloc(1, sizeof(*server));

        if (!server)
                return NULL;
        server->ours = *ours;
        server->boot = boot;
        server->context = context;
        server->leases = dhcp6_leases_new();
        return server->leases ? server : dhcp6_server_free(server);
}

struct dhcp6_server *dhcp6_server_free(struct dhcp6_server *server)
{
        if (!server)
                return NULL;
        dhcp6_leases_free(server->leases);
        free(server);
        return NULL;
}

void dhcp6_server_set_admission(struct dhcp6_server *server, dhcp6_admit_fn admit)
{
        server->admit = admit;
}

void dhcp6_server_set_known(struct dhcp6_server *server, dhcp_known_fn is_known)
{
        server->is_known = is_known;
}

int dhcp6_server_add_network(struct dhcp6_server *server, const struct dhcp6_network *network)
{
        size_t pool;
        int rc;

        if ((network->lease_s != 0 && network->lease_s < DHCP_LEASE_MIN_S) ||
            network->relay_count > DHCP_MAX_RELAYS)
                return -EINVAL;
        rc = dhcp6_leases_add_pool(server->leases, &network->pool, &pool);
        if (rc < 0)
                return rc;
        server->networks[pool] = *network;
        if (network->lease_s == 0)
                server->networks[pool].lease_s = DHCP_LEASE_DEFAULT_S;
        return 0;
}

struct dhcp6_leases *dhcp6_server_leases(struct dhcp6_server *server)
{
        return server->leases;
}

static int silent(struct exchange *x, const char *reason)
{
        (void)text_copy(x->decision->reason, sizeof(x->decision->reason), reason);
        return 0;
}

/* ---- what replies say ---- */

/* RFC 8415 18.3.9, 18.3.10: both names, and the way back through the relays. */
static void reply_begin(struct exchange *x, enum dhcp6_message_type type)
{
        const struct dhcp6_message *request = x->request;
        struct dhcp6_message *reply = x->reply;

        memset(reply, 0, sizeof(*reply));
        dhcp6_options_init(&reply->options);
        reply->type = type;
        reply->xid = request->xid;
        reply->relay_count = request->relay_count;
        memcpy(reply->relays, request->relays, sizeof(reply->relays));
        reply->options.client_id = request->options.client_id;
        reply->options.server_id = x->server->ours;
}

/* @reason: NULL keeps the one that was said. */
static int reply_end(struct exchange *x, const char *reason)
{
        struct dhcp6_decision *decision = x->decision;
        const ssize_t size =
                dhcp6_message_write(x->reply, decision->reply_bytes, sizeof(decision->reply_bytes));

        if (size < 0)
                return silent(x, "the reply does not fit into one packet");
        decision->reply = x->reply->type;
        decision->reply_size = (size_t)size;
        decision->to = x->facts->source;
        decision->port = x->request->relay_count > 0 ? DHCP6_PORT_SERVER : DHCP6_PORT_CLIENT;
        return reason ? silent(x, reason) : 0;
}

/* What it asked for of the network (RFC 8415 18.3: option 6 names it), and what to boot. */
static void say_network(struct exchange *x)
{
        const struct dhcp6_options *asked = &x->request->options;
        struct dhcp6_options *options = &x->reply->options;
        struct dhcp6_boot boot = {0};

        if (dhcp6_options_wants(asked, DHCP6_OPT_DNS))
                options->dns = x->network->dns;
        if (dhcp6_options_wants(asked, DHCP6_OPT_DOMAIN))
                memcpy(options->domain, x->network->domain, sizeof(options->domain));
        if (!dhcp6_options_wants(asked, DHCP6_OPT_BOOT_URL) || !x->server->boot ||
            !x->server->boot(x->server->context, x->request, &x->decision->mac,
                             &x->network->pool.network, &boot))
                return;
        memcpy(options->boot_url, boot.url, sizeof(options->boot_url));
        options->boot_parameters = boot.parameters;
        if (boot.vendor_class[0]) {
                options->enterprise = DHCP6_ENTERPRISE_PXE;
                (void)text_copy(options->vendor_class, sizeof(options->vendor_class),
                                boot.vendor_class);
        }
}

/* RFC 8415 21.4, 21.6: renew at one half of the preferred time, rebind at four fifths. What a
 * system prefers no more it still may use for a quarter of the lease. */
static void say_address(const struct exchange *x, const struct ip6_address *address,
                        struct dhcp6_ia *ia)
{
        const uint32_t valid_s = x->network->lease_s;
        const uint32_t preferred_s = (uint32_t)((uint64_t)valid_s * 3 / 4);

        ia->renew_s = preferred_s / 2;
        ia->rebind_s = (uint32_t)((uint64_t)preferred_s * 4 / 5);
        if (ia->count < DHCP6_MAX_ADDRESSES)
                ia->at[ia->count++] = (struct dhcp6_address){*address, preferred_s, valid_s};
        if (!ip6_is_set(&x->decision->leased))
                x->decision->leased = *address;
}

/* RFC 8415 18.3.4: lifetimes of zero end its use. */
static void say_gone(const struct ip6_address *address, struct dhcp6_ia *ia)
{
        if (ia->count < DHCP6_MAX_ADDRESSES)
                ia->at[ia->count++] = (struct dhcp6_address){.address = *address};
}

static struct dhcp6_ia *ia_add(struct dhcp6_ia_list *list, uint32_t iaid)
{
        struct dhcp6_ia *ia = &list->at[list->count++]; /* as many as were asked with */

        *ia = (struct dhcp6_ia){.iaid = iaid, .status = DHCP6_STATUS_UNSAID};
        return ia;
}

/* Temporary addresses and prefixes are not ours to give (RFC 8415 18.3.1, 18.3.2). */
static void say_others(const struct exchange *x, enum dhcp6_status ta, enum dhcp6_status pd)
{
        const struct dhcp6_options *asked = &x->request->options;
        struct dhcp6_options *options = &x->reply->options;

        for (size_t i = 0; i < asked->ia_ta.count; i++)
                ia_add(&options->ia_ta, asked->ia_ta.at[i].iaid)->status = ta;
        for (size_t i = 0; i < asked->ia_pd.count; i++)
                ia_add(&options->ia_pd, asked->ia_pd.at[i].iaid)->status = pd;
}

static void keep_record(struct exchange *x, const struct dhcp6_lease *lease)
{
        struct dhcp6_record *record = &x->decision->records[x->decision->record_count++];

        record->size = dhcp6_lease_record_write(lease, record->bytes);
        if (!ip6_is_set(&x->decision->leased))
                x->decision->leased = lease->address;
}

static struct dhcp6_client client_of(const struct exchange *x, const struct dhcp6_ia *asked)
{
        return (struct dhcp6_client){
                .duid = &x->request->options.client_id,
                .iaid = asked->iaid,
                .mac = x->decision->mac,
                .hostname = x->request->options.hostname,
                .is_unknown = x->is_unknown,
                .relay = x->request->relay_count > 0 ? x->facts->source : (struct ip6_address){{0}},
        };
}

static bool is_on_link(const struct exchange *x, const struct ip6_address *address)
{
        return ip6_network_has(&x->network->pool.network, address);
}

/* ---- 18.3.1 SOLICIT, 18.3.2 REQUEST ---- */

/* An unknown identity without an address asks while they are scarce: may it have one? */
static bool is_in_pace(const struct exchange *x, const struct dhcp6_client *client)
{
        const struct dhcp6_message *request = x->request;
        const size_t relays = request->relay_count;
        const struct ip6_address *relay = relays > 0 ? &x->facts->source : &x->facts->interface;
        struct dhcp_place place = {.relay = reader_over(relay->bytes, sizeof(relay->bytes))};
        uint8_t who[DHCP6_DUID_MAX + 4];
        struct writer w = writer_over(who, sizeof(who));

        if (!client->is_unknown || !dhcp6_leases_is_scarce(x->server->leases, x->pool) ||
            dhcp6_leases_find(x->server->leases, x->pool, client) ||
            dhcp6_leases_reserved(x->server->leases, x->pool, client))
                return true;
        if (relays > 0 && request->relays[relays - 1].has_interface_id)
                place.port = reader_over(request->relays[relays - 1].interface_id.bytes,
                                         request->relays[relays - 1].interface_id.size);
        writer_bytes(&w, client->duid->bytes, client->duid->size);
        writer_be32(&w, client->iaid);
        return dhcp_unknown_allows(&x->server->unknown, reader_over(who, (size_t)writer_size(&w)),
                                   &place, &x->facts->now);
}

/* Chooses for one identity; with @is_binding gives it, too. -ENOMEM. */
static int assign(struct exchange *x, const struct dhcp6_ia *asked, bool is_binding)
{
        const struct dhcp6_client client = client_of(x, asked);
        struct dhcp6_ia *ia = ia_add(&x->reply->options.ia_na, asked->iaid);
        const struct dhcp6_lease *lease;
        int rc;

        if (!is_in_pace(x, &client)) {
                x->is_too_soon = true;
                ia->status = DHCP6_STATUS_NO_ADDRESSES;
                return 0;
        }
        rc = dhcp6_leases_offer(x->server->leases, x->pool, &client,
                                asked->count > 0 ? &asked->at[0].address : NULL, &x->facts->now,
                                &lease);
        if (rc == 0 && is_binding)
                rc = dhcp6_leases_bind(x->server->leases, x->pool, &client, x->network->lease_s,
                                       &x->facts->now, &lease);
        if (rc == -ENOSPC || rc == -ENOENT) {
                ia->status = DHCP6_STATUS_NO_ADDRESSES;
                return 0;
        }
        if (rc < 0)
                return rc;
        say_address(x, &lease->address, ia);
        if (is_binding)
                keep_record(x, lease);
        return 0;
}

static int assign_all(struct exchange *x, enum dhcp6_message_type type, const char *reason)
{
        const struct dhcp6_ia_list *asked = &x->request->options.ia_na;
        const bool is_binding = type == DHCP6_REPLY;
        int rc;

        reply_begin(x, type);
        for (size_t i = 0; i < asked->count; i++) {
                rc = assign(x, &asked->at[i], is_binding);
                if (rc < 0)
                        return rc;
        }
        if (x->is_too_soon && !ip6_is_set(&x->decision->leased))
                return silent(x, "addresses are scarce, and nobody knows it: it may ask again");
        say_others(x, DHCP6_STATUS_NO_ADDRESSES, DHCP6_STATUS_NO_PREFIX);
        say_network(x);
        x->decision->must_sync = x->decision->record_count > 0;
        if (asked->count > 0 && !ip6_is_set(&x->decision->leased))
                reason = "no address is left in this network";
        return reply_end(x, reason);
}

static int receive_solicit(struct exchange *x)
{
        const bool is_rapid = x->request->options.is_rapid_commit && !x->network->no_rapid_commit;
        int rc;

        if (x->request->options.ia_na.count == 0 && x->request->options.ia_ta.count == 0 &&
            x->request->options.ia_pd.count == 0)
                return silent(x, "it asks for no address");
        if (is_rapid) {
                rc = assign_all(x, DHCP6_REPLY, "an address was given at once (rapid commit)");
                if (rc < 0 || x->decision->reply == DHCP6_NONE)
                        return rc;
                if (x->decision->record_count > 0) {
                        x->reply->options.is_rapid_commit = true;
                        return reply_end(x, NULL);
                }
                /* Nothing to commit: it is told so, and takes the offer of another. */
        }
        rc = assign_all(x, DHCP6_ADVERTISE, "an address was chosen for it");
        if (rc < 0 || x->decision->reply == DHCP6_NONE || x->network->preference == 0)
                return rc;
        x->reply->options.has_preference = true;
        x->reply->options.preference = x->network->preference;
        return reply_end(x, NULL);
}

/* RFC 8415 18.3.2: an address of another link is told, so that the client begins again. */
static bool has_foreign(const struct exchange *x, const struct dhcp6_ia *asked)
{
        for (size_t i = 0; i < asked->count; i++)
                if (!is_on_link(x, &asked->at[i].address))
                        return true;
        return false;
}

static int receive_request(struct exchange *x)
{
        const struct dhcp6_ia_list *asked = &x->request->options.ia_na;

        for (size_t i = 0; i < asked->count; i++) {
                if (!has_foreign(x, &asked->at[i]))
                        continue;
                reply_begin(x, DHCP6_REPLY);
                for (size_t n = 0; n < asked->count; n++)
                        ia_add(&x->reply->options.ia_na, asked->at[n].iaid)->status =
                                DHCP6_STATUS_NOT_ON_LINK;
                return reply_end(x, "it asked for an address of another link");
        }
        return assign_all(x, DHCP6_REPLY, "it took our offer");
}

/* ---- 18.3.3 CONFIRM ---- */

static int receive_confirm(struct exchange *x)
{
        const struct dhcp6_ia_list *asked = &x->request->options.ia_na;
        bool has_address = false, is_ours = true;

        for (size_t i = 0; i < asked->count; i++) {
                has_address = has_address || asked->at[i].count > 0;
                is_ours = is_ours && !has_foreign(x, &asked->at[i]);
        }
        if (!has_address)
                return silent(x, "it has no address to be confirmed");
        x->decision->leased = asked->at[0].at[0].address;
        reply_begin(x, DHCP6_REPLY);
        x->reply->options.status = is_ours ? DHCP6_STATUS_SUCCESS : DHCP6_STATUS_NOT_ON_LINK;
        return reply_end(x, is_ours ? "its addresses are of this link"
                                    : "it was moved: its addresses are of another link");
}

/* ---- 18.3.4 RENEW, 18.3.5 REBIND ---- */

/* The identity moves to another address, if there is one: the old one is told to be gone. */
static int extend_elsewhere(struct exchange *x, const struct dhcp6_ia *asked, struct dhcp6_ia *ia)
{
        const struct dhcp6_client client = client_of(x, asked);
        const struct dhcp6_lease *lease;
        int rc;

        rc = dhcp6_leases_offer(x->server->leases, x->pool, &client, NULL, &x->facts->now, &lease);
        if (rc == 0)
                rc = dhcp6_leases_bind(x->server->leases, x->pool, &client, x->network->lease_s,
                                       &x->facts->now, &lease);
        if (rc < 0)
                return rc == -ENOMEM ? rc : 0;
        say_address(x, &lease->address, ia);
        keep_record(x, lease);
        return 0;
}

/* One identity whose binding we know. */
static int extend(struct exchange *x, const struct dhcp6_ia *asked, struct dhcp6_ia *ia)
{
        const struct dhcp6_client client = client_of(x, asked);
        const struct ip6_address *kept = NULL;
        const struct dhcp6_lease *lease;
        int rc;

        rc = dhcp6_leases_bind(x->server->leases, x->pool, &client, x->network->lease_s,
                               &x->facts->now, &lease);
        if (rc == 0) {
                say_address(x, &lease->address, ia);
                keep_record(x, lease);
        } else {
                rc = extend_elsewhere(x, asked, ia);
        }
        if (ia->count > 0)
                kept = &ia->at[0].address;
        for (size_t i = 0; rc == 0 && i < asked->count; i++)
                if (!kept || !ip6_is_equal(&asked->at[i].address, kept))
                        say_gone(&asked->at[i].address, ia);
        return rc;
}

/* 1 if there is something to say of this identity. */
static int extend_or_not(struct exchange *x, const struct dhcp6_ia *asked)
{
        const struct dhcp6_client client = client_of(x, asked);
        const bool is_rebind = x->request->type == DHCP6_REBIND;
        struct dhcp6_ia_list *list = &x->reply->options.ia_na;
        struct dhcp6_ia *ia;
        int rc;

        if (dhcp6_leases_find(x->server->leases, x->pool, &client)) {
                rc = extend(x, asked, ia_add(list, asked->iaid));
                return rc < 0 ? rc : 1;
        }
        if (!is_rebind) {
                ia_add(list, asked->iaid)->status = DHCP6_STATUS_NO_BINDING;
                return 1;
        }
        /* Another server may know it; that an address is of another link, we know. */
        if (!has_foreign(x, asked))
                return 0;
        ia = ia_add(list, asked->iaid);
        for (size_t i = 0; i < asked->count; i++)
                if (!is_on_link(x, &asked->at[i].address))
                        say_gone(&asked->at[i].address, ia);
        return 1;
}

static int receive_renew(struct exchange *x)
{
        const struct dhcp6_ia_list *asked = &x->request->options.ia_na;
        int said = 0, rc;

        reply_begin(x, DHCP6_REPLY);
        for (size_t i = 0; i < asked->count; i++) {
                rc = extend_or_not(x, &asked->at[i]);
                if (rc < 0)
                        return rc;
                said += rc;
        }
        if (said == 0 && x->request->type == DHCP6_REBIND)
                return silent(x, "we know nothing of its leases; another server here may");
        say_others(x, DHCP6_STATUS_NO_BINDING, DHCP6_STATUS_NO_BINDING);
        say_network(x);
        x->decision->must_sync = x->decision->record_count > 0;
        return reply_end(x, x->decision->record_count > 0 ? "it renewed its lease"
                                                          : "it renewed what it does not hold");
}

/* ---- 18.3.6 INFORMATION-REQUEST ---- */

static int receive_information_request(struct exchange *x)
{
        reply_begin(x, DHCP6_REPLY);
        say_network(x);
        if (dhcp6_options_wants(&x->request->options, DHCP6_OPT_REFRESH_TIME))
                x->reply->options.refresh_s = x->network->lease_s;
        return reply_end(x, "it asked for options only");
}

/* ---- 18.3.7 RELEASE, 18.3.8 DECLINE ---- */

typedef int (*give_back_fn)(struct dhcp6_leases *leases, size_t pool,
                            const struct dhcp6_client *client, const struct ip6_address *address,
                            const struct dhcp_now *now, const struct dhcp6_lease **ret);

static int give_back(struct exchange *x, give_back_fn fn, const char *reason)
{
        const struct dhcp6_ia_list *asked = &x->request->options.ia_na;

        reply_begin(x, DHCP6_REPLY);
        for (size_t i = 0; i < asked->count; i++) {
                const struct dhcp6_client client = client_of(x, &asked->at[i]);
                const struct dhcp6_lease *lease;
                bool is_held = false;

                for (size_t n = 0; n < asked->at[i].count && !is_held; n++)
                        is_held = fn(x->server->leases, x->pool, &client,
                                     &asked->at[i].at[n].address, &x->facts->now, &lease) == 0;
                if (is_held)
                        keep_record(x, lease);
                else
                        ia_add(&x->reply->options.ia_na, asked->at[i].iaid)->status =
                                DHCP6_STATUS_NO_BINDING;
        }
        x->reply->options.status = DHCP6_STATUS_SUCCESS;
        return reply_end(x, x->decision->record_count > 0 ? reason
                                                          : "it gave back what it does not hold");
}

static int receive_release(struct exchange *x)
{
        return give_back(x, dhcp6_leases_release, "it gave its address back");
}

static int receive_decline(struct exchange *x)
{
        return give_back(x, dhcp6_leases_decline,
                         "it found the address in use by another: kept in quarantine");
}

/* ---- 16: what is dropped ---- */

enum name_rule {
        NAME_ANY,  /* ours, or none */
        NAME_NONE, /* a server's name makes it invalid */
        NAME_OURS, /* must be there */
};

struct message_row {
        int (*receive)(struct exchange *x); /* NULL: only servers send it */
        enum name_rule server_id;
        bool needs_client_id;
        bool must_be_multicast; /* RFC 8415 16: by unicast it is dropped, else told UseMulticast */
        bool has_no_identity;
};

static const struct message_row rows[DHCP6_MESSAGE_TYPE_COUNT] = {
        [DHCP6_SOLICIT] = {receive_solicit,             NAME_NONE, true,  true,  false}, /* 16.2 */
        [DHCP6_REQUEST] = {receive_request,             NAME_OURS, true,  false, false}, /* 16.4 */
        [DHCP6_CONFIRM] = {receive_confirm,             NAME_NONE, true,  true,  false}, /* 16.5 */
        [DHCP6_RENEW] = {receive_renew,               NAME_OURS, true,  false, false}, /* 16.6 */
        [DHCP6_REBIND] = {receive_renew,               NAME_NONE, true,  true,  false}, /* 16.7 */
        [DHCP6_DECLINE] = {receive_decline,             NAME_OURS, true,  false, false}, /* 16.8 */
        [DHCP6_RELEASE] = {receive_release,             NAME_OURS, true,  false, false}, /* 16.9 */
        [DHCP6_INFORMATION_REQUEST] = {receive_information_request, NAME_ANY,  false, true,  true },
};

/* NULL: it is to be answered. */
static const char *why_dropped(const struct exchange *x, const struct message_row *row)
{
        const struct dhcp6_options *options = &x->request->options;
        const bool is_named = options->server_id.size > 0;
        const bool is_ours = dhcp6_duid_is_equal(&options->server_id, &x->server->ours);

        if (!row->receive)
                return "only servers send this: another server is on this network";
        if (row->needs_client_id && options->client_id.size == 0)
                return "it does not say who it is (RFC 8415 16)";
        if (row->server_id == NAME_NONE && is_named)
                return "it names a server where it must not (RFC 8415 16)";
        if (row->server_id == NAME_OURS && !is_named)
                return "it names no server (RFC 8415 16)";
        if (is_named && !is_ours)
                return "it is for another server";
        if (row->has_no_identity &&
            options->ia_na.count + options->ia_ta.count + options->ia_pd.count > 0)
                return "it asks for addresses where it must not (RFC 8415 16.12)";
        if (row->must_be_multicast && x->facts->is_unicast && x->request->relay_count == 0)
                return "it was sent to us alone (RFC 8415 16)";
        return NULL;
}

/* RFC 8415 18.4: we never told it to speak to us alone. */
static int refuse_unicast(struct exchange *x)
{
        reply_begin(x, DHCP6_REPLY);
        x->reply->options.status = DHCP6_STATUS_USE_MULTICAST;
        return reply_end(x, "it was sent to us alone: told to ask all");
}

/* Where relays are configured, others are not believed: the one that speaks to us counts, as those
 * behind it are its own matter. */
static bool is_believed(const struct exchange *x, const struct dhcp6_network *network)
{
        for (size_t i = 0; i < network->relay_count; i++)
                if (ip6_is_equal(&network->relays[i], &x->facts->source))
                        return true;
        return network->relay_count == 0;
}

/* RFC 8415 13.1: by the relay that is nearest to the client and knows the link; else by where it
 * came in. */
static ssize_t find_pool(const struct exchange *x)
{
        const struct dhcp6_message *request = x->request;

        for (size_t i = request->relay_count; i > 0; i--) {
                const struct ip6_address *link = &request->relays[i - 1].link;

                if (ip6_is_set(link) && !ip6_is_link_local(link))
                        return dhcp6_leases_pool_of(x->server->leases, link);
        }
        if (!ip6_is_set(&x->facts->interface))
                return -ENOENT;
        return dhcp6_leases_pool_of(x->server->leases, &x->facts->interface);
}

static bool has_lease(const struct exchange *x)
{
        const struct dhcp6_ia_list *asked = &x->request->options.ia_na;

        for (size_t i = 0; i < asked->count; i++) {
                const struct dhcp6_client client = client_of(x, &asked->at[i]);
                const struct dhcp6_lease *lease =
                        dhcp6_leases_find(x->server->leases, x->pool, &client);

                if (lease && lease->state == DHCP_LEASE_BOUND)
                        return true;
        }
        return false;
}

/* Whoever gives something back holds it. */
static bool is_admitted(const struct exchange *x)
{
        const struct dhcp6_client client = {.duid = &x->request->options.client_id,
                                            .mac = x->decision->mac};
        const enum dhcp6_message_type type = x->request->type;

        if (!x->server->admit || type == DHCP6_RELEASE || type == DHCP6_DECLINE ||
            dhcp6_leases_reserved(x->server->leases, x->pool, &client))
                return true;
        return x->server->admit(x->server->context, &x->decision->mac, &x->network->pool.network,
                                has_lease(x), &x->facts->now);
}

static const char *why_unreadable(int rc)
{
        switch (rc) {
        case -ENOMSG:
                return "not a message of a kind that we know";
        case -EMSGSIZE:
                return "larger than one packet";
        default:
                return "malformed";
        }
}

static int decide(struct exchange *x)
{
        const struct message_row *row = &rows[x->request->type];
        const char *dropped = why_dropped(x, row);
        ssize_t pool;
        int rc;

        if (dropped)
                return silent(x, dropped);
        pool = find_pool(x);
        if (pool < 0)
                return silent(x, x->request->relay_count > 0
                                         ? "its relay is on a network that is not ours"
                                         : "it came in on a network that is not ours");
        x->pool = (size_t)pool;
        x->network = &x->server->networks[pool];
        if (x->request->relay_count > 0 && !is_believed(x, x->network))
                return silent(x, "its relay may not speak for this network");
        x->decision->network = x->network->pool.network;
        x->decision->is_stranger = !is_admitted(x);
        if (x->decision->is_stranger)
                return silent(x, "nobody knows it: unknown machines are only listed here");
        x->is_unknown =
                x->server->is_known && !x->server->is_known(x->server->context, &x->decision->mac);
        if (x->facts->is_unicast && x->request->relay_count == 0)
                return refuse_unicast(x);
        rc = row->receive(x);
        if (rc < 0)
                silent(x, "out of memory");
        return rc;
}

int dhcp6_server_receive(struct dhcp6_server *server, const void *bytes, size_t size,
                         const struct dhcp6_facts *facts, struct dhcp6_decision *ret)
{
        struct dhcp6_message reply;
        struct exchange x = {
                .server = server,
                .facts = facts,
                .request = &ret->request,
                .decision = ret,
                .reply = &reply,
        };
        int rc;

        memset(ret, 0, sizeof(*ret));
        rc = dhcp6_message_parse(reader_over(bytes, size), &ret->request);
        if (rc < 0) {
                silent(&x, why_unreadable(rc));
                return rc;
        }
        ret->received = ret->request.type;
        (void)dhcp6_message_mac(&ret->request, &facts->source, &ret->mac);
        dhcp6_leases_expire(server->leases, &facts->now);
        return decide(&x);
}
