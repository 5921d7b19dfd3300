/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operations of all nodes, for people: what runs, what waits, and how what ended did. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/ended.h"
#include "controller/logic/nodes.h"
#include "controller/logic/queue.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#define LIST_MAX 1000 /* operations in one answer: some 700 KB */

static struct ended of_node(const struct node *node)
{
        struct ended one = {.operation = node->operation};

        memcpy(one.node, node->name, sizeof(one.node));
        memcpy(one.step_ms, node->step_ms, sizeof(one.step_ms));
        return one;
}

/* @node: whose it is now; NULL: it has ended. */
static struct doc *item_of(const struct ended *ended, const struct node *node)
{
        struct doc *item = ended_encode(ended);

        if (!node || node->operation.state != OPERATION_WAITING)
                return item;
        (void)doc_set_number(item, "place", (int64_t)node->place);
        if (node->expected_ms > 0)
                (void)doc_set_number(item, "expected_ms", (int64_t)node->expected_ms);
        return item;
}

struct listing {
        struct doc *items;
        const char *state; /* only these; NULL: all */
        uint64_t left;
};

static void add(struct listing *l, const struct ended *ended, const struct node *node)
{
        if (l->left == 0 ||
            (l->state && strcmp(l->state, operation_state_names[ended->operation.state]) != 0))
                return;
        l->left--;
        (void)doc_append(l->items, item_of(ended, node));
}

static uint64_t add_nodes(struct listing *l, const struct list *which)
{
        uint64_t count = 0;

        LIST_FOR_EACH(which, at)
        {
                const struct node *node = container_of(at, struct node, running);
                const struct ended one = of_node(node);

                add(l, &one, node);
                count++;
        }
        return count;
}

static void add_ended(struct listing *l, const struct logic *logic)
{
        for (size_t i = 0; i < ENDED_MAX && i < logic->last_operation; i++) {
                const struct ended *ended = ended_find(logic, logic->last_operation - i);

                if (ended)
                        add(l, ended, NULL);
        }
}

/* What runs, in the order in which it began; what waits, by its place; what ended, the last first.
 */
void handle_operations(struct call *call)
{
        const char *limit = serve_query(call->request, "limit");
        struct logic *logic = call->api->logic;
        struct listing l = {.state = serve_query(call->request, "state"), .left = LIST_MAX};
        struct doc *answer;
        uint64_t running, waiting;

        if (limit && (text_parse_u64(limit, LIST_MAX, &l.left) < 0 || l.left == 0)) {
                call_refuse(call, PROBLEM_QUERY, "limit: a number from 1 to 1000");
                return;
        }
        queue_forecast(logic, clock_wall_ms());
        answer = doc_object();
        l.items = doc_list();
        running = add_nodes(&l, &logic->running);
        waiting = add_nodes(&l, &logic->waiting);
        add_ended(&l, logic);
        (void)doc_set(answer, "items", l.items);
        (void)doc_set_number(answer, "running", (int64_t)running);
        (void)doc_set_number(answer, "waiting", (int64_t)waiting);
        (void)doc_set_number(answer, "limit", (int64_t)logic->limits.installs);
        reply_doc(call, 200, answer);
        call_send(call);
}

static const struct node *find_under_way(const struct list *which, uint64_t number)
{
        LIST_FOR_EACH(which, at)
        {
                const struct node *node = container_of(at, struct node, running);

                if (node->operation.number == number)
                        return node;
        }
        return NULL;
}

/* An operation of before the newest ones: a version of its place's document. */
struct search {
        uint64_t number;
        struct doc *found;
};

static int take_version(void *context, const struct store_document *row)
{
        struct search *search = context;
        struct ended ended;

        if (!row->body || ended_decode(row->body, &ended) < 0 ||
            ended.operation.number != search->number)
                return 0;
        search->found = ended_encode(&ended);
        return 1;
}

static void refuse_unknown(struct call *call)
{
        char detail[NODE_NAME_SIZE + 64];

        snprintf(detail, sizeof(detail), "There is no operation '%s', or it was long ago.",
                 call->match.name);
        call_refuse(call, PROBLEM_OPERATION_UNKNOWN, detail);
}

/* Reader's thread. */
static void read_ended(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct search *search = call->data;
        char name[NODE_NAME_SIZE];
        int rc;

        ended_name(search->number, name);
        rc = store_read_versions(reader, ENDED_KIND, name, take_version, search);
        if (rc < 0) {
                call_refuse(call, PROBLEM_STORE, "The operations could not be read.");
        } else if (!search->found) {
                refuse_unknown(call);
        } else {
                reply_doc(call, 200, search->found);
                call_send(call);
        }
}

void handle_operation(struct call *call)
{
        struct logic *logic = call->api->logic;
        const struct node *node;
        const struct ended *ended;
        struct ended one;
        struct search *search;
        uint64_t number;

        if (text_parse_u64(call->match.name, INT64_MAX, &number) < 0) {
                refuse_unknown(call);
                return;
        }
        queue_forecast(logic, clock_wall_ms());
        node = find_under_way(&logic->running, number);
        if (!node)
                node = find_under_way(&logic->waiting, number);
        ended = node ? NULL : ended_find(logic, number);
        if (node)
                one = of_node(node);
        if (node || ended) {
                reply_doc(call, 200, item_of(node ? &one : ended, node));
                call_send(call);
                return;
        }
        search = calloc(1, sizeof(*search));
        call->data = search;
        if (!search) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        search->number = number;
        call_read(call, read_ended);
}
