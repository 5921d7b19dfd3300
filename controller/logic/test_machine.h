/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One machine, its edge and its operator, for the tests of operations; the store keeps nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/boots.h"
#include "controller/logic/claims.h"
#include "controller/logic/edges.h"
#include "controller/logic/events.h"
#include "controller/logic/held.h"
#include "controller/logic/identity.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/progress.h"
#include "controller/logic/ways.h"
#include "controller/logic/workers.h"

#define MINUTE     60000ULL
#define START      1000000000ULL
#define HASH       "00000000000000000000000000000000000000000000000000000000000000ab"
#define IMAGE_ID   "0123456789abcdef0123456789abcdef"
#define IMAGE_SIZE 84934656ULL

struct fixture {
        struct auth_book *book;
        struct logic *logic;
        struct store_change *change;
        struct node *node; /* ready */
        struct edge *edge;
        uint64_t now, seq, submitted;
        struct install_plan plan; /* the newest that was fetched */
        char old_secret[INSTALL_SECRET_SIZE];
        const char *system; /* that its next inventory tells of; NULL: none */
        struct uuid esp;    /* of what is installed */
};

static const struct mac_address mac = {
        {0x52, 0x54, 0, 0x77, 0, 1}
};
static const struct ip_address address = IP_OF4_BYTES(77, 0, 0, 100);
static const struct profile worker = {
        .name = "worker", .image = "worker", .hostname = "{name}", .wipe = true, .grow = true};

static inline void wake(void *context, struct claim *claim, bool is_stale)
{
        (void)context;
        (void)is_stale;
        claim->waiter = NULL;
}

static inline uint64_t next_change(void *context)
{
        const struct fixture *f = context;

        return f->submitted + 1;
}

/* What was decided is on disk. */
static inline void commit(struct fixture *f)
{
        store_change_free(f->change);
        f->change = store_change_new();
        f->submitted++;
}

/* The machine starts and claims its boot number; its old agent is gone. */
static inline void boot(struct fixture *f)
{
        struct agent_claim claim = {.mac = mac, .address = address, .public_key = "k"};
        struct agent_claimed answer;
        struct boot *given = NULL;

        assert_int_equal(boot_give(f->logic, &mac, address, f->now, f->change, &given), 0);
        memcpy(claim.boot, given->row.number, sizeof(claim.boot));
        assert_int_equal(claim_take(f->logic, &claim, f->now, f->change, &answer), CLAIM_TAKEN);
}

static inline void report(struct fixture *f)
{
        struct report says = {.macs = {mac},
                              .mac_count = 1,
                              .body = "{}",
                              .size = 2,
                              .hash = "aa",
                              .lasting = "{}",
                              .facts = "{}",
                              .summary.serial = "SN1"};

        if (f->system)
                snprintf(says.summary.system, sizeof(says.summary.system), "%s", f->system);
        assert_int_equal(inventory_take(f->logic, claim_find(f->logic, f->logic->last_claim), &says,
                                        f->now, f->change, &f->node),
                         0);
}

static inline int accept_node(struct fixture *f)
{
        const char *why = NULL;

        return node_accept(f->logic, f->node, "admin", f->now, f->change, &why);
}

static inline struct install_request request(bool is_retry, bool erase)
{
        return (struct install_request){
                .is_retry = is_retry,
                .erase = erase,
                .profile = &worker,
                .profile_hash = HASH,
                .image_id = IMAGE_ID,
                .image_size = IMAGE_SIZE,
                .disk = {.name = "nvme0n1", .serial = "NVME-0001", .size = 1ULL << 31},
                .hostname = "sn1",
                .by = "admin",
        };
}

static inline int install(struct fixture *f, bool is_retry)
{
        const struct install_request wanted = request(is_retry, false);
        const char *why = NULL;

        return operation_begin(f->logic, f->node, &wanted, f->now, f->change, &why);
}

static inline int abort_it(struct fixture *f)
{
        const char *why = NULL;

        return operation_abort(f->logic, f->node, "admin", f->now, f->change, &why);
}

static inline int release(struct fixture *f)
{
        const char *why = NULL;

        return operation_release(f->logic, f->node, "admin", f->now, f->change, &why);
}

static inline enum agent_order poll_orders(struct fixture *f)
{
        struct agent_orders orders;

        claim_polled(f->node->claim, f->now);
        claim_orders(f->logic, f->node->claim, &orders);
        if (orders.order == ORDER_INSTALL &&
            !operation_polled(f->logic, f->node, f->now, f->change))
                claim_orders(f->logic, f->node->claim, &orders);
        return orders.order;
}

