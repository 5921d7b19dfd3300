/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Logic: everything that cloudied decides, on one thread.
 *
 * What is here is a cache of the store. A decision changes memory and writes
 * the same into a store_change, which its caller submits; the answer goes out
 * when that is on disk. No sockets, no threads, no clock: the time comes in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/auth/book.h"
#include "controller/store/store.h"
#include "lib/base/cleanup.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/doc/value.h"
#include "lib/node/operation.h"
#include "lib/node/phase.h"
#include "lib/node/plan.h"
#include "lib/node/seed.h"
#include "lib/node/summary.h"
#include "lib/node/traits.h"
#include "lib/node/wire.h"

/* Limits: what strangers can make us hold. */
#define NODES_MAX        100000 /* the largest site that one controller is meant for */
#define NODE_MACS_MAX    1000000
#define BOOTS_MAX        200000 /* each node boots twice within the hour for which we know it */
#define CLAIMS_MAX       NODES_MAX
#define EDGES_MAX        1000 /* one a rack */
#define DOCUMENTS_MAX    1000 /* of one kind: one for each kind of machine, many times over */
#define BOOT_OPEN_MS     (10ULL * 60 * 1000)
#define BOOT_KEPT_MS     (60ULL * 60 * 1000) /* so that a late claim hears "expired" */
#define STRANGER_KEPT_MS (60ULL * 60 * 1000) /* a claim whose machine never reported */
#define AGENT_OFFLINE_MS (60ULL * 1000)      /* two long polls, and something for the network */
#define EXPIRE_ROWS_MAX  1000                /* in one change: the store has other work, too */

struct claim;
struct signing_key;

enum document_kind {
        DOCUMENT_PROFILE,
        DOCUMENT_KEY,
        DOCUMENT_FILE,
        DOCUMENT_SETTING,
        DOCUMENT_RULE,
        DOCUMENT_NETWORK,
        DOCUMENT_IMAGE,
        DOCUMENT_KIND_COUNT
};

/* What the agent is told of the last install besides what stands in the operation. No secret. */
struct install_facts {
        bool erase;         /* an operator said that the disk may hold data */
        bool may_overwrite; /* he did, or the profile does, or we wrote this disk before */
        bool wipe, grow, boot;
        bool is_rules;   /* begun by a rule */
        bool is_touched; /* the disk may not be what it was before */
        char hostname[NODE_NAME_SIZE];
        uint64_t image_size;
        struct seed_names seed;
};

/* A held machine that goes back to the system on its disk: held.h. */
struct held_facts {
        char sent[BOOT_TEXT_SIZE]; /* the boot in which it was told to; "" never */
        uint64_t sent_ms;
        bool is_wanted; /* an operator wants to see it in the ramdisk once more */
};

/* Whose a node in phase 'reserved' is; of any other all zero. */
struct reservation {
        char holder[AUTH_USER_SIZE]; /* a user, or whoever was named */
        uint64_t since_ms;
        char reason[EVENT_TEXT_SIZE / 2];
};

struct node {
        char name[NODE_NAME_SIZE];
        uint64_t version; /* of what people write of it: labels, spec, name */
        enum node_phase phase;
        bool is_in_conflict, is_agent_online;
        uint64_t conflict_since_ms, online_since_ms;
        char conflict_reason[EVENT_TEXT_SIZE];
        uint64_t decided_claim; /* claims up to this one were made before an operator decided */
        struct mac_address macs[NODE_MAX_MACS];
        size_t mac_count;
        struct ip_address address;
        char boot[BOOT_TEXT_SIZE];
        uint64_t first_seen_ms, last_seen_ms;
        uint64_t generation;        /* of its orders */
        uint64_t orders_change;     /* what its orders stand on is on disk when this change is */
        struct operation operation; /* the last one */
        struct install_facts install;
        struct disk_id installed; /* the disk that we last began to write */
        struct uuid esp; /* its EFI system partition, since the partition table is written */
        uint32_t step_ms[OPERATION_STEP_COUNT]; /* how long each step of it took */
        uint64_t edge;                          /* the last one that it booted by; 0: not known */
        uint64_t place, expected_ms;            /* in the queue: queue_forecast() */
        bool is_dirty; /* an install ended badly after it had touched the disk */
        uint64_t dirty_since_ms;
        char dirty_reason[EVENT_TEXT_SIZE];
        bool is_degraded; /* its worker is silent, or not well */
        uint64_t degraded_since_ms;
        char degraded_reason[EVENT_TEXT_SIZE];
        bool is_drifted; /* it is not what it was when it was accepted */
        uint64_t drifted_since_ms;
        char drifted_reason[EVENT_TEXT_SIZE];
        bool is_in_maintenance; /* an operator works on it: nothing begins unless forced */
        uint64_t maintenance_since_ms;
        char maintenance_reason[EVENT_TEXT_SIZE];
        struct reservation reserved;
        /* Of its inventories, by what lasts of them: the newest, and the one that it is to be. */
        char inventory_hash[STORE_HASH_SIZE], accepted_hash[STORE_HASH_SIZE];
        uint64_t seen; /* a bit of each enum node_step: what the edge reported since the step began
                        */
        struct list running;  /* of logic->running or logic->waiting, as its operation does */
        size_t disk_macs;     /* how many of its MACs stand in the edges' list of disks */
        struct uuid disk_esp; /* what stands there with them */
        uint64_t port_for;    /* the operation for which edges look for a port of it; 0: for none */
        char named_by[NODE_NAME_SIZE + 16]; /* who renamed it; "": its name is its own */
        char rule[NODE_NAME_SIZE];          /* that took it; "" none */
        char profile[NODE_NAME_SIZE];       /* that it is to be installed with; "" none was given */
        bool is_install_wanted;             /* by its rule; begun as soon as it may be */
        uint32_t rule_failures; /* installs by its rule that failed, one after the other */
        uint64_t rule_after_ms; /* the next one begins not before; not kept */
        bool is_quarantined;    /* no rule touches it */
        uint64_t quarantined_since_ms;
        char quarantined_reason[EVENT_TEXT_SIZE];
        bool is_written;   /* what people write of it changed: the next save is a new version */
        uint64_t revision; /* of all that lasts, its status too; not kept */
        struct node_summary summary;
        struct traits *traits;    /* of its newest inventory, for filters; NULL: not known */
        uint64_t retired_told_ms; /* that it is on the wire all the same; not saved */
        struct held_facts held;
        struct doc *labels, *spec; /* never NULL */
        struct claim *claim;       /* who runs on it now; NULL: nobody */
        char *text;                /* the node as JSON; NULL: to be written again */
        size_t text_size;
};

