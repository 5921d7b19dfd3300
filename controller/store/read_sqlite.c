/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite behind the store: reading, at the start and by the readers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/sqlite.h"
#include "lib/base/buffer.h"

static const char *column_text(sqlite3_stmt *row, int column)
{
        const char *text = (const char *)sqlite3_column_text(row, column);

        return text ? text : "";
}

static uint64_t column_number(sqlite3_stmt *row, int column)
{
        return (uint64_t)sqlite3_column_int64(row, column);
}

/* What we wrote ourselves; were it damaged, it reads as not set. */
static void take_mac(sqlite3_stmt *row, int column, struct mac_address *to)
{
        if (mac_parse(column_text(row, column), to) < 0)
                *to = (struct mac_address){0};
}

static void take_address(sqlite3_stmt *row, int column, struct ip_address *to)
{
        if (ip_parse(column_text(row, column), to) < 0)
                *to = (struct ip_address){0};
}

#define TAKE_TEXT(row, column, field) sqlite_take_text(row, column, field, sizeof(field))

static int load_document(const struct store_load *load, sqlite3_stmt *row)
{
        const struct store_document document = {
                .kind = column_text(row, 0),
                .name = column_text(row, 1),
                .version = column_number(row, 2),
                .at_ms = column_number(row, 3),
                .body = column_text(row, 4),
        };

        return load->document(load->context, &document);
}

static int load_boot(const struct store_load *load, sqlite3_stmt *row)
{
        struct store_boot boot = {0};

        TAKE_TEXT(row, 0, boot.number);
        take_mac(row, 1, &boot.mac);
        take_address(row, 2, &boot.address);
        boot.made_ms = column_number(row, 3);
        TAKE_TEXT(row, 4, boot.public_key);
        boot.is_void = column_number(row, 5) != 0;
        return load->boot(load->context, &boot);
}

static int load_claim(const struct store_load *load, sqlite3_stmt *row)
{
        struct store_claim claim = {.id = column_number(row, 0)};

        TAKE_TEXT(row, 1, claim.boot);
        take_mac(row, 2, &claim.mac);
        take_address(row, 3, &claim.address);
        if (uuid_parse(column_text(row, 4), &claim.uuid) < 0)
                claim.uuid = (struct uuid){0};
        TAKE_TEXT(row, 5, claim.public_key);
        TAKE_TEXT(row, 6, claim.token_hash);
        TAKE_TEXT(row, 7, claim.node);
        claim.made_ms = column_number(row, 8);
        claim.last_seq = column_number(row, 9);
        return load->claim(load->context, &claim);
}

static int load_edge(const struct store_load *load, sqlite3_stmt *row)
{
        struct store_edge edge = {.id = column_number(row, 0)};

        TAKE_TEXT(row, 1, edge.name);
        TAKE_TEXT(row, 2, edge.credential_hash);
        edge.joined_ms = column_number(row, 3);
        edge.last_seq = column_number(row, 4);
        return load->edge(load->context, &edge);
}

static int load_token(const struct store_load *load, sqlite3_stmt *row)
{
        struct store_token token = {0};

        TAKE_TEXT(row, 0, token.hash);
        TAKE_TEXT(row, 1, token.user);
        TAKE_TEXT(row, 2, token.role);
        TAKE_TEXT(row, 3, token.permissions);
        token.made_ms = column_number(row, 4);
        token.expires_ms = column_number(row, 5);
        return load->token(load->context, &token);
}

static int load_gone(const struct store_load *load, sqlite3_stmt *row)
{
        return load->gone ? load->gone(load->context, column_text(row, 0), column_text(row, 1),
                                       column_number(row, 2))
                          : 0;
}

/* clang-format off */
static const struct {
        const char *sql;
        int (*row)(const struct store_load *load, sqlite3_stmt *row);
} loads[] = {
        {"SELECT kind, name, version, at_ms, body FROM documents ORDER BY kind, name", load_document},
        {"SELECT number, mac, address, made_ms, public_key, is_void FROM boots", load_boot},
        {"SELECT id, boot, mac, address, uuid, public_key, token_hash, node, made_ms, last_seq"
         " FROM claims ORDER BY id", load_claim},
        {"SELECT id, name, credential_hash, joined_ms, last_seq FROM edges", load_edge},
        {"SELECT hash, user, role, permissions, made_ms, expires_ms FROM tokens", load_token},
        {"SELECT kind, name, max(version) FROM history h WHERE NOT EXISTS (SELECT 1 FROM documents d"
         " WHERE d.kind = h.kind AND d.name = h.name) GROUP BY kind, name", load_gone},
};
/* clang-format on */

static int load_rows(sqlite3 *db, size_t which, const struct store_load *load)
{
        sqlite3_stmt *s = NULL;
        int rc, step;

        rc = sqlite_rc(sqlite3_prepare_v2(db, loads[which].sql, -1, &s, NULL));
        while (rc == 0) {
                step = sqlite3_step(s);
                if (step != SQLITE_ROW) {
                        rc = sqlite_rc(step);
                        break;
                }
                rc = loads[which].row(load, s);
        }
        sqlite3_finalize(s);
        return rc;
}

