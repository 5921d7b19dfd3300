/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building a change: a list of rows, in the order in which they are written. */
#include "controller/store/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/value.h"

struct store_change *store_change_new(void)
{
        struct store_change *change = calloc(1, sizeof(*change));

        if (change)
                change->last = &change->first;
        return change;
}

struct store_change *store_change_free(struct store_change *change)
{
        if (!change)
                return NULL;
        for (struct op *op = change->first, *next = NULL; op; op = next) {
                next = op->next;
                free(op);
        }
        free(change);
        return NULL;
}

size_t store_change_count(const struct store_change *change)
{
        return change ? change->count : 0;
}

/* A new row at the end; NULL: it could not be had, and the change remembers. */
static struct op *add(struct store_change *change, enum op_kind kind, const char *body, size_t size)
{
        struct op *op;

        if (!change)
                return NULL;
        op = calloc(1, sizeof(*op) + size + 1);
        if (!op) {
                change->is_failed = true;
                return NULL;
        }
        op->kind = kind;
        op->size = size;
        if (body && size > 0)
                memcpy(op->body, body, size);
        *change->last = op;
        change->last = &op->next;
        change->count++;
        change->bytes += sizeof(*op) + size;
        return op;
}

static void add_document(struct store_change *change, enum op_kind kind,
                         const struct store_document *row)
{
        struct op *op = add(change, kind, row->body, row->body ? strlen(row->body) : 0);

        if (!op)
                return;
        op->document.version = row->version;
        op->document.at_ms = row->at_ms;
        if (text_copy(op->document.kind, sizeof(op->document.kind), row->kind) < 0 ||
            text_copy(op->document.name, sizeof(op->document.name), row->name) < 0)
                change->is_failed = true;
}

void store_put_document(struct store_change *change, const struct store_document *row)
{
        /* There was no memory for its text; an empty one could never be read again. */
        if (change && !row->body)
                change->is_failed = true;
        add_document(change, OP_PUT_DOCUMENT, row);
}

void store_keep_document(struct store_change *change, const struct store_document *row)
{
        if (change && !row->body)
                change->is_failed = true;
        add_document(change, OP_KEEP_DOCUMENT, row);
}

void store_rename_node(struct store_change *change, const struct store_document *row,
                       const char *to)
{
        struct store_document moved = *row;

        moved.kind = "node";
        moved.body = to;
        add_document(change, OP_RENAME_NODE, &moved);
}

void store_delete_document(struct store_change *change, const struct store_document *row)
{
        add_document(change, OP_DELETE_DOCUMENT, row);
}

static struct op *add_inventory(struct store_change *change, enum op_kind kind, const char *node,
                                const char *hash, const void *body, size_t size)
{
        struct op *op = add(change, kind, body, size);

        if (op && (text_copy(op->inventory.node, sizeof(op->inventory.node), node) < 0 ||
                   text_copy(op->inventory.hash, sizeof(op->inventory.hash), hash) < 0))
                change->is_failed = true;
        return op;
}

void store_put_inventory(struct store_change *change, const struct store_inventory *row)
{
        const size_t lasting = strlen(row->lasting) + 1, facts = strlen(row->facts) + 1;
        struct op *op =
                add_inventory(change, OP_PUT_INVENTORY_BODY, "", row->hash, NULL, lasting + facts);

        if (op) {
                memcpy(op->body, row->lasting, lasting);
                memcpy(op->body + lasting, row->facts, facts);
        }
        op = add_inventory(change, OP_PUT_INVENTORY, row->node, row->hash, row->body, row->size);
        if (!op)
                return;
        op->inventory.at_ms = row->at_ms;
        op->inventory.size = lasting - 1;
}

void store_put_inventory_changes(struct store_change *change, const char *node, const char *hash,
                                 uint64_t changes)
{
        struct op *op = add_inventory(change, OP_PUT_INVENTORY_CHANGES, node, hash, NULL, 0);

        if (op)
                op->inventory.changes = changes;
}

void store_put_baseline(struct store_change *change, const char *node, const char *hash)
{
        (void)add_inventory(change, OP_PUT_BASELINE, node, hash, NULL, 0);
}

void store_add_event(struct store_change *change, const struct node_event *event)
{
        _doc_ struct doc *object = doc_encode(&node_event_table, event);
        _free_ char *body = NULL;
        struct op *op;

        if (!change)
                return;
        if (doc_print(object, DOC_COMPACT, &body) < 0) {
                change->is_failed = true;
                return;
        }
        op = add(change, OP_ADD_EVENT, body, strlen(body));
        if (!op)
                return;
        op->event.id = event->id;
        op->event.at_ms = event->at_ms;
        op->event.step = event->step;
        if (mac_is_usable(&event->mac))
                mac_text(op->event.mac, &event->mac);
        memcpy(op->event.boot, event->boot, sizeof(op->event.boot));
}

void store_put_boot(struct store_change *change, const struct store_boot *row)
{
        struct op *op = add(change, OP_PUT_BOOT, NULL, 0);

        if (op)
                op->boot = *row;
}

void store_delete_boot(struct store_change *change, const char *number)
{
        struct op *op = add(change, OP_DELETE_BOOT, NULL, 0);

        if (op && text_copy(op->boot.number, sizeof(op->boot.number), number) < 0)
                change->is_failed = true;
}

void store_put_claim(struct store_change *change, const struct store_claim *row)
{
        struct op *op = add(change, OP_PUT_CLAIM, NULL, 0);

        if (op)
                op->claim = *row;
}

void store_delete_claim(struct store_change *change, uint64_t id)
{
        struct op *op = add(change, OP_DELETE_CLAIM, NULL, 0);

        if (op)
                op->claim.id = id;
}

void store_put_edge(struct store_change *change, const struct store_edge *row)
{
        struct op *op = add(change, OP_PUT_EDGE, NULL, 0);

        if (op)
                op->edge = *row;
}

void store_put_token(struct store_change *change, const struct store_token *row)
{
        struct op *op = add(change, OP_PUT_TOKEN, NULL, 0);

        if (op)
                op->token = *row;
}

void store_delete_token(struct store_change *change, const char *hash)
{
        struct op *op = add(change, OP_DELETE_TOKEN, NULL, 0);

        if (op && text_copy(op->token.hash, sizeof(op->token.hash), hash) < 0)
                change->is_failed = true;
}
