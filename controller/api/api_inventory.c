/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What machines were and are: /api/v1/nodes/NAME/inventory, inventories and diff
 *
 * Inventories stay in the store, so all of this is looked up on a reader's thread; the
 * logic thread says only whether the node is there, and what was accepted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/select.h"
#include "controller/logic/drift.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/node/inventory_diff.h"
#include "lib/node/siblings.h"

/* Sentences that are told; the rest is counted. A machine has some hundred parts. */
#define CHANGES_MAX 1000

/* Which row of the history is meant. */
struct question {
        uint64_t at_ms; /* the one that was so then */
        uint64_t back;  /* or the one so many before the newest */
        bool has_at, has_back;
        char accepted[STORE_HASH_SIZE];
        struct store_sighting rows[STORE_INVENTORIES_KEPT]; /* newest first */
        size_t count;
};

static int take_row(void *context, const struct store_sighting *row)
{
        struct question *q = context;

        if (q->count < ARRAY_SIZE(q->rows))
                q->rows[q->count++] = *row;
        return 0;
}

/* @key's number of the query. False: it has answered. */
static bool take_number(struct call *call, const char *key, uint64_t *to, bool *has)
{
        const char *text = serve_query(call->request, key);

        *has = text != NULL;
        if (!text || text_parse_u64(text, INT64_MAX, to) == 0)
                return true;
        call_refuse(call, PROBLEM_QUERY,
                    "at, since: ms since 1970; back: so many inventories before the newest");
        return false;
}

/* The question of a call about one node, as call->data. NULL: it has answered. */
static struct question *ask(struct call *call, const char *time_key)
{
        const struct node *node = call_node(call);
        struct question *q;

        if (!node)
                return NULL;
        call->data = q = calloc(1, sizeof(*q));
        if (!q) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return NULL;
        }
        memcpy(q->accepted, node->accepted_hash, sizeof(q->accepted));
        if (!take_number(call, time_key, &q->at_ms, &q->has_at) ||
            !take_number(call, "back", &q->back, &q->has_back))
                return NULL;
        return q;
}

/* What was so at that time: the newest that is not younger; the oldest, if all are. */
static const struct store_sighting *row_at(const struct question *q, uint64_t at_ms)
{
        for (size_t i = 0; i < q->count; i++)
                if (q->rows[i].first_ms <= at_ms)
                        return &q->rows[i];
        return q->count > 0 ? &q->rows[q->count - 1] : NULL;
}

static void refuse_read(struct call *call, int rc)
{
        if (rc == -ENOENT)
                call_refuse(call, PROBLEM_INVENTORY_UNKNOWN, NULL);
        else
                call_refuse(call, PROBLEM_STORE, "The inventory could not be read.");
}

static void read_inventory(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct question *q = call->data;
        const struct store_sighting *row = NULL;
        char *text = NULL;
        int rc = 0;

        if (q->has_at || q->has_back) {
                rc = store_read_history(reader, call->match.name, take_row, q);
                if (q->has_at)
                        row = row_at(q, q->at_ms);
                else if (q->back < q->count)
                        row = &q->rows[q->back];
                if (rc == 0)
                        rc = row ? store_read_inventory_body(reader, row->hash, &text) : -ENOENT;
        } else {
                rc = store_read_inventory(reader, call->match.name, &text);
        }
        if (rc < 0) {
                refuse_read(call, rc);
                return;
        }
        reply_text(call, 200, text);
        call_send(call);
}

void handle_node_inventory(struct call *call)
{
        if (ask(call, "at"))
                call_read(call, read_inventory);
}

static struct doc *encode_row(const struct store_sighting *row)
{
        struct doc *object = doc_object();

        doc_set_text(object, "hash", row->hash);
        if (row->times == 0) /* it is not in the history any more */
                return object;
        doc_set_number(object, "first_ms", (int64_t)row->first_ms);
        doc_set_number(object, "last_ms", (int64_t)row->last_ms);
        doc_set_number(object, "times", (int64_t)row->times);
        doc_set_number(object, "changes", (int64_t)row->changes);
        return object;
}

static void read_history(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct question *q = call->data;
        struct doc *answer, *items;
        const int rc = store_read_history(reader, call->match.name, take_row, q);

        if (rc < 0) {
                refuse_read(call, rc);
                return;
        }
        items = doc_list();
        for (size_t i = 0; i < q->count; i++) {
                struct doc *row = encode_row(&q->rows[i]);

                doc_set_bool(row, "accepted", strcmp(q->rows[i].hash, q->accepted) == 0);
                doc_append(items, row);
        }
        answer = doc_object();
        doc_set(answer, "items", items);
        reply_doc(call, 200, answer);
        call_send(call);
}

void handle_node_inventories(struct call *call)
{
        if (ask(call, "at"))
                call_read(call, read_history);
}

static int read_body(struct store_reader *reader, const char *hash, struct doc **ret)
{
        _free_ char *text = NULL;
        int rc = store_read_inventory_body(reader, hash, &text);

        if (rc == 0)
                rc = doc_parse(text, strlen(text), &doc_limits_inventory, NULL, ret);
        return rc;
}

