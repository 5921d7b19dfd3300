/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside of the server: for server.c, reply.c, choice.c and query.c alone. */

#include "dhcp/server.h"
#include "dhcp/unknown.h"

struct dhcp_server {
        dhcp_boot_fn boot;
        dhcp_admit_fn admit;    /* NULL: all are */
        dhcp_known_fn is_known; /* NULL: all are */
        void *context;
        struct dhcp_leases *leases;
        struct dhcp_network networks[DHCP_MAX_POOLS]; /* by number of their pool */
        size_t network_count;
        struct dhcp_unknown unknown;
};

/* All that the functions below need to know about the message at hand. */
struct exchange {
        struct dhcp_server *server;
        const struct dhcp_facts *facts;
        const struct dhcp_network *network; /* where it asked, then of the address it is given */
        size_t pool;                        /* where it asked */
        struct dhcp_relay_info relay;       /* empty unless a relay said it */
        struct ip4_address server_id;
        struct dhcp_message *request;
        struct dhcp_decision *decision;

        struct dhcp_permit permit;                                  /* over ranges */
        struct dhcp_range ranges[DHCP_MAX_POOLS * DHCP_MAX_RANGES]; /* last: they are not zeroed */
};

/* --- reply.c: what is said, and to whom --- */

int dhcp_silent(struct exchange *x, const char *reason);
struct dhcp_message dhcp_reply_begin(const struct exchange *x, enum dhcp_message_type type);
int dhcp_reply_end(struct exchange *x, const struct dhcp_message *reply, const char *reason);
void dhcp_say_network(const struct exchange *x, struct dhcp_options *options);
void dhcp_say_lease(const struct exchange *x, struct dhcp_options *options);
void dhcp_say_boot(const struct exchange *x, struct ip4_address address,
                   struct dhcp_message *reply);

/* --- choice.c: which network, which ranges, who is it --- */

/* Fills pool, network, relay and server_id. False: on none of ours, and @ret_reason says so. */
bool dhcp_exchange_place(struct exchange *x, const char **ret_reason);
/* Fills ranges and permit. */
void dhcp_exchange_permit(struct exchange *x);
/* Which reservation is its own? */
int dhcp_exchange_recognise(struct exchange *x);
/* An unknown machine without an address asks while they are scarce: may it have one? */
bool dhcp_exchange_is_in_pace(struct exchange *x);

/* --- query.c --- */

int dhcp_receive_leasequery(struct exchange *x); /* RFC 4388 */
