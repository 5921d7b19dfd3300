/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Between the two files of the SQLite engine. */

#include <sqlite3.h>

#include "controller/store/engine.h"

/* What SQLite says as -errno. */
int sqlite_rc(int rc);

/* Puts what an older version kept of inventories into their history. In a transaction. */
int sqlite_adopt_inventories(sqlite3 *db);
