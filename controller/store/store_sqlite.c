/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SQLite behind the store
 *
 * WAL with synchronous=FULL: a commit is one sync of the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/sqlite.h"
#include "lib/base/text.h"

#define APPLICATION_ID 0x436c6465 /* "Clde" */

struct sqlite {
        struct engine engine;
        sqlite3 *db;
        sqlite3_stmt *begin, *commit, *rollback;
        sqlite3_stmt **statements; /* of all ops, in the order of their tables */
};

struct sqlite_reader {
        struct store_reader reader;
        sqlite3 *db;
};

struct sqlite_row {
        struct sql_row row;
        sqlite3_stmt *s;
};

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

static int connect_to(const char *path, int flags, sqlite3 **ret)
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

static int fail(const struct sqlite *engine, char *error, const char *what, int rc)
{
        if (error)
                snprintf(error, STORE_ERROR_SIZE, "%s: %s: %s", engine->engine.name, what,
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

static int migrate(const struct sqlite *engine, char *error)
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
                         engine->engine.name,
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

static int prepare(struct sqlite *engine, const char *sql, sqlite3_stmt **ret)
{
        return sqlite_rc(
                sqlite3_prepare_v3(engine->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

static int prepare_all(struct sqlite *engine)
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
                const char *sql = op_rows[i / OP_STATEMENTS].sql[i % OP_STATEMENTS];

                if (sql)
                        rc = prepare(engine, sql, &engine->statements[i]);
        }
        return rc;
}

static void sqlite_close(struct engine *base)
{
        struct sqlite *engine = (struct sqlite *)base;

        for (size_t i = 0; engine->statements && i < (size_t)OP_COUNT * OP_STATEMENTS; i++)
                sqlite3_finalize(engine->statements[i]);
        sqlite3_finalize(engine->begin);
        sqlite3_finalize(engine->commit);
        sqlite3_finalize(engine->rollback);
        sqlite3_close(engine->db);
        free(engine->statements);
        free(engine->engine.name);
        free(engine);
}

/* SQLite would make it readable for all; its log gets the same mode. */
static int make_file(const char *path)
{
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;
        close(fd);
        return 0;
}

static int start(struct sqlite *engine, char *error)
{
        int rc;

        rc = engine->engine.name ? make_file(engine->engine.name) : -ENOMEM;
        if (rc == 0)
                rc = connect_to(engine->engine.name, SQLITE_OPEN_READWRITE, &engine->db);
        if (rc < 0)
                return fail(engine, error, "cannot be opened", rc);
        if (sqlite3_exec(engine->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL,
                         NULL, NULL) != SQLITE_OK)
                return fail(engine, error, "cannot be used",
                            sqlite_rc(sqlite3_errcode(engine->db)));
        rc = migrate(engine, error);
        if (rc < 0)
                return rc;
        rc = prepare_all(engine);
        return rc < 0 ? fail(engine, error, "its tables are not as expected", rc) : 0;
}

static int sqlite_open(const struct store_place *place, char *error, struct engine **ret)
{
        struct sqlite *engine = calloc(1, sizeof(*engine));
        int rc;

        if (!engine)
                return -ENOMEM;
        engine->engine.kind = &engine_sqlite;
        engine->engine.name = strdup(place->where);
        rc = start(engine, error);
        if (rc < 0) {
                sqlite_close(&engine->engine);
                return rc;
        }
        *ret = &engine->engine;
        return 0;
}

static int run(struct sqlite *engine, sqlite3_stmt *s)
{
        int rc = sqlite3_step(s);

        if (rc != SQLITE_DONE && rc != SQLITE_ROW)
                snprintf(engine->engine.error, sizeof(engine->engine.error), "%s: %s",
                         engine->engine.name, sqlite3_errmsg(engine->db));
        sqlite3_reset(s);
        return sqlite_rc(rc);
}

static int sqlite_begin(struct engine *base)
{
        struct sqlite *engine = (struct sqlite *)base;

        return run(engine, engine->begin);
}

/* Only what this statement asks for; the texts last until it has run. */
static void bind_values(sqlite3_stmt *s, const struct sql_value *values, size_t count)
{
        const int wanted = sqlite3_bind_parameter_count(s);

        for (int i = 0; i < wanted && (size_t)i < count; i++) {
                const struct sql_value *value = &values[i];

                if (value->text)
                        sqlite3_bind_text64(s, i + 1, value->text, value->size, SQLITE_STATIC,
                                            SQLITE_UTF8);
                else if (!value->is_null)
                        sqlite3_bind_int64(s, i + 1, (sqlite3_int64)value->number);
        }
}

static int sqlite_apply(struct engine *base, const struct op *op)
{
        struct sqlite *engine = (struct sqlite *)base;
        struct sql_values values = {.count = 0};
        int rc;

        op_rows[op->kind].fill(&values, op);
        for (int i = 0; i < OP_STATEMENTS; i++) {
                sqlite3_stmt *s = engine->statements[(int)op->kind * OP_STATEMENTS + i];

                if (!s)
                        break;
                bind_values(s, values.at, values.count);
                rc = run(engine, s);
                sqlite3_clear_bindings(s);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

static int sqlite_commit(struct engine *base)
{
        struct sqlite *engine = (struct sqlite *)base;

        return run(engine, engine->commit);
}

static void sqlite_rollback(struct engine *base)
{
        struct sqlite *engine = (struct sqlite *)base;

        if (!sqlite3_get_autocommit(engine->db))
                (void)run(engine, engine->rollback);
}

static int sqlite_reader_open(struct engine *engine, struct store_reader **ret)
{
        struct sqlite_reader *reader = calloc(1, sizeof(*reader));
        int rc;

        if (!reader)
                return -ENOMEM;
        reader->reader.kind = &engine_sqlite;
        rc = connect_to(engine->name, SQLITE_OPEN_READONLY, &reader->db);
        if (rc < 0) {
                free(reader);
                return rc;
        }
        *ret = &reader->reader;
        return 0;
}

static void sqlite_reader_close(struct store_reader *reader)
{
        sqlite3_close(((struct sqlite_reader *)reader)->db);
        free(reader);
}

static const char *sqlite_text(const struct sql_row *row, int column)
{
        return (const char *)sqlite3_column_text(((const struct sqlite_row *)row)->s, column);
}

static int sqlite_each(struct store_reader *base, const char *sql, const struct sql_value *values,
                       size_t count, sql_row_fn fn, void *context)
{
        struct sqlite_reader *reader = (struct sqlite_reader *)base;
        struct sqlite_row row = {.row = {&engine_sqlite}};
        int rc, step;

        rc = sqlite_rc(sqlite3_prepare_v2(reader->db, sql, -1, &row.s, NULL));
        if (rc == 0)
                bind_values(row.s, values, count);
        while (rc == 0) {
                step = sqlite3_step(row.s);
                if (step != SQLITE_ROW) {
                        rc = sqlite_rc(step);
                        break;
                }
                rc = fn(context, &row.row);
        }
        if (rc < 0)
                snprintf(base->error, sizeof(base->error), "%s", sqlite3_errmsg(reader->db));
        sqlite3_finalize(row.s);
        return rc;
}

static int no_row(void *context, const struct sql_row *row)
{
        (void)context;
        (void)row;
        return 0;
}

/* One read transaction: what was committed when it began, without what was deleted before. */
static int sqlite_copy(struct store_reader *reader, const char *path)
{
        const struct sql_value value = {.text = path, .size = strlen(path)};

        return sqlite_each(reader, "VACUUM INTO ?1", &value, 1, no_row, NULL);
}

const struct engine_kind engine_sqlite = {
        .open = sqlite_open,
        .close = sqlite_close,
        .begin = sqlite_begin,
        .apply = sqlite_apply,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .reader_open = sqlite_reader_open,
        .reader_close = sqlite_reader_close,
        .each = sqlite_each,
        .copy = sqlite_copy,
        .text = sqlite_text,
        .list = "SELECT value FROM json_each(?2)",
};
