/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCP client
 *
 * The states of RFC 2131 figure 5, each a const struct of what it does when it
 * is entered, when a message comes and when its deadline comes; client_enter()
 * is the only function that changes the state. An ARP probe of the new address
 * (4.4.1) is left out: the machine used this very address a second ago, when its
 * firmware booted.
 */
#include "dhcp/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/*
 * RFC 2131 4.1 proposes 4 s to begin with, and 64 s in the end. A ramdisk has
 * just brought its link up, and the first message is often lost in the switch:
 * we begin at 1 s, as iPXE does, and stay below the patience of who watches.
 */
#define RETRY_FIRST_MS     1000
#define RETRY_LAST_MS      16000

#define REQUEST_ATTEMPTS   4     /* then the server is gone: begin anew (4.4.1) */
#define RENEW_RETRY_MIN_MS 60000 /* RFC 2131 4.4.5 */
#define LEASE_FOR_EVER     UINT32_MAX
#define LEASE_MIN_S        30 /* what a broken server may say shorter would make us flood it */

struct client_state;

struct dhcp_client {
        struct mac_address mac;
        char hostname[DHCP_HOSTNAME_SIZE];

        const struct client_state *state;
        unsigned int attempts; /* messages sent in this state */
        uint32_t xid;
        uint32_t random; /* of the call at hand */
        uint64_t now_ms; /* likewise */
        uint64_t started_ms;
        uint64_t deadline_ms;

        struct ip4_address wanted;      /* asked for in DISCOVER; unset: any */
        struct dhcp_client_lease offer; /* REQUESTING: what was offered */
        struct dhcp_client_lease lease; /* BOUND and later */
        uint64_t renew_ms, rebind_ms, expire_ms;
};

struct client_state {
        const char *name;
        void (*enter)(struct dhcp_client *client, struct dhcp_client_action *action);
        int (*receive)(struct dhcp_client *client, const struct dhcp_message *message,
                       struct dhcp_client_action *action);
        void (*expire)(struct dhcp_client *client, struct dhcp_client_action *action);
};

static const struct client_state state_init, state_selecting, state_requesting, state_bound,
        state_renewing, state_rebinding;

static void client_enter(struct dhcp_client *client, const struct client_state *state,
                         struct dhcp_client_action *action)
{
        client->state = state;
        client->attempts = 0;
        state->enter(client, action);
}

/* 1, 2, 4, 8, 16, 16, ... seconds, each a quarter more or less. */
static uint64_t retry_ms(const struct dhcp_client *client)
{
        const unsigned int doublings = client->attempts < 5 ? client->attempts : 5;
        uint64_t wait = (uint64_t)RETRY_FIRST_MS << doublings;

        if (wait > RETRY_LAST_MS)
                wait = RETRY_LAST_MS;
        return wait * 3 / 4 + client->random % (wait / 2 + 1);
}

/* --- messages --- */

static struct dhcp_message message_begin(const struct dhcp_client *client,
                                         enum dhcp_message_type type)
{
        static const uint8_t parameters[] = {
                DHCP_OPT_NETMASK,   DHCP_OPT_ROUTERS,      DHCP_OPT_DNS,
                DHCP_OPT_HOSTNAME,  DHCP_OPT_DOMAIN,       DHCP_OPT_LEASE_TIME,
                DHCP_OPT_SERVER_ID, DHCP_OPT_RENEWAL_TIME, DHCP_OPT_REBINDING_TIME,
        };
        static const uint8_t hardware_ethernet = 1; /* client id: type and MAC, as iPXE */
        const uint64_t secs = (client->now_ms - client->started_ms) / 1000;
        struct dhcp_message message = {
                .op = DHCP_OP_REQUEST,
                .xid = client->xid,
                .secs = secs < UINT16_MAX ? (uint16_t)secs : UINT16_MAX,
                .mac = client->mac,
        };
        struct dhcp_options *options = &message.options;

        options->type = type;
        options->max_size = DHCP_MESSAGE_MAX + DHCP_HEADERS_SIZE;
        options->parameters.size = sizeof(parameters);
        memcpy(options->parameters.bytes, parameters, sizeof(parameters));
        options->client_id.size = 1 + sizeof(client->mac.bytes);
        options->client_id.bytes[0] = hardware_ethernet;
        memcpy(options->client_id.bytes + 1, client->mac.bytes, sizeof(client->mac.bytes));
        memcpy(options->hostname, client->hostname, sizeof(client->hostname));
        (void)text_copy(options->vendor_class, sizeof(options->vendor_class), "cloudie");
        return message;
}

