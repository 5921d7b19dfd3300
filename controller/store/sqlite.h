/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the two files of the SQLite engine. */

#include <sqlite3.h>

#include "controller/store/engine.h"

struct engine {
        sqlite3 *db;
        sqlite3_stmt *begin, *commit, *rollback;
        sqlite3_stmt **statements; /* of all ops, in the order of their tables */
        char *path;
        char error[STORE_ERROR_SIZE];
};

struct store_reader {
        sqlite3 *db;
};

/* What SQLite says as -errno. */
int sqlite_rc(int rc);

/* Opens a connection and sets what holds for every one of ours. */
int sqlite_connect(const char *path, int flags, sqlite3 **ret);

/* A column's text whole into a field; what does not fit leaves it "". */
void sqlite_take_text(sqlite3_stmt *row, int column, char *to, size_t size);

/* The same as a copy, the caller's. 0, -ENOMEM. */
int sqlite_copy_text(sqlite3_stmt *row, int column, char **ret);

/* Puts what an older version kept of inventories into their history. In a transaction. */
int sqlite_adopt_inventories(sqlite3 *db);
