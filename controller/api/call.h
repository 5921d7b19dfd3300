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
#include "controller/logic/answers.h"
#include "controller/logic/logic.h"
#include "controller/logic/operations.h"
#include "controller/store/store.h"
#include "lib/base/list.h"
#include "lib/doc/members.h"

#define GUESSES_PER_MINUTE 60   /* of one address: a person who logs in, an edge that joins */
#define CLAIMS_PER_MINUTE  6000 /* of one address: a hall behind a NAT; 1 % of a core to check */
#define LINES_PER_MINUTE   60   /* of the log, about what one address was refused */
#define ALL_LINES_PER_MINUTE                                                                       \
        1200                  /* of all addresses: 200 kB; who is refused is counted in /metrics */
#define WAITING_MAX      3072 /* of API_CONNECTIONS: the rest is for people and edges */
#define LISTENERS_MAX    256  /* event streams */
#define RING_EVENTS      4096 /* what a listener may miss without reading the store */
#define ORDERS_WAIT_MS   25000
#define TICK_MS          1000
#define RETRY_AFTER      "1"
#define ANSWERED_CLASSES 6
#define API_TOKEN_MS     (90ULL * 24 * 60 * 60 * 1000)

/* An address that cloudied.yaml keeps for somebody. */
struct reserved_address {
        struct ip6_address key;
        const struct edge_reservation *reservation;
        bool is_leased; /* while a list is made */
};

struct api {
        struct loop *loop;
        struct loop_timer *tick;
        uint64_t ticks;
        struct store *store;
        struct auth_book *book;
        struct auth_rate *guesses, *claims;
        struct auth_rate *lines, *all_lines; /* of the log; the second has one counter */
        struct logic *logic;
        struct serve_ring *ring;
        const struct assets *assets;
        struct images *images;
        uint64_t images_noted;                 /* images_changes() when each had a document */
        struct edge_config edge_config;        /* networks.h; its arrays are borrowed */
        const struct edge_network *configured; /* what cloudied.yaml says; borrowed */
        size_t configured_count;
        struct edge_network *networks;     /* all that edges are told of; owned */
        struct reserved_address *reserved; /* of that, by address */
        size_t reserved_count;
        uint64_t disks_version, macs_version; /* of the logic, when the next was made */
        char *config, config_etag[32]; /* the answer to GET /edge/v1/config; NULL: none yet */
        char *login_folder, *join_token_file, *state;
        atomic_bool is_backing_up; /* one at a time: each takes the disk's space */
        struct sha256 join_hash;
        bool is_joining;     /* a join token was used up and the next is not on disk yet */
        struct list waiting; /* struct call: agents that wait for orders */
        size_t waiting_count;
        struct list stale; /* struct call: waited; their tokens are void once that is on disk */
        struct operations_watch watch;
        uint64_t orders_change; /* the last change by which orders changed */
        bool has_woken;         /* somebody waits for the disk alone */
        uint64_t started_ms;    /* monotonic */
        bool is_stop_asked;
        bool is_filling; /* trait_fills.c reads an inventory */
        char filled_up_to[NODE_NAME_SIZE];

        /* Shared with other threads. */
        pthread_mutex_t once_lock;
        struct map *under_way; /* struct call, by the id of its Idempotency-Key */
        atomic_size_t live;    /* calls that are not answered */
        atomic_size_t listeners;
        _Atomic uint64_t answered[ANSWERED_CLASSES]; /* by the first digit of the status */
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
        char allow[ROUTE_ALLOW_SIZE];
};

struct call {
        struct api *api;
        struct serve_request *request;
        struct route_match match;
        struct identity who;
        void *data;              /* what prepare made of the body; free()d with the call */
        struct list link;        /* of api->waiting, api->stale */
        struct claim *claim;     /* while it waits: whose orders */
        uint64_t deadline_ms;    /* while it waits; monotonic */
        uint64_t generation;     /* while it waits: that it knows */
        uint64_t change;         /* while its token is stale: what made it so */
        bool is_woken;           /* while it waits: its orders changed, maybe not on disk yet */
        store_read_fn then;      /* once it is committed, in place of the answer; NULL: none */
        bool is_waking;          /* once it is committed, those who wait are looked at */
        struct answer_key once;  /* of its Idempotency-Key */
        uint64_t answer;         /* the number of what was told before */
        bool has_key, is_first;  /* the first with its key; until it is answered */
        struct members *members; /* what is wanted of the answer; NULL: all */
        struct reply reply;
};

