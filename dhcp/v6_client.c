/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCPv6 client
 *
 * The message exchanges of RFC 8415 18.2 as states, each a const struct of what
 * it sends, how often, and what it makes of an answer; client_enter() is the only
 * function that changes the state. The first offer that has an address is taken:
 * a machine that boots does not wait for a better one (18.2.9 allows it). What is
 * left out: the random delay before the first message (18.2.1), as machines of a
 * rack start at different times anyhow.
 */
#include "dhcp/v6_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define LEASE_FOR_EVER UINT32_MAX
/* What a broken server may say shorter would make us flood it. */
#define LEASE_MIN_S 30
/* RFC 8415 7.6 lets a SOLICIT wait for an hour in the end; who watches a boot does not. */
#define SOLICIT_LAST_MS 16000

struct client_state;

struct dhcp6_client {
        struct dhcp6_duid duid;
        uint32_t iaid;

        const struct client_state *state;
        unsigned int attempts; /* messages sent in this state */
        uint64_t wait_ms;      /* before the last of them was sent again */
        uint32_t xid;
        uint32_t random; /* of the call at hand */
        uint64_t now_ms; /* likewise */
        uint64_t started_ms;
        uint64_t deadline_ms;

        struct dhcp6_duid server;
        struct ip6_address offered;
        bool has_lease;
        struct dhcp6_client_lease lease;
        uint64_t renew_ms, rebind_ms, expire_ms; /* UINT64_MAX: never */
};

/* RFC 8415 7.6 and 15: how a message is sent again. */
struct client_state {
        const char *name;
        enum dhcp6_message_type sends; /* DHCP6_NONE: it waits */
        bool names_server;
        uint32_t first_ms, last_ms;
        unsigned int attempts_max; /* 0: no limit; then it begins anew */
        int (*receive)(struct dhcp6_client *client, const struct dhcp6_message *message,
                       struct dhcp6_client_action *action);
};

static int receive_offer(struct dhcp6_client *client, const struct dhcp6_message *message,
                         struct dhcp6_client_action *action);
static int receive_reply(struct dhcp6_client *client, const struct dhcp6_message *message,
                         struct dhcp6_client_action *action);

static int receive_end(struct dhcp6_client *client, const struct dhcp6_message *message,
                       struct dhcp6_client_action *action);

static const struct client_state
        state_soliciting = {"SOLICITING", DHCP6_SOLICIT, false, 1000, SOLICIT_LAST_MS, 0,
                            receive_offer},
        state_requesting = {"REQUESTING", DHCP6_REQUEST, true, 1000, 30000, 5, receive_reply},
        state_bound = {"BOUND", DHCP6_NONE, false, 0, 0, 0, NULL},
        state_renewing = {"RENEWING", DHCP6_RENEW, true, 10000, 600000, 0, receive_reply},
        state_rebinding = {"REBINDING", DHCP6_REBIND, false, 10000, 600000, 0, receive_reply},
        state_declining = {"DECLINING", DHCP6_DECLINE, true, 1000, 8000, 4, receive_end};

struct dhcp6_client *dhcp6_client_new(const struct mac_address *mac)
{
        struct dhcp6_client *client = calloc(1, sizeof(*client));

        if (!client)
                return NULL;
        client->duid = dhcp6_duid_of_mac(mac);
        memcpy(&client->iaid, mac->bytes + 2, sizeof(client->iaid));
        client->state = &state_soliciting;
        client->deadline_ms = UINT64_MAX;
        return client;
}

struct dhcp6_client *dhcp6_client_free(struct dhcp6_client *client)
{
        free(client);
        return NULL;
}

/* RFC 8415 15: RT = 2 * RTprev + RAND * RTprev, RAND within a tenth, up to MRT. */
static uint64_t next_wait_ms(const struct dhcp6_client *client)
{
        const uint64_t base = client->attempts == 0 ? client->state->first_ms : 2 * client->wait_ms;
        const uint64_t most = client->state->last_ms;
        const uint64_t wait = base < most ? base : most;
        const uint64_t tenth = wait / 10;

        return wait - tenth + client->random % (2 * tenth + 1);
}

