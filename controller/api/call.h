/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside controller/api: one request on its way, and what all handlers share. */

#include <pthread.h>
#include <stdatomic.h>

#include "controller/api/api.h"
#include "controller/api/problem.h"
#include "controller/api/route.h"
#include "controller/auth/book.h"
#include "controller/auth/rate.h"
#include "controller/logic/logic.h"
#include "controller/store/store.h"
#include "lib/base/list.h"

#define GUESSES_PER_MINUTE 60   /* of one address: a person who logs in, an edge that joins */
#define CLAIMS_PER_MINUTE  6000 /* of one address: a hall behind a NAT; 1 % of a core to check */
#define WAITING_MAX        3072 /* of API_CONNECTIONS: the rest is for people and edges */
#define LISTENERS_MAX      256  /* event streams */
#define RING_EVENTS        4096 /* what a listener may miss without reading the store */
#define ORDERS_WAIT_MS     25000
#define TICK_MS            1000
#define RETRY_AFTER        "1"
#define API_TOKEN_MS       (90ULL * 24 * 60 * 60 * 1000)

struct api {
        struct loop *loop;
        struct loop_timer *tick;
        uint64_t ticks;
        struct store *store;
        struct auth_book *book;
        struct auth_rate *guesses, *claims;
        struct logic *logic;
        struct serve_ring *ring;
        const struct assets *assets;
        struct images *images;
        char *config, config_etag[32]; /* the answer to GET /edge/v1/config */
        char *login_folder, *join_token_file;
        struct sha256 join_hash;
        bool is_joining;     /* a join token was used up and the next is not on disk yet */
        struct list waiting; /* struct call: agents that wait for orders */
        size_t waiting_count;
        uint64_t started_ms; /* monotonic */
        bool is_stop_asked;

        /* Shared with other threads. */
        atomic_size_t live; /* calls that are not answered */
        atomic_size_t listeners;
        atomic_bool is_stopping, is_broken;
        _Atomic uint64_t last_event; /* committed */
};

struct reply {
        unsigned status;
        const char *content_type;
        char *text; /* owned */
        size_t size;
        char etag[32];
        bool is_problem, may_retry;
        const char *allow;
};

struct call {
        struct api *api;
        struct serve_request *request;
        struct route_match match;
        struct identity who;
        void *data;           /* what prepare made of the body; free()d with the call */
        struct list link;     /* of api->waiting */
        struct claim *claim;  /* while it waits: whose orders */
        uint64_t deadline_ms; /* while it waits; monotonic */
        struct reply reply;
};

/* What to answer; each replaces what was there. Nothing is sent yet. */
void reply_text(struct call *call, unsigned status, char *take_text);
void reply_doc(struct call *call, unsigned status, struct doc *take);
void reply_table(struct call *call, const struct doc_table *table, const void *from);
void reply_problem(struct call *call, enum problem problem, const char *detail);
void reply_empty(struct call *call, unsigned status);

/* Ends the call: sends the reply. Any thread. */
void call_send(struct call *call);
/* Ends the call with a problem. */
void call_refuse(struct call *call, enum problem problem, const char *detail);
/* Ends the call once @take is on disk. */
void call_commit(struct call *call, struct store_change *take);
/* Ends the call without a reply: somebody else answers the request. */
void call_end(struct call *call);
/* Runs @fn(@call) on the logic thread; a full queue ends the call. */
void call_post(struct call *call, void (*fn)(void *call));
/* Runs @fn(reader, @call) on a reader's thread; a full queue ends the call. */
void call_read(struct call *call, store_read_fn fn);

/* Readers of bodies: see struct route. The first: any struct that has a table. */
enum problem prepare_table(struct call *call, const struct doc_table *table, char *detail);
enum problem prepare_join(struct call *call, char *detail);
enum problem prepare_login(struct call *call, char *detail);
enum problem prepare_claim(struct call *call, char *detail);
enum problem prepare_plan(struct call *call, char *detail);
enum problem prepare_events(struct call *call, char *detail);
enum problem prepare_inventory(struct call *call, char *detail);

struct event_list {
        size_t count;
        struct node_event events[EVENTS_MAX];
};

void handle_health(struct call *call);
void handle_ready(struct call *call);
void handle_edge_join(struct call *call);
void handle_edge_config(struct call *call);
void handle_edge_plan(struct call *call);
void handle_edge_events(struct call *call);
void handle_edge_asset(struct call *call);
void handle_agent_claim(struct call *call);
void handle_agent_events(struct call *call);
void handle_agent_inventory(struct call *call);
void handle_agent_orders(struct call *call);
void handle_login(struct call *call);
void handle_status(struct call *call);
void handle_nodes(struct call *call);
void handle_node(struct call *call);
void handle_node_timeline(struct call *call);
void handle_node_explain(struct call *call);
void handle_node_accept(struct call *call);
void handle_node_delete(struct call *call);
void handle_events(struct call *call);
void handle_images(struct call *call);
void handle_image(struct call *call);
void handle_image_delete(struct call *call);
void handle_image_begin(struct call *call);
void handle_image_frame(struct call *call);
void handle_image_finish(struct call *call);
void handle_image_verify(struct call *call);
void handle_edge_image(struct call *call);
/* On a reader's thread; see images_expire(). */
void images_tick(struct api *api, uint64_t now_monotonic_ms);

/* Agents that wait. */
void orders_wake(void *context, struct claim *claim, bool is_stale);
void orders_tick(struct api *api, uint64_t now_monotonic_ms);
void orders_end(struct api *api);

/* Reads or makes the join token. 0 or -errno. */
int join_token_load(struct api *api);