static void emit(struct dhcp_client *client, const struct dhcp_message *message,
                 struct ip4_address to, struct dhcp_client_action *action)
{
        const ssize_t size = dhcp_message_write(message, action->bytes, sizeof(action->bytes));

        action->size = size > 0 ? (size_t)size : 0;
        action->from = message->ciaddr;
        action->to = to;
        client->attempts++;
}

static const struct ip4_address everybody = {.be = UINT32_MAX};

static void send_discover(struct dhcp_client *client, struct dhcp_client_action *action)
{
        struct dhcp_message message = message_begin(client, DHCP_DISCOVER);

        message.options.wanted = client->wanted;
        client->deadline_ms = client->now_ms + retry_ms(client);
        emit(client, &message, everybody, action);
}

static void send_request(struct dhcp_client *client, struct dhcp_client_action *action)
{
        struct dhcp_message message = message_begin(client, DHCP_REQUEST);

        message.options.wanted = client->offer.address;
        message.options.server_id = client->offer.server;
        client->deadline_ms = client->now_ms + retry_ms(client);
        emit(client, &message, everybody, action);
}

/* RFC 2131 4.4.5: again after half of what is left, but not within a minute. */
static void send_renewal(struct dhcp_client *client, struct ip4_address to, uint64_t until_ms,
                         struct dhcp_client_action *action)
{
        struct dhcp_message message = message_begin(client, DHCP_REQUEST);
        const uint64_t left = until_ms > client->now_ms ? until_ms - client->now_ms : 0;
        const uint64_t wait = left / 2 > RENEW_RETRY_MIN_MS ? left / 2 : RENEW_RETRY_MIN_MS;

        message.ciaddr = client->lease.address;
        client->deadline_ms = client->now_ms + (wait < left ? wait : left);
        emit(client, &message, to, action);
}

/* --- what servers say --- */

/* -ENOMSG unless the mask is ones followed by zeroes, and at least one of them. */
static int prefix_of(struct ip4_address netmask, uint8_t *ret)
{
        const uint32_t mask = ntohl(netmask.be);
        const uint32_t rest = ~mask;

        if (mask == 0 || (rest & (rest + 1)) != 0)
                return -ENOMSG;
        *ret = (uint8_t)__builtin_popcount(mask);
        return 0;
}

/* An OFFER or ACK that we can live with. */
static int lease_parse(const struct dhcp_message *message, struct dhcp_client_lease *ret)
{
        const struct dhcp_options *options = &message->options;
        struct dhcp_client_lease lease = {
                .address = message->yiaddr,
                .server = options->server_id,
                .router = options->router,
                .dns = options->dns,
                .lease_s = options->lease_s,
        };

        if (!ip4_is_set(message->yiaddr) || !ip4_is_set(options->server_id) ||
            options->lease_s == 0 || prefix_of(options->netmask, &lease.prefix) < 0)
                return -ENOMSG;
        if (lease.lease_s < LEASE_MIN_S)
                lease.lease_s = LEASE_MIN_S;
        memcpy(lease.hostname, options->hostname, sizeof(lease.hostname));
        memcpy(lease.domain, options->domain, sizeof(lease.domain));
        *ret = lease;
        return 0;
}

static uint64_t after_s(const struct dhcp_client *client, uint64_t seconds)
{
        return client->now_ms + seconds * 1000;
}

/* T1 and T2 as the server says, if they are in order; else as RFC 2131 4.4.5 says. */
static void take_times(struct dhcp_client *client, const struct dhcp_options *options)
{
        const uint64_t lease_s = client->lease.lease_s;
        uint64_t renew_s = options->renewal_s, rebind_s = options->rebinding_s;

        if (lease_s == LEASE_FOR_EVER) {
                client->renew_ms = client->rebind_ms = client->expire_ms = UINT64_MAX;
                return;
        }
        if (renew_s == 0 || renew_s >= rebind_s || rebind_s >= lease_s) {
                renew_s = lease_s / 2;
                rebind_s = lease_s * 7 / 8;
        }
        client->renew_ms = after_s(client, renew_s);
        client->rebind_ms = after_s(client, rebind_s);
        client->expire_ms = after_s(client, lease_s);
}

