/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SQLite behind the store: writing
 *
 * WAL with synchronous=FULL: a commit is one sync of the log. Every row that
 * can be written is a row of the table `ops`: its statements, which share their
 * parameters' numbers, and the function that binds them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/sqlite.h"
#include "lib/base/text.h"

#define APPLICATION_ID 0x436c6465 /* "Clde" */
#define HISTORY_KEPT   64         /* versions of a document: enough to see what happened */
#define NUMBER(n)      NUMBER_(n)
#define NUMBER_(n)     #n

#define FORGET_BODY(table, what, name)                                                             \
        "CREATE TRIGGER forget_body_of_" name " AFTER " what " ON " table " BEGIN"                 \
        " DELETE FROM inventory_bodies WHERE hash = OLD.hash"                                      \
        " AND NOT EXISTS (SELECT 1 FROM inventory_history WHERE hash = OLD.hash)"                  \
        " AND NOT EXISTS (SELECT 1 FROM inventory_baselines WHERE hash = OLD.hash); END;"

/* A row leads from the version of its place to the next; never change one that was released. */
/* clang-format off */
static const struct {
        const char *sql;
        int (*then)(sqlite3 *db); /* what SQL cannot do; NULL: nothing */
} migrations[] = {
        {"CREATE TABLE documents(kind TEXT, name TEXT, version INTEGER, at_ms INTEGER, body TEXT,"
        " PRIMARY KEY(kind, name)) WITHOUT ROWID;"
        "CREATE TABLE history(kind TEXT, name TEXT, version INTEGER, at_ms INTEGER, body TEXT);"
        "CREATE INDEX history_of ON history(kind, name, version);"
        "CREATE TABLE inventories(node TEXT PRIMARY KEY, at_ms INTEGER, body TEXT);"
        "CREATE TABLE events(id INTEGER PRIMARY KEY, at_ms INTEGER, mac TEXT, boot TEXT,"
        " step TEXT, body TEXT);"
        "CREATE INDEX events_of ON events(mac, id);"
        "CREATE TABLE boots(number TEXT PRIMARY KEY, mac TEXT, address TEXT, made_ms INTEGER,"
        " public_key TEXT, is_void INTEGER) WITHOUT ROWID;"
        "CREATE TABLE claims(id INTEGER PRIMARY KEY, boot TEXT, mac TEXT, address TEXT, uuid TEXT,"
        " public_key TEXT, token_hash TEXT, node TEXT, made_ms INTEGER, last_seq INTEGER);"
        "CREATE TABLE edges(id INTEGER PRIMARY KEY, name TEXT, credential_hash TEXT,"
        " joined_ms INTEGER, last_seq INTEGER);"
        "CREATE TABLE tokens(hash TEXT PRIMARY KEY, user TEXT, role TEXT, permissions TEXT,"
        " made_ms INTEGER, expires_ms INTEGER) WITHOUT ROWID;", NULL},
        /* What nothing refers to any more goes with the last reference. */
        {"CREATE TABLE inventory_bodies(hash TEXT PRIMARY KEY, body TEXT, facts TEXT);"
        "CREATE TABLE inventory_history(id INTEGER PRIMARY KEY, node TEXT, hash TEXT,"
        " first_ms INTEGER, last_ms INTEGER, times INTEGER, changes INTEGER, size INTEGER);"
        "CREATE INDEX inventory_history_of ON inventory_history(node, id);"
        "CREATE INDEX inventory_history_with ON inventory_history(hash);"
        "CREATE TABLE inventory_baselines(node TEXT PRIMARY KEY, hash TEXT) WITHOUT ROWID;"
        "CREATE INDEX inventory_baselines_with ON inventory_baselines(hash);"
        FORGET_BODY("inventory_history", "DELETE", "history")
        FORGET_BODY("inventory_baselines", "DELETE", "baseline")
        FORGET_BODY("inventory_baselines", "UPDATE", "old_baseline"),
        sqlite_adopt_inventories},
};
/* clang-format on */