static void send_message(struct dhcp6_client *client, struct dhcp6_client_action *action)
{
        static const uint16_t wanted[] = {DHCP6_OPT_DNS, DHCP6_OPT_DOMAIN};
        const uint64_t elapsed_cs = (client->now_ms - client->started_ms) / 10;
        struct dhcp6_message message = {.type = client->state->sends, .xid = client->xid};
        struct dhcp6_options *options = &message.options;
        struct dhcp6_ia *ia = &options->ia_na.at[0];
        ssize_t size;

        dhcp6_options_init(options);
        options->client_id = client->duid;
        if (client->state->names_server)
                options->server_id = client->server;
        options->elapsed_cs = elapsed_cs < UINT16_MAX ? (uint16_t)elapsed_cs : UINT16_MAX;
        options->is_rapid_commit = message.type == DHCP6_SOLICIT;
        if (message.type != DHCP6_DECLINE) { /* it wants nothing (RFC 8415, appendix B) */
                (void)text_copy(options->user_class, sizeof(options->user_class),
                                DHCP6_CLIENT_CLASS);
                options->requested.count = ARRAY_SIZE(wanted);
                memcpy(options->requested.at, wanted, sizeof(wanted));
        }
        options->ia_na.count = 1;
        *ia = (struct dhcp6_ia){.iaid = client->iaid, .status = DHCP6_STATUS_UNSAID};
        if (message.type != DHCP6_SOLICIT)
                ia->at[ia->count++].address =
                        client->has_lease ? client->lease.address : client->offered;
        size = dhcp6_message_write(&message, action->bytes, sizeof(action->bytes));
        action->size = size < 0 ? 0 : (size_t)size; /* it is short: it fits */
}

static void client_send(struct dhcp6_client *client, struct dhcp6_client_action *action)
{
        client->wait_ms = next_wait_ms(client);
        send_message(client, action);
        client->attempts++;
        client->deadline_ms = client->now_ms + client->wait_ms;
}

/* Of a state with a lease, no longer than that holds, or its next step. */
static void bound_deadline(struct dhcp6_client *client)
{
        uint64_t until = client->expire_ms;

        if (client->state == &state_bound)
                until = client->renew_ms;
        else if (client->state == &state_renewing)
                until = client->rebind_ms;
        if (client->has_lease && (client->state == &state_bound || until < client->deadline_ms))
                client->deadline_ms = until;
}

static void client_enter(struct dhcp6_client *client, const struct client_state *state,
                         struct dhcp6_client_action *action)
{
        client->state = state;
        client->attempts = 0;
        client->started_ms = client->now_ms;
        client->xid = client->random & 0xffffff;
        if (state->sends != DHCP6_NONE)
                client_send(client, action);
        bound_deadline(client);
}

static bool is_usable(const struct ip6_address *ip)
{
        static const struct ip6_address loopback = {{[15] = 1}};
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

        return ip6_is_set(ip) && ip->bytes[0] != 0xff && !ip6_is_link_local(ip) &&
               !ip6_is_equal(ip, &loopback) && memcmp(ip->bytes, mapped, sizeof(mapped)) != 0;
}

/* The address that it gives us, for longer than nothing. NULL: none. @ret_ia: our identity. */
static const struct dhcp6_address *address_of(const struct dhcp6_client *client,
                                              const struct dhcp6_message *message,
                                              const struct dhcp6_ia **ret_ia)
{
        const struct dhcp6_ia_list *list = &message->options.ia_na;

        *ret_ia = NULL;
        for (size_t i = 0; i < list->count; i++) {
                if (list->at[i].iaid != client->iaid)
                        continue;
                *ret_ia = &list->at[i];
                for (size_t n = 0; n < list->at[i].count; n++)
                        if (list->at[i].at[n].valid_s > 0 &&
                            list->at[i].at[n].preferred_s <= list->at[i].at[n].valid_s &&
                            is_usable(&list->at[i].at[n].address))
                                return &list->at[i].at[n];
        }
        return NULL;
}