static bool is_same_list(const struct dhcp_address_list *a, const struct dhcp_address_list *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!ip4_is_equal(a->at[i], b->at[i]))
                        return false;
        return true;
}

static bool is_same_setup(const struct dhcp_client_lease *a, const struct dhcp_client_lease *b)
{
        return ip4_is_equal(a->address, b->address) && a->prefix == b->prefix &&
               is_same_list(&a->router, &b->router) && is_same_list(&a->dns, &b->dns) &&
               text_is_equal(a->hostname, b->hostname) && text_is_equal(a->domain, b->domain);
}

static int take_ack(struct dhcp_client *client, const struct dhcp_message *message,
                    struct dhcp_client_action *action)
{
        struct dhcp_client_lease lease;
        int rc;

        rc = lease_parse(message, &lease);
        if (rc < 0)
                return rc;
        action->event =
                is_same_setup(&lease, &client->lease) ? DHCP_CLIENT_RENEWED : DHCP_CLIENT_BOUND;
        client->lease = lease;
        take_times(client, &message->options);
        client_enter(client, &state_bound, action);
        return 0;
}

static void lose(struct dhcp_client *client, struct dhcp_client_action *action)
{
        client->lease = (struct dhcp_client_lease){0};
        action->event = DHCP_CLIENT_LOST;
        client_enter(client, &state_init, action);
}

/* --- INIT: a new conversation --- */

static void enter_init(struct dhcp_client *client, struct dhcp_client_action *action)
{
        client->xid = client->random;
        client->started_ms = client->now_ms;
        client_enter(client, &state_selecting, action);
}

static int receive_nothing(struct dhcp_client *client, const struct dhcp_message *message,
                           struct dhcp_client_action *action)
{
        (void)client, (void)message, (void)action;
        return -ENOMSG;
}

static const struct client_state state_init = {
        .name = "INIT",
        .enter = enter_init,
        .receive = receive_nothing,
        .expire = enter_init,
};

/* --- SELECTING: the first offer that will do --- */

static int receive_offer(struct dhcp_client *client, const struct dhcp_message *message,
                         struct dhcp_client_action *action)
{
        int rc;

        if (message->options.type != DHCP_OFFER)
                return -ENOMSG;
        rc = lease_parse(message, &client->offer);
        if (rc < 0)
                return rc;
        client_enter(client, &state_requesting, action);
        return 0;
}

static const struct client_state state_selecting = {
        .name = "SELECTING",
        .enter = send_discover,
        .receive = receive_offer,
        .expire = send_discover,
};

/* --- REQUESTING --- */

static int receive_answer(struct dhcp_client *client, const struct dhcp_message *message,
                          struct dhcp_client_action *action)
{
        if (!ip4_is_equal(message->options.server_id, client->offer.server))
                return -ENOMSG;
        if (message->options.type == DHCP_ACK)
                return take_ack(client, message, action);
        if (message->options.type != DHCP_NAK)
                return -ENOMSG;

        client->wanted = (struct ip4_address){0};
        client_enter(client, &state_init, action);
        return 0;
}

static void expire_requesting(struct dhcp_client *client, struct dhcp_client_action *action)
{
        if (client->attempts < REQUEST_ATTEMPTS)
                send_request(client, action);
        else
                client_enter(client, &state_init, action);
}

static const struct client_state state_requesting = {
        .name = "REQUESTING",
        .enter = send_request,
        .receive = receive_answer,
        .expire = expire_requesting,
};

/* --- BOUND --- */

static void enter_bound(struct dhcp_client *client, struct dhcp_client_action *action)
{
        (void)action;
        client->wanted = client->lease.address;
        client->deadline_ms = client->renew_ms;
}

static void expire_bound(struct dhcp_client *client, struct dhcp_client_action *action)
{
        client->xid = client->random;
        client->started_ms = client->now_ms;
        client_enter(client, &state_renewing, action);
}

static const struct client_state state_bound = {
        .name = "BOUND",
        .enter = enter_bound,
        .receive = receive_nothing,
        .expire = expire_bound,
};