int engine_load(struct engine *engine, struct store_load *load, char *error)
{
        sqlite3_stmt *s = NULL;
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(loads); i++)
                rc = load_rows(engine->db, i, load);
        if (rc == 0)
                rc = sqlite_rc(
                        sqlite3_prepare_v2(engine->db, "SELECT max(id) FROM events", -1, &s, NULL));
        if (rc == 0 && sqlite3_step(s) == SQLITE_ROW)
                load->last_event = column_number(s, 0);
        sqlite3_finalize(s);
        if (rc < 0 && error && !error[0])
                snprintf(error, STORE_ERROR_SIZE, "%s: cannot be read: %s", engine->path,
                         sqlite3_errmsg(engine->db));
        return rc;
}

int engine_reader_open(struct engine *engine, struct store_reader **ret)
{
        struct store_reader *reader = calloc(1, sizeof(*reader));
        int rc;

        if (!reader)
                return -ENOMEM;
        rc = sqlite_connect(engine->path, SQLITE_OPEN_READONLY, &reader->db);
        if (rc < 0) {
                free(reader);
                return rc;
        }
        *ret = reader;
        return 0;
}

struct store_reader *engine_reader_close(struct store_reader *reader)
{
        if (!reader)
                return NULL;
        sqlite3_close(reader->db);
        free(reader);
        return NULL;
}

/* One question a query: SQLite has no lists of parameters, so MACs come in as a JSON list. */
#define EVENTS_WHERE                                                                               \
        " FROM events WHERE id > ?1"                                                               \
        " AND (?2 IS NULL OR mac IN (SELECT value FROM json_each(?2)))"                            \
        " AND (?3 IS NULL OR boot = ?3)"
#define EVENTS_OF_MACS                                                                             \
        " FROM events WHERE mac IN (SELECT value FROM json_each(?2)) AND id > ?1"                  \
        " AND (?3 IS NULL OR boot = ?3)"

static const char *const event_queries[2][2] = {
  /* of all machines */
        {"SELECT id, step, body" EVENTS_WHERE " ORDER BY id LIMIT ?4",
         "SELECT * FROM (SELECT id, step, body" EVENTS_WHERE " ORDER BY id DESC LIMIT ?4)"
         " ORDER BY id"},
 /* of some: by the index of MACs */
        {"SELECT id, step, body" EVENTS_OF_MACS " ORDER BY id LIMIT ?4",
         "SELECT * FROM (SELECT id, step, body" EVENTS_OF_MACS " ORDER BY id DESC LIMIT ?4)"
         " ORDER BY id"},
};

static int macs_as_json(const struct store_event_query *query, struct buffer *to)
{
        char text[MAC_TEXT_SIZE];

        for (size_t i = 0; i < query->mac_count; i++)
                buffer_format(to, "%s\"%s\"", i > 0 ? "," : "[", mac_text(text, &query->macs[i]));
        buffer_text(to, query->mac_count > 0 ? "]" : "[]");
        return to->rc;
}

int store_read_events(struct store_reader *reader, const struct store_event_query *query,
                      store_event_fn fn, void *context)
{
        _buffer_ struct buffer macs = {0};
        sqlite3_stmt *s = NULL;
        int rc, step;

        if (query->macs) {
                rc = macs_as_json(query, &macs);
                if (rc < 0)
                        return rc;
        }
        rc = sqlite_rc(sqlite3_prepare_v2(
                reader->db, event_queries[query->macs != NULL][query->is_newest], -1, &s, NULL));
        if (rc == 0) {
                sqlite3_bind_int64(s, 1, (sqlite3_int64)query->after);
                if (query->macs)
                        sqlite3_bind_text(s, 2, macs.bytes, -1, SQLITE_STATIC);
                if (query->boot)
                        sqlite3_bind_text(s, 3, query->boot, -1, SQLITE_STATIC);
                sqlite3_bind_int64(s, 4, (sqlite3_int64)query->limit);
        }
        while (rc == 0) {
                step = sqlite3_step(s);
                if (step != SQLITE_ROW) {
                        rc = sqlite_rc(step);
                        break;
                }
                rc = fn(context, column_number(s, 0), column_text(s, 1), column_text(s, 2));
        }
        sqlite3_finalize(s);
        return rc;
}

int store_read_versions(struct store_reader *reader, const char *kind, const char *name,
                        store_version_fn fn, void *context)
{
        sqlite3_stmt *s = NULL;
        int rc, step;

        /* By the order of writing: what was deleted and made anew begins at 1 again. */
        rc = sqlite_rc(sqlite3_prepare_v2(reader->db,
                                          "SELECT version, at_ms, body FROM history"
                                          " WHERE kind = ?1 AND name = ?2 ORDER BY rowid DESC",
                                          -1, &s, NULL));
        if (rc == 0) {
                sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
                sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
        }
        while (rc == 0) {
                struct store_document row = {.kind = kind, .name = name};

                step = sqlite3_step(s);
                if (step != SQLITE_ROW) {
                        rc = sqlite_rc(step);
                        break;
                }
                row.version = column_number(s, 0);
                row.at_ms = column_number(s, 1);
                row.body = (const char *)sqlite3_column_text(s, 2);
                rc = fn(context, &row);
        }
        sqlite3_finalize(s);
        return rc;
}
