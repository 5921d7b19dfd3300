/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The engine that a suite runs on: a file of its own, or, where
 * CLOUDIE_TEST_POSTGRES names a server (postgres_lab.py), its database made empty.
 */

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controller/store/store.h"

static char folder[64], path[256];

static const char *postgres_url(void)
{
        return getenv("CLOUDIE_TEST_POSTGRES");
}

static struct store_place place(void)
{
        return (struct store_place){.where = path, .site = "site"};
}

/* By a hand that is not ours. */
static void postgres_run(const char *sql)
{
        PGconn *db = PQconnectdb(postgres_url());
        PGresult *result = PQexec(db, sql);
        const ExecStatusType status = PQresultStatus(result);

        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
                fail_msg("%s: %s", sql, PQerrorMessage(db));
        PQclear(result);
        PQfinish(db);
}

static int make_folder(void **state)
{
        (void)state;
        snprintf(folder, sizeof(folder), "/tmp/cloudie-store-XXXXXX");
        assert_non_null(mkdtemp(folder));
        if (postgres_url()) {
                snprintf(path, sizeof(path), "%s", postgres_url());
                postgres_run("SET client_min_messages = warning; DROP SCHEMA public CASCADE;"
                             "CREATE SCHEMA public");
        } else {
                snprintf(path, sizeof(path), "%s/cloudie.db", folder);
        }
        return 0;
}

static int remove_folder(void **state)
{
        static const char *const tails[] = {"", "-wal", "-shm"};
        char name[300];

        (void)state;
        for (size_t i = 0; i < 3; i++) {
                snprintf(name, sizeof(name), "%s%s", path, tails[i]);
                unlink(name);
        }
        return rmdir(folder);
}