/* Binds only what this statement of the op asks for. */
static void bind_number(sqlite3_stmt *s, int at, uint64_t number)
{
        if (at <= sqlite3_bind_parameter_count(s))
                sqlite3_bind_int64(s, at, (sqlite3_int64)number);
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
        if (at <= sqlite3_bind_parameter_count(s))
                sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_body(sqlite3_stmt *s, int at, const struct op *op)
{
        if (at <= sqlite3_bind_parameter_count(s))
                sqlite3_bind_text64(s, at, op->body, op->size, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_mac(sqlite3_stmt *s, int at, const struct mac_address *mac)
{
        char text[MAC_TEXT_SIZE];

        bind_text(s, at, mac_text(text, mac));
}

static void bind_address(sqlite3_stmt *s, int at, struct ip_address address)
{
        char text[IP_TEXT_SIZE];

        bind_text(s, at, ip_text(text, address));
}

static void bind_document(sqlite3_stmt *s, const struct op *op)
{
        bind_text(s, 1, op->document.name);
        bind_text(s, 2, op->document.kind);
        bind_number(s, 3, op->document.version);
        bind_number(s, 4, op->document.at_ms);
        bind_body(s, 5, op);
}

static void bind_inventory(sqlite3_stmt *s, const struct op *op)
{
        bind_text(s, 1, op->inventory.node);
        bind_text(s, 2, op->inventory.hash);
        bind_number(s, 3, op->inventory.at_ms);
        bind_body(s, 4, op);
        bind_number(s, 5, op->inventory.size);
}

/* What lasts, and behind its NUL byte the facts. */
static void bind_inventory_body(sqlite3_stmt *s, const struct op *op)
{
        bind_text(s, 1, op->inventory.hash);
        bind_text(s, 2, op->body);
        bind_text(s, 3, op->body + strlen(op->body) + 1);
}

static void bind_inventory_changes(sqlite3_stmt *s, const struct op *op)
{
        bind_text(s, 1, op->inventory.node);
        bind_text(s, 2, op->inventory.hash);
        bind_number(s, 3, op->inventory.changes);
}

static void bind_event(sqlite3_stmt *s, const struct op *op)
{
        bind_number(s, 1, op->event.id);
        bind_number(s, 2, op->event.at_ms);
        bind_text(s, 3, op->event.mac);
        bind_text(s, 4, op->event.boot);
        bind_text(s, 5, node_step_names[op->event.step]);
        bind_body(s, 6, op);
}

static void bind_boot(sqlite3_stmt *s, const struct op *op)
{
        const struct store_boot *row = &op->boot;

        bind_text(s, 1, row->number);
        bind_mac(s, 2, &row->mac);
        bind_address(s, 3, row->address);
        bind_number(s, 4, row->made_ms);
        bind_text(s, 5, row->public_key);
        bind_number(s, 6, row->is_void);
}

static void bind_claim(sqlite3_stmt *s, const struct op *op)
{
        const struct store_claim *row = &op->claim;
        char text[UUID_TEXT_SIZE];

        bind_number(s, 1, row->id);
        bind_text(s, 2, row->boot);
        bind_mac(s, 3, &row->mac);
        bind_address(s, 4, row->address);
        bind_text(s, 5, uuid_text(text, &row->uuid));
        bind_text(s, 6, row->public_key);
        bind_text(s, 7, row->token_hash);
        bind_text(s, 8, row->node);
        bind_number(s, 9, row->made_ms);
        bind_number(s, 10, row->last_seq);
}

static void bind_edge(sqlite3_stmt *s, const struct op *op)
{
        const struct store_edge *row = &op->edge;

        bind_number(s, 1, row->id);
        bind_text(s, 2, row->name);
        bind_text(s, 3, row->credential_hash);
        bind_number(s, 4, row->joined_ms);
        bind_number(s, 5, row->last_seq);
}

static void bind_token(sqlite3_stmt *s, const struct op *op)
{
        const struct store_token *row = &op->token;

        bind_text(s, 1, row->hash);
        bind_text(s, 2, row->user);
        bind_text(s, 3, row->role);
        bind_text(s, 4, row->permissions);
        bind_number(s, 5, row->made_ms);
        bind_number(s, 6, row->expires_ms);
}

#define OP_STATEMENTS 7

/* clang-format off */
/* Of the node ?1: the newest row, the newest of those that are too old, and the newest of those that
 * are too much together with all that are newer. */
#define NEWEST    "(SELECT max(id) FROM inventory_history WHERE node = ?1)"
#define TOO_OLD   "(SELECT id FROM inventory_history WHERE node = ?1 ORDER BY id DESC LIMIT 1 OFFSET " \
                  NUMBER(STORE_INVENTORIES_KEPT) ")"
#define TOO_LARGE "(SELECT max(id) FROM (SELECT id, sum(size) OVER (ORDER BY id DESC) AS total" \
                  " FROM inventory_history WHERE node = ?1) WHERE total > " \
                  NUMBER(STORE_INVENTORIES_KEPT_BYTES) ")"

/* Kinds of documents that are named after a node. */
#define OF_NODES "'node', 'traits', 'worker', 'phone-home'"

static const struct {
        void (*bind)(sqlite3_stmt *statement, const struct op *op);
        const char *sql[OP_STATEMENTS];
} ops[OP_COUNT] = {
        [OP_PUT_DOCUMENT] = {bind_document,
                {"INSERT OR REPLACE INTO documents(name, kind, version, at_ms, body)"
                 " VALUES(?1, ?2, ?3, ?4, ?5)",
                 "INSERT INTO history(name, kind, version, at_ms, body) VALUES(?1, ?2, ?3, ?4, ?5)",
                 "DELETE FROM history WHERE name = ?1 AND kind = ?2 AND version <= ?3 - " NUMBER(HISTORY_KEPT)}},
        [OP_KEEP_DOCUMENT] = {bind_document,
                {"INSERT OR REPLACE INTO documents(name, kind, version, at_ms, body)"
                 " VALUES(?1, ?2, ?3, ?4, ?5)"}},
        [OP_RENAME_NODE] = {bind_document,
                {"UPDATE documents SET name = ?5 WHERE name = ?1 AND kind IN (" OF_NODES ")",
                 /* Readers go by the order of writing. */
                 "INSERT INTO history(kind, name, version, at_ms, body) SELECT kind, ?5, version + ?3, at_ms, body"
                 " FROM history WHERE name = ?1 AND kind IN (" OF_NODES ") ORDER BY rowid",
                 "DELETE FROM history WHERE name = ?1 AND kind IN (" OF_NODES ")",
                 "UPDATE inventories SET node = ?5 WHERE node = ?1",
                 "UPDATE inventory_history SET node = ?5 WHERE node = ?1",
                 "UPDATE inventory_baselines SET node = ?5 WHERE node = ?1",
                 "UPDATE claims SET node = ?5 WHERE node = ?1"}},
        [OP_DELETE_DOCUMENT] = {bind_document,
                {"INSERT INTO history(name, kind, version, at_ms) VALUES(?1, ?2, ?3, ?4)",
                 "DELETE FROM documents WHERE name = ?1 AND (kind = ?2 OR (kind = 'traits' AND ?2 = 'node'))",
                 "DELETE FROM inventories WHERE node = ?1 AND ?2 = 'node'",
                 "DELETE FROM inventory_history WHERE node = ?1 AND ?2 = 'node'",
                 "DELETE FROM inventory_baselines WHERE node = ?1 AND ?2 = 'node'"}},
        [OP_PUT_INVENTORY_BODY] = {bind_inventory_body,
                {"INSERT INTO inventory_bodies VALUES(?1, ?2, ?3) ON CONFLICT(hash)"
                 " DO UPDATE SET facts = excluded.facts WHERE facts IS NOT excluded.facts"}},
        [OP_PUT_INVENTORY] = {bind_inventory,
                {"INSERT OR REPLACE INTO inventories VALUES(?1, ?3, ?4)",
                 "UPDATE inventory_history SET last_ms = ?3, times = times + 1"
                 " WHERE id = " NEWEST " AND hash = ?2",
                 "INSERT INTO inventory_history(node, hash, first_ms, last_ms, times, changes, size)"
                 " SELECT ?1, ?2, ?3, ?3, 1, 0, ?5"
                 " WHERE ?2 IS NOT (SELECT hash FROM inventory_history WHERE id = " NEWEST ")",
                 "DELETE FROM inventory_history WHERE node = ?1 AND id <= " TOO_OLD,
                 "DELETE FROM inventory_history WHERE node = ?1 AND id < " NEWEST " AND id <= " TOO_LARGE}},
        [OP_PUT_INVENTORY_CHANGES] = {bind_inventory_changes,
                {"UPDATE inventory_history SET changes = ?3 WHERE id = " NEWEST " AND hash = ?2"}},
        [OP_PUT_BASELINE] = {bind_inventory,
                {"INSERT INTO inventory_baselines VALUES(?1, ?2) ON CONFLICT(node)"
                 " DO UPDATE SET hash = excluded.hash"}},
        [OP_ADD_EVENT] = {bind_event,
                {"INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                 "DELETE FROM events WHERE id <= ?1 - " NUMBER(STORE_EVENTS_KEPT)}},
        [OP_PUT_BOOT] = {bind_boot,
                {"INSERT OR REPLACE INTO boots VALUES(?1, ?2, ?3, ?4, ?5, ?6)"}},
        [OP_DELETE_BOOT] = {bind_boot, {"DELETE FROM boots WHERE number = ?1"}},
        [OP_PUT_CLAIM] = {bind_claim,
                {"INSERT OR REPLACE INTO claims VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"}},
        [OP_DELETE_CLAIM] = {bind_claim, {"DELETE FROM claims WHERE id = ?1"}},
        [OP_PUT_EDGE] = {bind_edge, {"INSERT OR REPLACE INTO edges VALUES(?1, ?2, ?3, ?4, ?5)"}},
        [OP_PUT_TOKEN] = {bind_token,
                {"DELETE FROM tokens WHERE expires_ms <= ?5",
                 "INSERT OR REPLACE INTO tokens VALUES(?1, ?2, ?3, ?4, ?5, ?6)"}},
        [OP_DELETE_TOKEN] = {bind_token, {"DELETE FROM tokens WHERE hash = ?1"}},
};
/* clang-format on */

int sqlite_rc(int rc)
{
        switch (rc & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
                return -EPROTO;
        default:
                return -EIO;
        }
}

int sqlite_connect(const char *path, int flags, sqlite3 **ret)
{
        sqlite3 *db = NULL;
        int rc;

        /* Each connection is used by one thread at a time: the library need not lock. */
        rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
        if (rc != SQLITE_OK) {
                sqlite3_close(db);
                return sqlite_rc(rc);
        }
        sqlite3_busy_timeout(db, 5000);
        /* What is sorted lies in memory: no file outside the state folder can be opened. */
        rc = sqlite3_exec(db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
        if (rc != SQLITE_OK) {
                sqlite3_close(db);
                return sqlite_rc(rc);
        }
        *ret = db;
        return 0;
}

void sqlite_take_text(sqlite3_stmt *row, int column, char *to, size_t size)
{
        const char *text = (const char *)sqlite3_column_text(row, column);

        to[0] = '\0';
        if (text)
                (void)text_copy(to, size, text);
}

static int fail(struct engine *engine, char *error, const char *what, int rc)
{
        if (error)
                snprintf(error, STORE_ERROR_SIZE, "%s: %s: %s", engine->path, what,
                         engine->db ? sqlite3_errmsg(engine->db) : strerror(-rc));
        return rc;
}

static int pragma_number(sqlite3 *db, const char *sql, int64_t *ret)
{
        sqlite3_stmt *s = NULL;
        int rc;

        rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
        if (rc == SQLITE_OK) {
                rc = sqlite3_step(s);
                *ret = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
        }
        sqlite3_finalize(s);
        return sqlite_rc(rc);
}

static int migrate(struct engine *engine, char *error)
{
        const int64_t newest = (int64_t)ARRAY_SIZE(migrations);
        int64_t version = 0, application = 0;
        char text[96];
        int rc;

        rc = pragma_number(engine->db, "PRAGMA user_version", &version);
        if (rc == 0)
                rc = pragma_number(engine->db, "PRAGMA application_id", &application);
        if (rc < 0)
                return fail(engine, error, "cannot be read", rc);
        if (version > newest || (version > 0 && application != APPLICATION_ID)) {
                snprintf(error, STORE_ERROR_SIZE, "%s: %s; use the cloudied that wrote it",
                         engine->path,
                         version > newest ? "written by a newer cloudied"
                                          : "not written by cloudied");
                return -EPROTO;
        }

        for (; version < newest; version++) {
                snprintf(text, sizeof(text),
                         "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                         APPLICATION_ID, (int)version + 1);
                if (sqlite3_exec(engine->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
                    sqlite3_exec(engine->db, migrations[version].sql, NULL, NULL, NULL) !=
                            SQLITE_OK ||
                    (migrations[version].then && migrations[version].then(engine->db) < 0) ||
                    sqlite3_exec(engine->db, text, NULL, NULL, NULL) != SQLITE_OK)
                        return fail(engine, error, "its tables cannot be made", -EIO);
        }
        return 0;
}

static int prepare(struct engine *engine, const char *sql, sqlite3_stmt **ret)
{
        return sqlite_rc(
                sqlite3_prepare_v3(engine->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

static int prepare_all(struct engine *engine)
{
        int rc;

        engine->statements = calloc((size_t)OP_COUNT * OP_STATEMENTS, sizeof(sqlite3_stmt *));
        if (!engine->statements)
                return -ENOMEM;
        rc = prepare(engine, "BEGIN IMMEDIATE", &engine->begin);
        if (rc == 0)
                rc = prepare(engine, "COMMIT", &engine->commit);
        if (rc == 0)
                rc = prepare(engine, "ROLLBACK", &engine->rollback);
        for (size_t i = 0; rc == 0 && i < (size_t)OP_COUNT * OP_STATEMENTS; i++) {
                const char *sql = ops[i / OP_STATEMENTS].sql[i % OP_STATEMENTS];

                if (sql)
                        rc = prepare(engine, sql, &engine->statements[i]);
        }
        return rc;
}

int engine_open(const char *path, char *error, struct engine **ret)
{
        struct engine *engine = calloc(1, sizeof(*engine));
        int rc, fd;

        if (!engine)
                return -ENOMEM;
        engine->path = strdup(path);
        /* SQLite would make it readable for all; its log gets the same mode. */
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        rc = fd < 0 ? -errno : 0;
        if (fd >= 0)
                close(fd);
        if (rc == 0 && !engine->path)
                rc = -ENOMEM;
        if (rc == 0)
                rc = sqlite_connect(path, SQLITE_OPEN_READWRITE, &engine->db);
        if (rc < 0) {
                (void)fail(engine, error, "cannot be opened", rc);
                engine_close(engine);
                return rc;
        }

        if (sqlite3_exec(engine->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL,
                         NULL, NULL) != SQLITE_OK)
                rc = fail(engine, error, "cannot be used", sqlite_rc(sqlite3_errcode(engine->db)));
        if (rc == 0)
                rc = migrate(engine, error);
        if (rc == 0) {
                rc = prepare_all(engine);
                if (rc < 0)
                        (void)fail(engine, error, "its tables are not as expected", rc);
        }
        if (rc < 0) {
                engine_close(engine);
                return rc;
        }
        *ret = engine;
        return 0;
}

struct engine *engine_close(struct engine *engine)
{
        if (!engine)
                return NULL;
        for (size_t i = 0; engine->statements && i < (size_t)OP_COUNT * OP_STATEMENTS; i++)
                sqlite3_finalize(engine->statements[i]);
        sqlite3_finalize(engine->begin);
        sqlite3_finalize(engine->commit);
        sqlite3_finalize(engine->rollback);
        sqlite3_close(engine->db);
        free(engine->statements);
        free(engine->path);
        free(engine);
        return NULL;
}

static int run(struct engine *engine, sqlite3_stmt *s)
{
        int rc = sqlite3_step(s);

        if (rc != SQLITE_DONE && rc != SQLITE_ROW)
                snprintf(engine->error, sizeof(engine->error), "%s: %s", engine->path,
                         sqlite3_errmsg(engine->db));
        sqlite3_reset(s);
        return sqlite_rc(rc);
}

int engine_begin(struct engine *engine)
{
        return run(engine, engine->begin);
}

int engine_apply(struct engine *engine, const struct op *op)
{
        int rc;

        for (int i = 0; i < OP_STATEMENTS; i++) {
                sqlite3_stmt *s = engine->statements[(int)op->kind * OP_STATEMENTS + i];

                if (!s)
                        break;
                ops[op->kind].bind(s, op);
                rc = run(engine, s);
                sqlite3_clear_bindings(s);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

int engine_commit(struct engine *engine)
{
        return run(engine, engine->commit);
}

void engine_rollback(struct engine *engine)
{
        if (!sqlite3_get_autocommit(engine->db))
                (void)run(engine, engine->rollback);
}

const char *engine_error(struct engine *engine)
{
        return engine->error;
}