static inline int fetch_plan(struct fixture *f)
{
        struct install_plan plan = {0};
        const int rc =
                operation_plan(f->logic, f->node, f->node->generation, f->now, f->change, &plan);

        if (rc != 0)
                return rc;
        memcpy(f->old_secret, f->plan.secret, sizeof(f->old_secret));
        f->plan = plan;
        return 0;
}

static inline int say(struct fixture *f, enum operation_step step, enum progress_state state)
{
        struct install_progress progress = {.generation = f->plan.generation,
                                            .step = step,
                                            .state = state,
                                            .text = "as \x1bit is"};

        /* As cloudie-install does. */
        if (step == INSTALL_BOOT || (step == INSTALL_TABLE && state == PROGRESS_DONE))
                progress.esp = f->esp;
        if (state == PROGRESS_FAILED)
                progress.cause = CAUSE_IMAGE_FRAME;
        if (state == PROGRESS_RUNNING)
                progress.done = progress.total = 4096;
        return operation_progress(f->logic, f->node, &progress, f->now, f->change);
}

static inline enum phone_home_outcome phone_as(struct fixture *f, const char *secret,
                                               uint64_t generation, const char *key)
{
        struct phone_home says = {.generation = generation, .version = "1", .node = "sn1"};
        struct node *node = NULL;

        snprintf(says.secret, sizeof(says.secret), "%s", secret);
        snprintf(says.public_key, sizeof(says.public_key), "%s", key);
        return operation_phone_home(f->logic, &says, f->now, f->change, &node);
}

static inline enum phone_home_outcome phone(struct fixture *f, const char *secret,
                                            uint64_t generation)
{
        return phone_as(f, secret, generation, "");
}

/* A beat of the worker with this key; @bad: what it says of itself is not well. */
static inline int beat(struct fixture *f, const char *key, const char *bad)
{
        struct phone_home says = {.generation = f->plan.generation, .version = "1", .node = "sn1"};

        snprintf(says.public_key, sizeof(says.public_key), "%s", key);
        if (bad) {
                says.facts.check_count = 1;
                snprintf(says.facts.health[0].name, sizeof(says.facts.health[0].name), "systemd");
                snprintf(says.facts.health[0].text, sizeof(says.facts.health[0].text), "%s", bad);
                says.facts.health[0].state = HEALTH_BAD;
        }
        return worker_beat(f->logic, &says, f->now, f->change);
}

/* An install on its way, up to the beginning of @step. */
static inline void go_to(struct fixture *f, enum operation_step step)
{
        assert_int_equal(install(f, false), 0);
        if (step >= INSTALL_PLAN)
                assert_int_equal(poll_orders(f), ORDER_INSTALL);
        if (step >= INSTALL_CHECK)
                assert_int_equal(fetch_plan(f), 0);
        for (unsigned s = INSTALL_CHECK; s < step; s++)
                if (s != INSTALL_BOOT)
                        assert_int_equal(say(f, (enum operation_step)s, PROGRESS_DONE), 0);
        assert_int_equal(f->node->operation.step, step);
        commit(f);
}

static inline int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const struct logic_hooks hooks = {wake, next_change, f};
        char credential[WIRE_TOKEN_SIZE];

        f->book = auth_book_new();
        f->now = START;
        assert_int_equal(logic_new(f->book, &hooks, "console=ttyS0", &f->logic), 0);
        f->change = store_change_new();
        assert_int_equal(edge_join(f->logic, "rack", START, f->change, credential), 0);
        f->edge = edge_find(f->logic, f->logic->last_edge);
        boot(f);
        report(f);
        assert_int_equal(accept_node(f), 0);
        *state = f;
        return 0;
}

static inline int teardown(void **state)
{
        struct fixture *f = *state;

        store_change_free(f->change);
        logic_free(f->logic);
        auth_book_free(f->book);
        free(f);
        return 0;
}

static inline void see_port(struct fixture *f, uint64_t number)
{
        const struct node_event event = {.seq = ++f->seq,
                                         .at_ms = f->now,
                                         .mac = mac,
                                         .address = address,
                                         .step = STEP_PORT,
                                         .operation = number};

        (void)events_of_edge(f->logic, f->edge, &event, 1, f->now, f->change);
}

static inline void see(struct fixture *f, enum node_step step)
{
        const struct node_event event = {
                .seq = ++f->seq, .at_ms = f->now, .mac = mac, .address = address, .step = step};

        (void)events_of_edge(f->logic, f->edge, &event, 1, f->now, f->change);
}