/* --- RENEWING: from the server that gave it; REBINDING: from any --- */

static int receive_renewal(struct dhcp_client *client, const struct dhcp_message *message,
                           struct dhcp_client_action *action)
{
        if (message->options.type == DHCP_ACK)
                return take_ack(client, message, action);
        if (message->options.type != DHCP_NAK)
                return -ENOMSG;
        client->wanted = (struct ip4_address){0};
        lose(client, action);
        return 0;
}

static void enter_renewing(struct dhcp_client *client, struct dhcp_client_action *action)
{
        send_renewal(client, client->lease.server, client->rebind_ms, action);
}

static void expire_renewing(struct dhcp_client *client, struct dhcp_client_action *action)
{
        if (client->now_ms < client->rebind_ms)
                enter_renewing(client, action);
        else
                client_enter(client, &state_rebinding, action);
}

static const struct client_state state_renewing = {
        .name = "RENEWING",
        .enter = enter_renewing,
        .receive = receive_renewal,
        .expire = expire_renewing,
};

static void enter_rebinding(struct dhcp_client *client, struct dhcp_client_action *action)
{
        send_renewal(client, everybody, client->expire_ms, action);
}

static void expire_rebinding(struct dhcp_client *client, struct dhcp_client_action *action)
{
        if (client->now_ms < client->expire_ms)
                enter_rebinding(client, action);
        else
                lose(client, action);
}

static const struct client_state state_rebinding = {
        .name = "REBINDING",
        .enter = enter_rebinding,
        .receive = receive_renewal,
        .expire = expire_rebinding,
};

/* --- the door --- */

struct dhcp_client *dhcp_client_new(const struct mac_address *mac, const char *hostname)
{
        struct dhcp_client *client = calloc(1, sizeof(*client));

        if (!client)
                return NULL;
        client->mac = *mac;
        (void)text_copy(client->hostname, sizeof(client->hostname), hostname);
        client->state = &state_init;
        client->deadline_ms = UINT64_MAX;
        return client;
}

struct dhcp_client *dhcp_client_free(struct dhcp_client *client)
{
        free(client);
        return NULL;
}

static void call_begin(struct dhcp_client *client, uint64_t now_ms, uint32_t random,
                       struct dhcp_client_action *ret)
{
        client->now_ms = now_ms;
        client->random = random;
        *ret = (struct dhcp_client_action){0};
}

void dhcp_client_start(struct dhcp_client *client, struct ip4_address wanted, uint64_t now_ms,
                       uint32_t random, struct dhcp_client_action *ret)
{
        call_begin(client, now_ms, random, ret);
        client->wanted = wanted;
        client->lease = (struct dhcp_client_lease){0};
        client_enter(client, &state_init, ret);
        ret->deadline_ms = client->deadline_ms;
}

int dhcp_client_receive(struct dhcp_client *client, const void *bytes, size_t size, uint64_t now_ms,
                        uint32_t random, struct dhcp_client_action *ret)
{
        struct dhcp_message message;
        int rc;

        call_begin(client, now_ms, random, ret);
        ret->deadline_ms = client->deadline_ms;

        rc = dhcp_message_parse(reader_over(bytes, size), &message);
        if (rc < 0)
                return rc;
        if (message.op != DHCP_OP_REPLY || message.xid != client->xid ||
            !mac_is_equal(&message.mac, &client->mac))
                return -ENOMSG;
        rc = client->state->receive(client, &message, ret);
        if (rc < 0)
                return rc;

        ret->deadline_ms = client->deadline_ms;
        return 0;
}

void dhcp_client_expire(struct dhcp_client *client, uint64_t now_ms, uint32_t random,
                        struct dhcp_client_action *ret)
{
        call_begin(client, now_ms, random, ret);
        if (now_ms >= client->deadline_ms)
                client->state->expire(client, ret);
        ret->deadline_ms = client->deadline_ms;
}

const struct dhcp_client_lease *dhcp_client_get_lease(const struct dhcp_client *client)
{
        return ip4_is_set(client->lease.address) ? &client->lease : NULL;
}

const char *dhcp_client_state_name(const struct dhcp_client *client)
{
        return client->state->name;
}

unsigned int dhcp_client_attempts(const struct dhcp_client *client)
{
        return client->attempts;
}