/* Idempotency-Key: once.c. The first, on the server's thread, reads it. */
enum problem once_prepare(struct call *call, char *detail);
/* Whether this is to be done; false: it has answered, or will. */
bool once_begin(struct call *call);
/* The answer, which is a good one, goes into the change that it tells of. */
void once_keep(struct call *call, struct store_change *change);
/* Others with its key may come now. Any thread; as often as you like. */
void once_end(struct call *call);

/* What to answer; each replaces what was there. Nothing is sent yet. */
void reply_text(struct call *call, unsigned status, char *take_text);
void reply_doc(struct call *call, unsigned status, struct doc *take);
void reply_table(struct call *call, const struct doc_table *table, const void *from);
void reply_problem(struct call *call, enum problem problem, const char *detail);
void reply_empty(struct call *call, unsigned status);

/* Whether the log may have a line about a call that is refused: strangers make many. Any thread. */
bool call_may_log(struct call *call);

/* Ends the call: sends the reply. Any thread. */
void call_send(struct call *call);
/* Ends the call with a problem. */
void call_refuse(struct call *call, enum problem problem, const char *detail);
/* Ends the call once @take is on disk; or goes on with call->then. */
void call_commit(struct call *call, struct store_change *take);
/* Memory is ahead of the disk for good: the daemon ends. */
void api_break(struct api *api, int rc);
/* Ends the call without a reply: somebody else answers the request. */
void call_end(struct call *call);
/* Runs @fn(@call) on the logic thread; a full queue ends the call. */
void call_post(struct call *call, void (*fn)(void *call));
/* Runs @fn(reader, @call) on a reader's thread; a full queue ends the call. */
void call_read(struct call *call, store_read_fn fn);

/* What stands behind the ?, and the body, as far as the route itself says what they may be.
 * checks.c.
 * @detail: DOC_ERROR_SIZE bytes, a sentence. PROBLEM_NONE: it may be prepared. */
enum problem call_check(struct call *call, char *detail);

/* Readers of bodies: see struct route. The first: any struct that has a table. */
enum problem prepare_table(struct call *call, const struct doc_table *table, char *detail);
enum problem prepare_join(struct call *call, char *detail);
enum problem prepare_login(struct call *call, char *detail);
enum problem prepare_claim(struct call *call, char *detail);
enum problem prepare_plan(struct call *call, char *detail);
enum problem prepare_events(struct call *call, char *detail);
enum problem prepare_inventory(struct call *call, char *detail);
enum problem prepare_progress(struct call *call, char *detail);
enum problem prepare_phone_home(struct call *call, char *detail);
enum problem prepare_beat(struct call *call, char *detail);
enum problem prepare_install(struct call *call, char *detail);
enum problem prepare_document(struct call *call, char *detail);
enum problem prepare_rename(struct call *call, char *detail);
enum problem prepare_maintenance(struct call *call, char *detail);
enum problem prepare_reserve(struct call *call, char *detail);
enum problem prepare_discovery(struct call *call, char *detail);
enum problem prepare_leases(struct call *call, char *detail);
enum problem prepare_backup(struct call *call, char *detail);

struct event_list {
        size_t count;
        struct node_event events[EVENTS_MAX];
};