static uint64_t after_s(const struct dhcp6_client *client, uint32_t seconds)
{
        if (seconds == LEASE_FOR_EVER)
                return UINT64_MAX;
        return client->now_ms + (uint64_t)(seconds < LEASE_MIN_S ? LEASE_MIN_S : seconds) * 1000;
}

/* RFC 8415 21.4: 0 leaves T1 and T2 to us; what is out of order is as good as not said. */
static void take_lease(struct dhcp6_client *client, const struct dhcp6_message *message,
                       const struct dhcp6_ia *ia, const struct dhcp6_address *address,
                       struct dhcp6_client_action *action)
{
        const bool is_same =
                client->has_lease && ip6_is_equal(&client->lease.address, &address->address);
        const uint32_t preferred_s = address->preferred_s ? address->preferred_s : address->valid_s;
        uint32_t renew_s = ia->renew_s, rebind_s = ia->rebind_s;

        if (rebind_s == 0 || rebind_s > address->valid_s)
                rebind_s = preferred_s == LEASE_FOR_EVER
                                   ? LEASE_FOR_EVER
                                   : (uint32_t)((uint64_t)preferred_s * 4 / 5);
        if (renew_s == 0 || renew_s > rebind_s)
                renew_s = preferred_s == LEASE_FOR_EVER ? LEASE_FOR_EVER : preferred_s / 2;
        client->server = message->options.server_id;
        client->has_lease = true;
        client->lease = (struct dhcp6_client_lease){.address = address->address,
                                                    .dns = message->options.dns,
                                                    .valid_s = address->valid_s};
        memcpy(client->lease.domain, message->options.domain, sizeof(client->lease.domain));
        client->expire_ms = after_s(client, address->valid_s);
        client->rebind_ms = after_s(client, rebind_s);
        client->renew_ms = after_s(client, renew_s);
        if (client->rebind_ms > client->expire_ms)
                client->rebind_ms = client->expire_ms;
        if (client->renew_ms > client->rebind_ms)
                client->renew_ms = client->rebind_ms;
        action->event = is_same ? DHCP_CLIENT_RENEWED : DHCP_CLIENT_BOUND;
        client_enter(client, &state_bound, action);
}

static void client_lose(struct dhcp6_client *client, struct dhcp6_client_action *action)
{
        if (client->has_lease)
                action->event = DHCP_CLIENT_LOST;
        client->has_lease = false;
        client_enter(client, &state_soliciting, action);
}

/* 18.2.9; a REPLY only where it says that it was committed at once (18.2.10.1). */
static int receive_offer(struct dhcp6_client *client, const struct dhcp6_message *message,
                         struct dhcp6_client_action *action)
{
        const struct dhcp6_ia *ia;
        const struct dhcp6_address *address = address_of(client, message, &ia);

        if (!address)
                return -ENOMSG;
        if (message->type == DHCP6_REPLY && message->options.is_rapid_commit) {
                take_lease(client, message, ia, address, action);
                return 0;
        }
        if (message->type != DHCP6_ADVERTISE)
                return -ENOMSG;
        client->server = message->options.server_id;
        client->offered = address->address;
        client_enter(client, &state_requesting, action);
        return 0;
}

static bool is_same_server(const struct dhcp6_client *client, const struct dhcp6_message *message)
{
        return !client->state->names_server ||
               dhcp6_duid_is_equal(&message->options.server_id, &client->server);
}

/* 18.2.10 */
static int receive_reply(struct dhcp6_client *client, const struct dhcp6_message *message,
                         struct dhcp6_client_action *action)
{
        const struct dhcp6_ia *ia;
        const struct dhcp6_address *address = address_of(client, message, &ia);
        const struct ip6_address *ours =
                client->has_lease ? &client->lease.address : &client->offered;

