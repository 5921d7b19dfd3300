/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite behind the store: what an older version kept of inventories gets a history. */
#include <errno.h>
#include <string.h>

#include "controller/store/sqlite.h"

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

static int adopt(sqlite3 *db, sqlite3_stmt *row)
{
        _digest_ struct inventory_digest digest = {0};
        const char *text = (const char *)sqlite3_column_text(row, 2);
        _doc_ struct doc *inventory = NULL;
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
        sqlite3_stmt *s = NULL;
        int rc, step;

        rc = sqlite_rc(
                sqlite3_prepare_v2(db, "SELECT node, at_ms, body FROM inventories", -1, &s, NULL));
        while (rc == 0) {
                step = sqlite3_step(s);
                if (step != SQLITE_ROW) {
                        rc = sqlite_rc(step);
                        break;
                }
                rc = adopt(db, s);
        }
        sqlite3_finalize(s);
        return rc;
}
