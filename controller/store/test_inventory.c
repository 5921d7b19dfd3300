/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inventories: addressed by what lasts of them, with a history that has an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/store/store.h"
#include "controller/store/test_engines.h"

static struct store *open_store(void)
{
        char error[STORE_ERROR_SIZE] = "";
        const struct store_place at = place();
        struct store *store = NULL;

        if (store_open(&at, NULL, error, &store) < 0)
                fail_msg("%s", error);
        return store;
}

/* Nobody waits: store_close() commits, and what is read is read after that. */
static void submit(struct store *store, struct store_change *change)
{
        assert_int_equal(store_submit(store, change, NULL, NULL), 0);
}

static void report(struct store *store, const char *node, uint64_t at_ms, const char *hash)
{
        struct store_change *change = store_change_new();
        char body[32], lasting[96], facts[96];
        const struct store_inventory row = {
                .node = node,
                .at_ms = at_ms,
                .body = body,
                .size = (size_t)snprintf(body, sizeof(body), "{\"took_ms\":%u}", (unsigned)at_ms),
                .hash = hash,
                .lasting = lasting,
                .facts = facts};

        snprintf(lasting, sizeof(lasting), "{\"lasting\":\"%.64s\"}", hash);
        snprintf(facts, sizeof(facts), "{\"facts\":\"%.64s\"}", hash);
        store_put_inventory(change, &row);
        submit(store, change);
}

static void set_baseline(struct store *store, const char *node, const char *hash)
{
        struct store_change *change = store_change_new();

        store_put_baseline(change, node, hash);
        submit(store, change);
}

struct asked {
        pthread_mutex_t lock;
        pthread_cond_t cond;
        bool is_done;
        const char *node, *hash;
        struct store_sighting rows[STORE_INVENTORIES_KEPT + 8];
        size_t count;
        char facts[8][64];
        size_t facts_count;
        char newest[64], body[96];
        int body_rc;
};

static int take_row(void *context, const struct store_sighting *row)
{
        struct asked *a = context;

        a->rows[a->count++] = *row;
        return 0;
}

static int take_facts(void *context, const char *node, const char *facts)
{
        struct asked *a = context;

        snprintf(a->facts[a->facts_count++], sizeof(a->facts[0]), "%s %s", node, facts);
        return 0;
}

static void answer(struct store_reader *reader, void *context)
{
        struct asked *a = context;
        _free_ char *newest = NULL, *body = NULL;

        assert_int_equal(store_read_history(reader, a->node, take_row, a), 0);
        assert_int_equal(store_read_facts(reader, take_facts, a), 0);
        if (store_read_inventory(reader, a->node, &newest) == 0)
                snprintf(a->newest, sizeof(a->newest), "%s", newest);
        a->body_rc = store_read_inventory_body(reader, a->hash, &body);
        if (body)
                snprintf(a->body, sizeof(a->body), "%s", body);
        pthread_mutex_lock(&a->lock);
        a->is_done = true;
        pthread_cond_signal(&a->cond);
        pthread_mutex_unlock(&a->lock);
}

/* What a store that was opened anew has of a node. */
static struct asked ask(const char *node, const char *hash)
{
        struct asked a = {.lock = PTHREAD_MUTEX_INITIALIZER,
                          .cond = PTHREAD_COND_INITIALIZER,
                          .node = node,
                          .hash = hash};
        struct store *store = open_store();

        assert_int_equal(store_read(store, answer, &a), 0);
        pthread_mutex_lock(&a.lock);
        while (!a.is_done)
                pthread_cond_wait(&a.cond, &a.lock);
        pthread_mutex_unlock(&a.lock);
        store_close(store);
        return a;
}

static void test_history(void **state)
{
        struct store *store = open_store();
        struct store_change *change = store_change_new();
        struct asked a;

        (void)state;
        report(store, "one", 10, "aa");
        report(store, "one", 20, "aa");
        report(store, "one", 30, "bb");
        report(store, "two", 35, "aa"); /* of no other node's history */
        store_put_inventory_changes(change, "one", "bb", 3);
        store_put_inventory_changes(change, "one", "aa", 9); /* it is not the newest any more */
        submit(store, change);
        report(store, "one", 40, "bb");
        store_close(store);

        a = ask("one", "aa");
        assert_int_equal(a.count, 2);
        assert_string_equal(a.rows[0].hash, "bb");
        assert_int_equal(a.rows[0].first_ms, 30);
        assert_int_equal(a.rows[0].last_ms, 40);
        assert_int_equal(a.rows[0].times, 2);
        assert_int_equal(a.rows[0].changes, 3);
        assert_string_equal(a.rows[1].hash, "aa");
        assert_int_equal(a.rows[1].times, 2);
        assert_int_equal(a.rows[1].changes, 0);
        assert_string_equal(a.newest, "{\"took_ms\":40}");
        assert_string_equal(a.body, "{\"lasting\":\"aa\"}");
        assert_int_equal(a.facts_count, 2);
        assert_string_equal(a.facts[0], "one {\"facts\":\"bb\"}");
        assert_string_equal(a.facts[1], "two {\"facts\":\"aa\"}");
}