/* What it is compared with. False: there is no such thing. */
static bool find_before(const struct question *q, struct store_sighting *ret)
{
        const uint64_t back = q->has_back ? q->back : 1;

        if (q->count == 0)
                return false;
        if (q->has_at) {
                *ret = *row_at(q, q->at_ms);
                return true;
        }
        if (q->accepted[0] && !q->has_back) {
                *ret = (struct store_sighting){0};
                memcpy(ret->hash, q->accepted, sizeof(ret->hash));
                for (size_t i = q->count; i > 0; i--) /* the newest such row stays */
                        if (strcmp(q->rows[i - 1].hash, q->accepted) == 0)
                                *ret = q->rows[i - 1];
                return true;
        }
        *ret = q->rows[back < q->count ? back : q->count - 1];
        return true;
}

static struct doc *first_of(const struct doc *list, size_t most)
{
        struct doc *copy = doc_list();

        for (size_t i = 0; i < doc_count(list) && i < most; i++)
                doc_append(copy, doc_copy(doc_at(list, i)));
        return copy;
}

static void read_diff(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct question *q = call->data;
        _doc_ struct doc *was = NULL, *is = NULL, *changes = NULL, *drift = NULL;
        struct store_sighting before = {0};
        struct doc *answer;
        int rc = store_read_history(reader, call->match.name, take_row, q);

        if (rc == 0)
                rc = find_before(q, &before) ? read_body(reader, before.hash, &was) : -ENOENT;
        if (rc == 0)
                rc = read_body(reader, q->rows[0].hash, &is);
        if (rc < 0) {
                refuse_read(call, rc);
                return;
        }
        changes = inventory_diff(was, is);
        drift = inventory_drift(was, is);
        answer = doc_object();
        doc_set_text(answer, "node", call->match.name);
        doc_set(answer, "before", encode_row(&before));
        doc_set_bool(doc_get(answer, "before"), "accepted", strcmp(before.hash, q->accepted) == 0);
        doc_set(answer, "after", encode_row(&q->rows[0]));
        doc_set_number(answer, "count", (int64_t)doc_count(changes));
        doc_set(answer, "changes", first_of(changes, CHANGES_MAX));
        doc_set(answer, "drift", first_of(drift, CHANGES_MAX));
        reply_doc(call, 200, answer);
        call_send(call);
}

void handle_node_diff(struct call *call)
{
        if (ask(call, "since"))
                call_read(call, read_diff);
}

void handle_node_acknowledge(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node *node = call_node_to_change(call);

        if (!node)
                return;
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (drift_acknowledge(call->api->logic, node, call->who.user, clock_wall_ms(), change) <
            0) {
                call_refuse(call, PROBLEM_INVENTORY_UNKNOWN, NULL);
                return;
        }
        reply_node(call, node, NULL);
        call_commit(call, TAKE_PTR(change));
}

/* ------------------------------------------------------------ siblings */

/* The names of the nodes that are asked about, in their order, behind the struct. */
struct crowd {
        size_t count, at;
        struct siblings *siblings; /* while it is read */
        char names[][NODE_NAME_SIZE];
};

/* Rows come in the order of names, as the names do. */
static int add_sibling(void *context, const char *node, const char *text)
{
        struct crowd *crowd = context;
        _doc_ struct doc *facts = NULL;

        while (crowd->at < crowd->count && strcmp(crowd->names[crowd->at], node) < 0)
                crowd->at++;
        if (crowd->at == crowd->count || strcmp(crowd->names[crowd->at], node) != 0)
                return 0;
        if (doc_parse(text, strlen(text), &doc_limits_message, NULL, &facts) < 0)
                return 0;
        return siblings_add(crowd->siblings, node, facts);
}

static void read_odd(struct store_reader *reader, void *context)
{
        CLEANUP(siblings_free) struct siblings *siblings = siblings_new();
        struct call *call = context;
        struct crowd *crowd = call->data;
        int rc = siblings ? 0 : -ENOMEM;

        crowd->siblings = siblings;
        if (rc == 0)
                rc = store_read_facts(reader, add_sibling, crowd);
        if (rc < 0) {
                refuse_read(call, rc);
                return;
        }
        reply_doc(call, 200, siblings_odd(siblings, serve_query(call->request, "class")));
        call_send(call);
}

void handle_odd(struct call *call)
{
        const struct logic *logic = call->api->logic;
        CLEANUP(filter_free) struct filter *select = NULL;
        struct crowd *crowd;

        if (!call_select(call, &select))
                return;
        call->data = crowd =
                calloc(1, sizeof(*crowd) + logic->node_count * sizeof(crowd->names[0]));
        if (!crowd) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        for (size_t i = 0; i < logic->node_count; i++)
                if (node_is_selected(logic->sorted[i], select))
                        memcpy(crowd->names[crowd->count++], logic->sorted[i]->name,
                               NODE_NAME_SIZE);
        call_read(call, read_odd);
}
