/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Edge: the link to the controller (docs/protocol.md, /edge/v1).
 *
 * Four threads, so that none waits for another: one keeps configuration and
 * assets equal to the controller's, one asks for plans, one delivers events, one
 * tells which addresses are leased.
 */

#include "lib/node/wire.h"
#include "netboot/assets.h"
#include "netboot/boots.h"
#include "netboot/events.h"
#include "netboot/lease_news.h"

struct edge;

/* Plans that wait to be asked for; a rack that is switched on at once is 50 machines. */
#define EDGE_MAX_PLANS 1024

struct edge_options {
        const char *controller, *ca_file, *join_token_file, *name;
        const char *state; /* folder */
        struct boots *boots;
        struct events *events;
        struct lease_news *news;
        struct assets *assets;
        /* New configuration; checked. On a thread of the edge: must not wait. @take is the
         * callee's to free with edge_config_done() and free(). */
        void (*on_config)(void *context, struct edge_config *take);
        /* The question about this machine was answered, or failed. On a thread of the edge. */
        void (*on_plan)(void *context, const struct mac_address *mac);
        void *context;
};

/* Reads credential, or join token, while the process may. 0, -ENOMEM, or -errno with a sentence
 * in @error (DAEMON_ERROR_SIZE). */
int edge_new(const struct edge_options *options, char *error, struct edge **ret);

/* The configuration of last time. 0, -ENOENT, or -EBADMSG with a sentence. */
int edge_config_read(const struct edge *edge, char *error, struct edge_config *ret);

int edge_start(struct edge *edge); /* -errno of pthread_create */
/* Ends the threads, within a second or two; takes NULL. */
struct edge *edge_free(struct edge *edge);

/* A copy of the credential; false: there is none yet. Any thread. */
bool edge_credential(struct edge *edge, char ret[static WIRE_TOKEN_SIZE]);

/* Asks for a plan, if that is not under way: the answer goes to boots. Any thread; never waits. */
void edge_want_plan(struct edge *edge, const struct plan_request *request);
/* The same where the facts are not at hand: what is known of the MAC. */
void edge_want_plan_again(struct edge *edge, const struct mac_address *mac, struct ip_address from,
                          bool is_ipxe);