/* A machine that never says the same fills so many rows, and pushes nobody else's text out. */
static void test_limit(void **state)
{
        struct store *store = open_store();
        struct asked a;
        char hash[16];

        (void)state;
        report(store, "two", 1, "h0");
        for (unsigned i = 0; i < STORE_INVENTORIES_KEPT + 3; i++) {
                snprintf(hash, sizeof(hash), "h%u", i);
                report(store, "one", 100 + i, hash);
                if (i == 1)
                        set_baseline(store, "one", hash);
        }
        store_close(store);
        a = ask("one", "h0");
        assert_int_equal(a.count, STORE_INVENTORIES_KEPT);
        assert_string_equal(a.rows[STORE_INVENTORIES_KEPT - 1].hash, "h3");
        assert_int_equal(a.body_rc, 0);                /* the other node's */
        assert_int_equal(ask("one", "h1").body_rc, 0); /* what it is compared with */
        assert_int_equal(ask("one", "h2").body_rc, -ENOENT);
        assert_int_equal(ask("one", "h3").body_rc, 0);

        store = open_store();
        set_baseline(store, "one", "h4");
        store_close(store);
        assert_int_equal(ask("one", "h1").body_rc, -ENOENT);
}

/* A machine that tells as much as it may, and something else each time. */
static void test_large(void **state)
{
        const size_t size = (size_t)4 << 20;
        struct store *store = open_store();
        _free_ char *lasting = calloc(1, size + 1);
        struct store_inventory row = {
                .node = "one", .body = "{}", .size = 2, .lasting = lasting, .facts = "{}"};
        struct asked a;
        char hash[16];

        (void)state;
        assert_non_null(lasting);
        memset(lasting, 'x', size);
        report(store, "two", 1, "aa");
        for (unsigned i = 0; i < 10; i++) {
                struct store_change *change = store_change_new();

                snprintf(hash, sizeof(hash), "h%u", i);
                row.hash = hash;
                row.at_ms = i;
                store_put_inventory(change, &row);
                submit(store, change);
        }
        store_close(store);
        a = ask("one", "h6");
        assert_int_equal(a.count, STORE_INVENTORIES_KEPT_BYTES / size);
        assert_int_equal(a.body_rc, 0);
        assert_string_equal(a.rows[0].hash, "h9");
        assert_int_equal(ask("one", "h5").body_rc, -ENOENT);
        assert_int_equal(ask("two", "aa").count, 1);
}

static void test_deleted_node(void **state)
{
        struct store *store = open_store();
        struct store_change *change = store_change_new();
        const struct store_document node = {"node", "one", 2, 1, NULL};
        struct asked a;

        (void)state;
        report(store, "one", 1, "aa");
        report(store, "two", 1, "bb");
        set_baseline(store, "one", "aa");
        store_delete_document(change, &node);
        submit(store, change);
        store_close(store);
        a = ask("one", "aa");
        assert_int_equal(a.count, 0);
        assert_int_equal(a.body_rc, -ENOENT);
        assert_string_equal(a.newest, "");
        assert_int_equal(ask("two", "bb").body_rc, 0);
}

/* The tables as they were before inventories had a history. */
static const char *const of_version_1 =
        "CREATE TABLE documents(kind TEXT, name TEXT, version INTEGER, at_ms INTEGER, body TEXT,"
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
        " made_ms INTEGER, expires_ms INTEGER) WITHOUT ROWID;"
        "INSERT INTO inventories VALUES('one', 7, '{\"took_ms\":3,\"schema\":1}');"
        "INSERT INTO inventories VALUES('two', 8, 'no JSON');"
        "PRAGMA application_id = 1131177061; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;";

static void test_store_of_yesterday(void **state)
{
        struct inventory_digest digest = {0};
        _doc_ struct doc *inventory = NULL;
        struct store *store;
        sqlite3 *db = NULL;
        struct asked a;

        (void)state;
        if (postgres_url())
                skip(); /* it has no yesterday */
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, of_version_1, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(doc_parse("{\"schema\":1}", 12, &doc_limits_message, NULL, &inventory), 0);
        assert_int_equal(inventory_digest(inventory, &digest), 0);

        a = ask("one", digest.hash);
        assert_int_equal(a.count, 1);
        assert_string_equal(a.rows[0].hash, digest.hash);
        assert_int_equal(a.rows[0].first_ms, 7);
        assert_int_equal(a.rows[0].times, 1);
        assert_string_equal(a.body, "{\"schema\":1}");
        assert_string_equal(a.newest, "{\"took_ms\":3,\"schema\":1}");
        assert_int_equal(a.facts_count, 1);
        a = ask("two", digest.hash);
        assert_int_equal(a.count, 0);
        assert_string_equal(a.newest, "no JSON");
        /* And it goes on from there. */
        store = open_store();
        report(store, "one", 9, digest.hash);
        store_close(store);
        a = ask("one", digest.hash);
        assert_int_equal(a.count, 1);
        assert_int_equal(a.rows[0].times, 2);
        inventory_digest_done(&digest);
}

static void change_by_hand(const char *sql)
{
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
                fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        sqlite3_close(db);
}

/* What fails in the middle has changed nothing, and goes on when the hindrance is gone. */
static void test_half_way(void **state)
{
        const struct store_place at = place();
        char error[STORE_ERROR_SIZE] = "";
        struct store *store = NULL;

        (void)state;
        if (postgres_url())
                skip();
        change_by_hand(of_version_1);
        /* The second of the new tables is there already: the first is made, and has to go. */
        change_by_hand("CREATE TABLE inventory_history(x)");
        assert_true(store_open(&at, NULL, error, &store) < 0);
        assert_non_null(strstr(error, "its tables cannot be made"));
        change_by_hand("CREATE TABLE inventory_bodies(x); DROP TABLE inventory_bodies;"
                       "DROP TABLE inventory_history;");
        assert_int_equal(ask("one", "").count, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_history, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_limit, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_large, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_deleted_node, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_store_of_yesterday, make_folder,
                                                remove_folder),
                cmocka_unit_test_setup_teardown(test_half_way, make_folder, remove_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
