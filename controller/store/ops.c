/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is written, in the SQL that every engine speaks
 *
 * Every row that can be written is a row of the table `op_rows`: its
 * statements, which share their parameters' numbers, and the function that
 * gives their values.
 */
#include <string.h>

#include "controller/store/engine.h"

#define HISTORY_KEPT 64 /* versions of a document: enough to see what happened */
#define NUMBER(n)    NUMBER_(n)
#define NUMBER_(n)   #n

static void add_sized(struct sql_values *to, const char *text, size_t size)
{
        to->at[to->count++] = (struct sql_value){.text = text, .size = size};
}

static void add_text(struct sql_values *to, const char *text)
{
        add_sized(to, text, strlen(text));
}

static void add_number(struct sql_values *to, uint64_t number)
{
        to->at[to->count++] = (struct sql_value){.number = number};
}

static void fill_document(struct sql_values *to, const struct op *op)
{
        add_text(to, op->document.name);
        add_text(to, op->document.kind);
        add_number(to, op->document.version);
        add_number(to, op->document.at_ms);
        add_sized(to, op->body, op->size);
}

static void fill_inventory(struct sql_values *to, const struct op *op)
{
        add_text(to, op->inventory.node);
        add_text(to, op->inventory.hash);
        add_number(to, op->inventory.at_ms);
        add_sized(to, op->body, op->size);
        add_number(to, op->inventory.size);
}

/* What lasts, and behind its NUL byte the facts. */
static void fill_inventory_body(struct sql_values *to, const struct op *op)
{
        add_text(to, op->inventory.hash);
        add_text(to, op->body);
        add_text(to, op->body + strlen(op->body) + 1);
}

static void fill_inventory_changes(struct sql_values *to, const struct op *op)
{
        add_text(to, op->inventory.node);
        add_text(to, op->inventory.hash);
        add_number(to, op->inventory.changes);
}

static void fill_event(struct sql_values *to, const struct op *op)
{
        add_number(to, op->event.id);
        add_number(to, op->event.at_ms);
        add_text(to, op->event.mac);
        add_text(to, op->event.boot);
        add_text(to, node_step_names[op->event.step]);
        add_sized(to, op->body, op->size);
}

static void fill_boot(struct sql_values *to, const struct op *op)
{
        const struct store_boot *row = &op->boot;

        add_text(to, row->number);
        add_text(to, mac_text(to->mac, &row->mac));
        add_text(to, ip_text(to->address, row->address));
        add_number(to, row->made_ms);
        add_text(to, row->public_key);
        add_number(to, row->is_void);
}

static void fill_claim(struct sql_values *to, const struct op *op)
{
        const struct store_claim *row = &op->claim;

        add_number(to, row->id);
        add_text(to, row->boot);
        add_text(to, mac_text(to->mac, &row->mac));
        add_text(to, ip_text(to->address, row->address));
        add_text(to, uuid_text(to->uuid, &row->uuid));
        add_text(to, row->public_key);
        add_text(to, row->token_hash);
        add_text(to, row->node);
        add_number(to, row->made_ms);
        add_number(to, row->last_seq);
}

static void fill_edge(struct sql_values *to, const struct op *op)
{
        const struct store_edge *row = &op->edge;

        add_number(to, row->id);
        add_text(to, row->name);
        add_text(to, row->credential_hash);
        add_number(to, row->joined_ms);
        add_number(to, row->last_seq);
}

static void fill_token(struct sql_values *to, const struct op *op)
{
        const struct store_token *row = &op->token;

        add_text(to, row->hash);
        add_text(to, row->user);
        add_text(to, row->role);
        add_text(to, row->permissions);
        add_number(to, row->made_ms);
        add_number(to, row->expires_ms);
}

/* clang-format off */
/* Of the node ?1: the newest row, the newest of those that are too old, and the newest of those that
 * are too much together with all that are newer. */
#define NEWEST    "(SELECT max(id) FROM inventory_history WHERE node = ?1)"
#define TOO_OLD   "(SELECT id FROM inventory_history WHERE node = ?1 ORDER BY id DESC LIMIT 1 OFFSET " \
                  NUMBER(STORE_INVENTORIES_KEPT) ")"
#define TOO_LARGE "(SELECT max(id) FROM (SELECT id, sum(size) OVER (ORDER BY id DESC) AS total" \
                  " FROM inventory_history WHERE node = ?1) AS sums WHERE total > " \
                  NUMBER(STORE_INVENTORIES_KEPT_BYTES) ")"

/* Kinds of documents that are named after a node. */
#define OF_NODES "'node', 'traits', 'worker', 'phone-home'"

#define PUT_DOCUMENT \
        "INSERT INTO documents(name, kind, version, at_ms, body) VALUES(?1, ?2, ?3, ?4, ?5)" \
        " ON CONFLICT(kind, name) DO UPDATE SET version = excluded.version," \
        " at_ms = excluded.at_ms, body = excluded.body"