/* Begins installs that rules want; every second. */
void rule_installs_tick(struct api *api);
/* Makes what filters ask of nodes that reported to an older release; every second. */
void trait_fills_tick(struct api *api);
void handle_rule_test(struct call *call);
void handle_node_rename(struct call *call);
void handle_health(struct call *call);
void handle_backup(struct call *call);
void handle_ready(struct call *call);
void handle_edge_join(struct call *call);
void handle_edge_config(struct call *call);
void handle_edge_plan(struct call *call);
void handle_edge_events(struct call *call);
void handle_edge_leases(struct call *call);
void handle_edge_asset(struct call *call);
void handle_agent_claim(struct call *call);
void handle_agent_events(struct call *call);
void handle_agent_inventory(struct call *call);
void handle_agent_orders(struct call *call);
void handle_agent_plan(struct call *call);
void handle_agent_progress(struct call *call);
void handle_agent_phone_home(struct call *call);
void handle_agent_beat(struct call *call);
void handle_login(struct call *call);
void handle_history(struct call *call);
void handle_openapi(struct call *call);
void handle_status(struct call *call);
void handle_leases(struct call *call);
void handle_lease(struct call *call);
void handle_pools(struct call *call);
void handle_metrics(struct call *call);
void handle_nodes(struct call *call);
void handle_node(struct call *call);
void handle_node_timeline(struct call *call);
void handle_node_explain(struct call *call);
void handle_node_why(struct call *call);
void handle_node_inventory(struct call *call);
void handle_node_inventories(struct call *call);
void handle_node_diff(struct call *call);
void handle_node_acknowledge(struct call *call);
void handle_node_maintenance(struct call *call);
void handle_odd(struct call *call);
enum problem prepare_node(struct call *call, char *detail);
void handle_node_put(struct call *call);
void handle_node_load(struct call *call);
void handle_node_accept(struct call *call);
void handle_node_discover(struct call *call);
void handle_node_delete(struct call *call);
void handle_node_install(struct call *call);
void handle_node_retry(struct call *call);
void handle_node_deployed(struct call *call);
void handle_node_abort(struct call *call);
void handle_node_release(struct call *call);
void handle_node_retire(struct call *call);
void handle_node_unretire(struct call *call);
void handle_node_reserve(struct call *call);
void handle_node_unreserve(struct call *call);
void handle_operations(struct call *call);
void handle_operation(struct call *call);
void handle_documents(struct call *call);
void handle_document(struct call *call);
void handle_document_put(struct call *call);
void handle_document_delete(struct call *call);
void handle_discovery(struct call *call);
void handle_discovery_open(struct call *call);
void handle_discovery_close(struct call *call);
void handle_events(struct call *call);
void handle_image_delete(struct call *call);
void handle_image_begin(struct call *call);
void handle_image_frame(struct call *call);
void handle_image_finish(struct call *call);
void handle_image_verify(struct call *call);
void handle_edge_image(struct call *call);
/* Images that nothing is said of yet get a document. Logic thread. */
void images_note(struct api *api);
/* On a reader's thread; see images_expire(). */
void images_tick(struct api *api, uint64_t now_monotonic_ms);

/* The claim of an agent's call; NULL: it has answered. */
struct claim *call_claim(struct call *call);
/* The node that the path names; NULL: it has answered. */
struct node *call_node(struct call *call);
/* The same for who would change it: If-Match is obeyed. */
struct node *call_node_to_change(struct call *call);
/* Whether If-Match allows a change of what has this version (0: it is not there). False: it has
 * answered. */
bool call_may_change(struct call *call, uint64_t version);
/* Whether nothing but a word (?force=1) keeps @way from beginning; false: it has answered. */
bool call_may_begin(struct call *call, const struct node *node, enum node_way way);
/* ?dry_run=1: nothing is to be written. False: it says something else, and has answered: who
 * misspells it would have it written. */
bool call_reads_dry_run(struct call *call, bool *ret);
/* Adds a member to the object that the reply is; @value is JSON. */
void reply_add_member(struct call *call, const char *name, const char *value);
/* The node's document, with its ETag. @advice: one sentence without quotes, as a member of its
 * own; NULL: none. */
void reply_node(struct call *call, struct node *node, const char *advice);
void reply_etag(struct call *call, uint64_t version);
/* Ends the call: the node's state does not allow this way. */
void call_refuse_way(struct call *call, const struct node *node, enum node_way way,
                     const char *why);

/* One of the ways of a node that need nothing but the word of an operator. */
typedef int (*node_way_fn)(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                           struct store_change *change, const char **why);

/* Has the node of this call take a way. The change, to commit, and the node, of which nothing is
 * left after WAY_DELETE. NULL: it has answered. */
struct store_change *call_take_way(struct call *call, enum node_way way, node_way_fn take,
                                   struct node **ret);

/* Agents that wait, orders.c. */
void orders_wake(void *context, struct claim *claim, bool is_stale);
uint64_t orders_next_change(void *context);
void orders_settle(void *api);            /* a change is on disk: those who waited for that alone */
void orders_committed(void *api, int rc); /* store thread: the same, by the logic thread */
void orders_tick(struct api *api, uint64_t now_monotonic_ms);
void orders_end(struct api *api);
/* Whether what this claim's orders stand on is on disk. */
bool orders_are_settled(struct api *api, const struct claim *claim);

/* Puts what cloudied.yaml keeps in order: api->reserved. 0, -ENOMEM. */
int leases_index(struct api *api);

/* GET /edge/v1/config. Makes api->config anew if something in it changed. 0 or -errno. */
int edge_config_make(struct api *api);

/* Reads or makes the join token. 0 or -errno. */
int join_token_load(struct api *api);
