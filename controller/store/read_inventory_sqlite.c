/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite behind the store: inventories, read and taken over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/sqlite.h"

static uint64_t column_number(sqlite3_stmt *row, int column)
{
        return (uint64_t)sqlite3_column_int64(row, column);
}

int sqlite_copy_text(sqlite3_stmt *row, int column, char **ret)
{
        const char *text = (const char *)sqlite3_column_text(row, column);
        char *copy = strdup(text ? text : "");

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

/* Each row of a question with at most one parameter. */
typedef int (*row_fn)(void *context, sqlite3_stmt *row);

static int each_row(sqlite3 *db, const char *sql, const char *parameter, row_fn fn, void *context)
{
        sqlite3_stmt *s = NULL;
        int rc, step;

        rc = sqlite_rc(sqlite3_prepare_v2(db, sql, -1, &s, NULL));
        if (rc == 0 && parameter)
                sqlite3_bind_text(s, 1, parameter, -1, SQLITE_STATIC);
        while (rc == 0) {
                step = sqlite3_step(s);
                if (step != SQLITE_ROW) {
                        rc = sqlite_rc(step);
                        break;
                }
                rc = fn(context, s);
        }
        sqlite3_finalize(s);
        return rc;
}

static int take_text(void *context, sqlite3_stmt *row)
{
        char **text = context;

        return *text ? 0 : sqlite_copy_text(row, 0, text);
}

static int read_text(const struct store_reader *reader, const char *sql, const char *parameter,
                     char **ret)
{
        char *text = NULL;
        const int rc = each_row(reader->db, sql, parameter, take_text, &text);

        if (rc < 0) {
                free(text);
                return rc;
        }
        if (!text)
                return -ENOENT;
        *ret = text;
        return 0;
}

int store_read_inventory(struct store_reader *reader, const char *node, char **ret)
{
        return read_text(reader, "SELECT body FROM inventories WHERE node = ?1", node, ret);
}

int store_read_inventory_body(struct store_reader *reader, const char *hash, char **ret)
{
        return read_text(reader, "SELECT body FROM inventory_bodies WHERE hash = ?1", hash, ret);
}

struct history {
        store_sighting_fn fn;
        void *context;
};

static int take_sighting(void *context, sqlite3_stmt *row)
{
        const struct history *history = context;
        struct store_sighting sighting = {
                .first_ms = column_number(row, 1),
                .last_ms = column_number(row, 2),
                .times = column_number(row, 3),
                .changes = column_number(row, 4),
        };

        sqlite_take_text(row, 0, sighting.hash, sizeof(sighting.hash));
        return history->fn(history->context, &sighting);
}

int store_read_history(struct store_reader *reader, const char *node, store_sighting_fn fn,
                       void *context)
{
        struct history history = {fn, context};

        return each_row(reader->db,
                        "SELECT hash, first_ms, last_ms, times, changes FROM inventory_history"
                        " WHERE node = ?1 ORDER BY id DESC",
                        node, take_sighting, &history);
}

struct all_facts {
        store_facts_fn fn;
        void *context;
};

static int take_facts(void *context, sqlite3_stmt *row)
{
        const struct all_facts *all = context;

        return all->fn(all->context, (const char *)sqlite3_column_text(row, 0),
                       (const char *)sqlite3_column_text(row, 1));
}

int store_read_facts(struct store_reader *reader, store_facts_fn fn, void *context)
{
        struct all_facts all = {fn, context};

        return each_row(reader->db,
                        "SELECT h.node, b.facts FROM inventory_history h"
                        " JOIN inventory_bodies b ON b.hash = h.hash"
                        " WHERE h.id = (SELECT max(id) FROM inventory_history WHERE node = h.node)"
                        " AND b.facts IS NOT NULL ORDER BY h.node",
                        NULL, take_facts, &all);
}

/* ------------------------------------------------------------ of an older version */

static int insert(sqlite3 *db, const char *sql, sqlite3_stmt *row,
                  const struct inventory_digest *digest)
{
        sqlite3_stmt *s = NULL;
        int rc = sqlite_rc(sqlite3_prepare_v2(db, sql, -1, &s, NULL));

        if (rc == 0) {
                sqlite3_bind_text(s, 1, digest->hash, -1, SQLITE_STATIC);
                sqlite3_bind_text(s, 2, digest->lasting, -1, SQLITE_STATIC);
                sqlite3_bind_text(s, 3, digest->facts, -1, SQLITE_STATIC);
                /* The second statement alone has these. */
                if (sqlite3_bind_parameter_count(s) > 3) {
                        sqlite3_bind_value(s, 4, sqlite3_column_value(row, 0));
                        sqlite3_bind_value(s, 5, sqlite3_column_value(row, 1));
                }
                rc = sqlite_rc(sqlite3_step(s));
        }
        sqlite3_finalize(s);
        return rc;
}

static int adopt(void *context, sqlite3_stmt *row)
{
        _digest_ struct inventory_digest digest = {0};
        const char *text = (const char *)sqlite3_column_text(row, 2);
        _doc_ struct doc *inventory = NULL;
        sqlite3 *db = context;
        int rc;

        /* What cannot be read stays the newest, and has no history. */
        if (!text || doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &inventory) < 0)
                return 0;
        rc = inventory_digest(inventory, &digest);
        if (rc == 0)
                rc = insert(db, "INSERT OR IGNORE INTO inventory_bodies VALUES(?1, ?2, ?3)", row,
                            &digest);
        if (rc == 0)
                rc = insert(db,
                            "INSERT INTO inventory_history(node, hash, first_ms, last_ms, times,"
                            " changes, size) SELECT ?4, ?1, ?5, ?5, 1, 0, length(?2)",
                            row, &digest);
        return rc;
}

int sqlite_adopt_inventories(sqlite3 *db)
{
        return each_row(db, "SELECT node, at_ms, body FROM inventories", NULL, adopt, db);
}