const struct op_row op_rows[OP_COUNT] = {
        [OP_PUT_DOCUMENT] = {fill_document, "ttnnt",
                {PUT_DOCUMENT,
                 "INSERT INTO history(name, kind, version, at_ms, body) VALUES(?1, ?2, ?3, ?4, ?5)",
                 "DELETE FROM history WHERE name = ?1 AND kind = ?2 AND version <= ?3 - " NUMBER(HISTORY_KEPT)}},
        [OP_KEEP_DOCUMENT] = {fill_document, "ttnnt", {PUT_DOCUMENT}},
        [OP_RENAME_NODE] = {fill_document, "ttnnt",
                {"UPDATE documents SET name = ?5 WHERE name = ?1 AND kind IN (" OF_NODES ")",
                 /* Readers go by the order of writing. */
                 "INSERT INTO history(kind, name, version, at_ms, body)"
                 " SELECT kind, ?5, version + ?3, at_ms, body FROM history"
                 " WHERE name = ?1 AND kind IN (" OF_NODES ") ORDER BY rowid",
                 "DELETE FROM history WHERE name = ?1 AND kind IN (" OF_NODES ")",
                 "UPDATE inventories SET node = ?5 WHERE node = ?1",
                 "UPDATE inventory_history SET node = ?5 WHERE node = ?1",
                 "UPDATE inventory_baselines SET node = ?5 WHERE node = ?1",
                 "UPDATE claims SET node = ?5 WHERE node = ?1"}},
        [OP_DELETE_DOCUMENT] = {fill_document, "ttnnt",
                {"INSERT INTO history(name, kind, version, at_ms) VALUES(?1, ?2, ?3, ?4)",
                 "DELETE FROM documents WHERE name = ?1 AND (kind = ?2 OR (kind = 'traits' AND ?2 = 'node'))",
                 "DELETE FROM inventories WHERE node = ?1 AND ?2 = 'node'",
                 "DELETE FROM inventory_history WHERE node = ?1 AND ?2 = 'node'",
                 "DELETE FROM inventory_baselines WHERE node = ?1 AND ?2 = 'node'"}},
        [OP_PUT_INVENTORY_BODY] = {fill_inventory_body, "ttt",
                {"INSERT INTO inventory_bodies VALUES(?1, ?2, ?3) ON CONFLICT(hash) DO UPDATE"
                 " SET facts = excluded.facts"
                 " WHERE inventory_bodies.facts IS DISTINCT FROM excluded.facts"}},
        [OP_PUT_INVENTORY] = {fill_inventory, "ttntn",
                {"INSERT INTO inventories VALUES(?1, ?3, ?4) ON CONFLICT(node)"
                 " DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body",
                 "UPDATE inventory_history SET last_ms = ?3, times = times + 1"
                 " WHERE id = " NEWEST " AND hash = ?2",
                 "INSERT INTO inventory_history(node, hash, first_ms, last_ms, times, changes, size)"
                 " SELECT ?1, ?2, ?3, ?3, 1, 0, ?5 WHERE ?2 IS DISTINCT FROM"
                 " (SELECT hash FROM inventory_history WHERE id = " NEWEST ")",
                 "DELETE FROM inventory_history WHERE node = ?1 AND id <= " TOO_OLD,
                 "DELETE FROM inventory_history WHERE node = ?1 AND id < " NEWEST " AND id <= " TOO_LARGE}},
        [OP_PUT_INVENTORY_CHANGES] = {fill_inventory_changes, "ttn",
                {"UPDATE inventory_history SET changes = ?3 WHERE id = " NEWEST " AND hash = ?2"}},
        [OP_PUT_BASELINE] = {fill_inventory, "ttntn",
                {"INSERT INTO inventory_baselines VALUES(?1, ?2) ON CONFLICT(node)"
                 " DO UPDATE SET hash = excluded.hash"}},
        [OP_ADD_EVENT] = {fill_event, "nntttt",
                {"INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                 "DELETE FROM events WHERE id <= ?1 - " NUMBER(STORE_EVENTS_KEPT)}},
        [OP_PUT_BOOT] = {fill_boot, "tttntn",
                {"INSERT INTO boots VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(number) DO UPDATE SET"
                 " mac = excluded.mac, address = excluded.address, made_ms = excluded.made_ms,"
                 " public_key = excluded.public_key, is_void = excluded.is_void"}},
        [OP_DELETE_BOOT] = {fill_boot, "tttntn", {"DELETE FROM boots WHERE number = ?1"}},
        [OP_PUT_CLAIM] = {fill_claim, "ntttttttnn",
                {"INSERT INTO claims VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(id)"
                 " DO UPDATE SET boot = excluded.boot, mac = excluded.mac,"
                 " address = excluded.address, uuid = excluded.uuid,"
                 " public_key = excluded.public_key, token_hash = excluded.token_hash,"
                 " node = excluded.node, made_ms = excluded.made_ms, last_seq = excluded.last_seq"}},
        [OP_DELETE_CLAIM] = {fill_claim, "ntttttttnn", {"DELETE FROM claims WHERE id = ?1"}},
        [OP_PUT_EDGE] = {fill_edge, "nttnn",
                {"INSERT INTO edges VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO UPDATE SET"
                 " name = excluded.name, credential_hash = excluded.credential_hash,"
                 " joined_ms = excluded.joined_ms, last_seq = excluded.last_seq"}},
        [OP_PUT_TOKEN] = {fill_token, "ttttnn",
                {"DELETE FROM tokens WHERE expires_ms <= ?5",
                 "INSERT INTO tokens VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(hash) DO UPDATE SET"
                 " \"user\" = excluded.\"user\", role = excluded.role,"
                 " permissions = excluded.permissions, made_ms = excluded.made_ms,"
                 " expires_ms = excluded.expires_ms"}},
        [OP_DELETE_TOKEN] = {fill_token, "ttttnn", {"DELETE FROM tokens WHERE hash = ?1"}},
};
/* clang-format on */