        if (message->type != DHCP6_REPLY || !is_same_server(client, message) || !ia)
                return -ENOMSG;
        if (address) {
                take_lease(client, message, ia, address, action);
                return 0;
        }
        /* It knows us no more, or not here; or takes the address back, with a lifetime of zero. */
        for (size_t i = 0; i < ia->count; i++)
                if (ip6_is_equal(&ia->at[i].address, ours) && ia->at[i].valid_s == 0) {
                        client_lose(client, action);
                        return 0;
                }
        if (ia->status != DHCP6_STATUS_NO_BINDING && ia->status != DHCP6_STATUS_NOT_ON_LINK &&
            ia->status != DHCP6_STATUS_NO_ADDRESSES)
                return -ENOMSG;
        client_lose(client, action);
        return 0;
}

/* 18.2.10.3: whatever it says, it was told. */
static int receive_end(struct dhcp6_client *client, const struct dhcp6_message *message,
                       struct dhcp6_client_action *action)
{
        if (message->type != DHCP6_REPLY || !is_same_server(client, message))
                return -ENOMSG;
        client_enter(client, &state_soliciting, action);
        return 0;
}

static void begin(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                  struct dhcp6_client_action *ret)
{
        client->now_ms = now_ms;
        client->random = random;
        ret->event = DHCP_CLIENT_NOTHING;
        ret->size = 0;
}

void dhcp6_client_start(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                        struct dhcp6_client_action *ret)
{
        begin(client, now_ms, random, ret);
        client->has_lease = false;
        client_enter(client, &state_soliciting, ret);
        ret->deadline_ms = client->deadline_ms;
}

int dhcp6_client_receive(struct dhcp6_client *client, const void *bytes, size_t size,
                         uint64_t now_ms, uint32_t random, struct dhcp6_client_action *ret)
{
        struct dhcp6_message message;
        int rc;

        begin(client, now_ms, random, ret);
        ret->deadline_ms = client->deadline_ms;
        rc = dhcp6_message_parse(reader_over(bytes, size), &message);
        if (rc < 0)
                return rc;
        if (!client->state->receive || message.relay_count > 0 || message.xid != client->xid ||
            !dhcp6_duid_is_equal(&message.options.client_id, &client->duid) ||
            message.options.server_id.size == 0)
                return -ENOMSG;
        rc = client->state->receive(client, &message, ret);
        ret->deadline_ms = client->deadline_ms;
        return rc;
}

void dhcp6_client_expire(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                         struct dhcp6_client_action *ret)
{
        begin(client, now_ms, random, ret);
        if (now_ms >= client->deadline_ms) {
                if (client->has_lease && now_ms >= client->expire_ms)
                        client_lose(client, ret);
                else if (client->state == &state_bound)
                        client_enter(client, &state_renewing, ret);
                else if (client->state == &state_renewing && now_ms >= client->rebind_ms)
                        client_enter(client, &state_rebinding, ret);
                else if (client->state->attempts_max > 0 &&
                         client->attempts >= client->state->attempts_max)
                        client_enter(client, &state_soliciting, ret);
                else {
                        client_send(client, ret);
                        bound_deadline(client);
                }
        }
        ret->deadline_ms = client->deadline_ms;
}

void dhcp6_client_decline(struct dhcp6_client *client, uint64_t now_ms, uint32_t random,
                          struct dhcp6_client_action *ret)
{
        begin(client, now_ms, random, ret);
        if (client->has_lease) {
                client->offered = client->lease.address;
                client->has_lease = false;
                client_enter(client, &state_declining, ret);
        }
        ret->deadline_ms = client->deadline_ms;
}

const struct dhcp6_client_lease *dhcp6_client_get_lease(const struct dhcp6_client *client)
{
        return client->has_lease ? &client->lease : NULL;
}

const char *dhcp6_client_state_name(const struct dhcp6_client *client)
{
        return client->state->name;
}