struct claim {
        struct store_claim row;
        struct node *node; /* NULL: it has not reported yet */
        uint64_t polled_ms;
        void *waiter; /* the request that waits for orders; of logic_hooks */
};

struct boot {
        struct store_boot row;
        uint64_t change; /* number of the change that wrote it: told only once that is on disk */
};

struct lease_book;
struct edge {
        struct store_edge row;
        uint64_t heard_ms; /* 0: not since the start */
        uint64_t full_ms;  /* monotonic: told last that it has too many leases; 0: it has not */
        size_t sending;    /* how many installs it sends images for: queue.c counts */
        struct lease_book *leases; /* leases.h; NULL: it has told none */
};

/* How much may be under way at once. */
struct queue_limits {
        uint32_t installs;                /* at least 1 */
        uint32_t link_mbit, install_mbit; /* what an edge's link bears, and what one takes of it */
};
extern const struct queue_limits queue_limits_default;

struct logic_hooks {
        /* A claim with a waiter. Stale: its token is, once the change that is being built is on
         * disk; clear claim->waiter, and answer then. Else its orders changed: answer once
         * claim->node->orders_change is on disk. */
        void (*wake)(void *context, struct claim *claim, bool is_stale);
        /* The number that the change which is being built will have. NULL: nobody asks the disk. */
        uint64_t (*next_change)(void *context);
        void *context;
};

struct logic {
        struct map *nodes; /* by name */
        struct map *nodes_by_mac;
        struct node **sorted; /* by name */
        size_t node_count, node_space;
        struct map *boots;      /* struct boot, by number */
        struct map *open_boots; /* the same, by MAC and address: what a repeat is told */
        struct map *claims;     /* by id */
        struct map *claims_by_mac;
        struct map *edges;   /* by id */
        struct map *secrets; /* struct secret: of the phone-home, by the node's name */
        struct map *workers; /* struct worker, by the node's name */
        struct map *documents[DOCUMENT_KIND_COUNT]; /* struct document, by name */
        struct map *gone;                           /* last versions of what was deleted: gone.h */
        bool is_install_wanted;                     /* maybe, of a node by its rule */
        bool lacks_traits; /* maybe, of a node that reported to an older release */
        bool is_ruling;    /* nodes are asked for once more: rules_tick() */
        char ruled_up_to[NODE_NAME_SIZE];
        const struct signing_key *vault; /* borrowed; NULL: no file can be kept */
        struct list running;             /* nodes whose operation runs */
        struct list waiting;             /* those whose waits, in their order: queue.h */
        struct queue_limits limits;
        struct answers *answers; /* answers.h */
        struct ended *ended;     /* ENDED_MAX of them: ended.h */
        struct auth_book *book;  /* borrowed */
        struct map *openings;    /* struct opening, by network: discovery.h */
        struct map *strangers;   /* struct stranger_seen, by MAC */
        struct logic_hooks hooks;
        char kernel_arguments[PLAN_ARGUMENTS_SIZE];
        struct {
                struct queue_limits limits;
                char kernel_arguments[PLAN_ARGUMENTS_SIZE];
        } configured;    /* what holds without a document: settings.h */
        uint32_t beat_s; /* what workers are told */
        uint64_t last_event, last_claim, last_edge, last_operation;
        uint64_t disks_version; /* rises when the set of machines that boot their disk changes, of
                                   those whose port is looked for, or an opening */
        uint64_t macs_version;  /* rises when the set of MACs of nodes changes */
        uint64_t refusals_since_ms; /* how many were told of since then: event_refused() */
        unsigned refusals;
        uint64_t odd_told_ms; /* wall clock: a report that is not its sender's was told of */
        size_t by_phase[PHASE_COUNT];
};

/* @book is borrowed. 0, -ENOMEM. */
int logic_new(struct auth_book *book, const struct logic_hooks *hooks, const char *kernel_arguments,
              struct logic **ret);
struct logic *logic_free(struct logic *logic);
CLEANUP_DEFINE(struct logic *, logic_free)

/* Fills memory and book with what the store holds. 0 or -errno with a sentence. */
int logic_load(struct logic *logic, struct store *store, char *error);

/* Forgets what is too old. Call it every few seconds; @change may stay empty. */
void logic_tick(struct logic *logic, uint64_t now_ms, struct store_change *change);

/* An operation runs on it, or waits for its turn. */
static inline bool node_is_busy(const struct node *node)
{
        return node->operation.state == OPERATION_RUNNING ||
               node->operation.state == OPERATION_WAITING;
}

/* 0 when @then lies in the future: the clock was set back. */
static inline uint64_t age_ms(uint64_t now_ms, uint64_t then_ms)
{
        return now_ms > then_ms ? now_ms - then_ms : 0;
}
