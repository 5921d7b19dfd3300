/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose turn it is
 *
 * A turn is held from the start of an operation until its machine restarts into
 * what was installed. A machine that does not come holds it for as long as a boot
 * takes, and no longer: it costs nobody anything, and those behind it wait for
 * nothing. When it comes later and all turns are taken, it waits for the next one,
 * at the head of the queue, as its number is the oldest.
 */
#include "controller/logic/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/edges.h"
#include "controller/logic/ended.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/ways.h"
#include "lib/base/text.h"

/* Firmware of servers takes 2 to 5 minutes until it asks the network for anything. */
#define BOOT_MS (6ULL * 60 * 1000)

void queue_insert(struct logic *logic, struct node *node)
{
        struct list *at = logic->waiting.prev;

        /* Nearly always the newest: at the end. */
        while (at != &logic->waiting &&
               container_of(at, struct node, running)->operation.number > node->operation.number)
                at = at->prev;
        list_append(at->next, &node->running);
}

static bool holds_turn(const struct node *node, uint64_t now_ms)
{
        const struct operation *o = &node->operation;

        if (o->step == INSTALL_AGENT)
                return age_ms(now_ms, o->step_started_ms) < BOOT_MS;
        return o->step < INSTALL_PHONE_HOME;
}

/* How many turns are free; of each edge how many images it sends. */
static size_t count_turns(struct logic *logic, const struct node *but, uint64_t now_ms)
{
        size_t taken = 0, at = 0;
        void *value;

        while (map_next(logic->edges, &at, &value))
                ((struct edge *)value)->sending = 0;
        LIST_FOR_EACH(&logic->running, each)
        {
                const struct node *node = container_of(each, struct node, running);
                struct edge *edge;

                if (node == but || !holds_turn(node, now_ms))
                        continue;
                taken++;
                edge = edge_find(logic, node->edge);
                if (edge && node->operation.step <= INSTALL_WRITE)
                        edge->sending++;
        }
        return taken < logic->limits.installs ? logic->limits.installs - taken : 0;
}

/* At least one: a link that is thinner than an install is no reason for none. */
static bool has_room(const struct logic *logic, const struct edge *edge)
{
        const struct queue_limits *limits = &logic->limits;
        const size_t most = limits->link_mbit / limits->install_mbit;

        return !edge || edge->sending < (most > 0 ? most : 1);
}

static void start(struct logic *logic, struct node *node, uint64_t now_ms,
                  struct store_change *change)
{
        struct operation *o = &node->operation;

        if (node_go(logic, node, WAY_START, "its turn has come", now_ms, change) < 0)
                return;
        node_renew_orders(logic, node);
        o->generation = node->generation;
        o->started_ms = now_ms;
        operation_set_step(node, INSTALL_AGENT, now_ms);
        node_save(logic, node, now_ms, change);
}

/* Nothing could be done to it now, and others can use the turn. In maintenance it was asked for by
 * one who knew: he said --force. */
static bool is_kept_back(const struct node *node)
{
        return node->is_in_conflict ||
               (node->is_in_maintenance && node->maintenance_since_ms > node->operation.queued_ms);
}

void queue_advance(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        size_t free_turns;

        if (list_is_empty(&logic->waiting))
                return;
        free_turns = count_turns(logic, NULL, now_ms);
        LIST_FOR_EACH(&logic->waiting, at)
        {
                struct node *node = container_of(at, struct node, running);
                struct edge *edge = edge_find(logic, node->edge);

                if (free_turns == 0)
                        break;
                if (is_kept_back(node) || !has_room(logic, edge))
                        continue;
                start(logic, node, now_ms, change);
                free_turns--;
                if (edge)
                        edge->sending++;
        }
}

bool queue_keep_turn(struct logic *logic, struct node *node, uint64_t now_ms,
                     struct store_change *change)
{
        static const char why[] = "its machine came late, and its turn is another's";

        if (holds_turn(node, now_ms) ||
            (count_turns(logic, node, now_ms) > 0 && has_room(logic, edge_find(logic, node->edge))))
                return true;
        if (node_go(logic, node, WAY_QUEUE, why, now_ms, change) < 0)
                return true;
        operation_set_step(node, INSTALL_QUEUE, now_ms);
        /* It may come and go, and waits no longer for that. */
        node->operation.deadline_ms =
                node->operation.queued_ms + operation_steps[INSTALL_QUEUE].deadline_ms;
        operation_tell(logic, node, why, now_ms, change);
        node_save(logic, node, now_ms, change);
        return false;
}

/* When turns become free, soonest first found by a look at all: there are few. */
static uint64_t *soonest(uint64_t *turns, size_t count)
{
        uint64_t *least = turns;

        for (size_t i = 1; i < count; i++)
                if (turns[i] < *least)
                        least = &turns[i];
        return least;
}

static uint64_t turn_ends(const struct logic *logic, const struct node *node, uint64_t now_ms)
{
        const uint64_t ends =
                node->operation.started_ms + ended_turn_ms(logic, node->operation.profile);

        return ends > now_ms ? ends : now_ms;
}

void queue_forecast(struct logic *logic, uint64_t now_ms)
{
        const size_t count = logic->limits.installs;
        _free_ uint64_t *turns = calloc(count, sizeof(*turns));
        size_t used = 0, place = 0;

        for (size_t i = 0; turns && i < count; i++)
                turns[i] = now_ms;
        LIST_FOR_EACH(&logic->running, at)
        {
                const struct node *node = container_of(at, struct node, running);

                if (turns && used < count && holds_turn(node, now_ms))
                        turns[used++] = turn_ends(logic, node, now_ms);
        }
        LIST_FOR_EACH(&logic->waiting, at)
        {
                struct node *node = container_of(at, struct node, running);
                const uint64_t takes_ms = ended_turn_ms(logic, node->operation.profile);
                uint64_t *turn = turns ? soonest(turns, count) : NULL;

                node->place = ++place;
                node->expected_ms = turn && takes_ms > 0 ? *turn : 0;
                if (turn)
                        *turn += takes_ms;
        }
}
