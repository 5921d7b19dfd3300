/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept without a version, what was deleted, and what has another name now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/store/store.h"
#include "controller/store/test_engines.h"

static struct store *open_store(void)
{
        static const struct store_hooks hooks = {0};
        const struct store_place at = place();
        char error[STORE_ERROR_SIZE] = "";
        struct store *store = NULL;

        if (store_open(&at, &hooks, error, &store) < 0)
                fail_msg("%s", error);
        return store;
}

/* What the next start finds, and what readers are told, as lines. */
struct found {
        char documents[256], gone[128], claims[64], versions[128], inventories[64];
};

__attribute__((format(printf, 3, 4))) static void note(char *to, size_t size, const char *format,
                                                       ...)
{
        const size_t used = strlen(to);
        va_list args;

        va_start(args, format);
        vsnprintf(to + used, size - used, format, args);
        va_end(args);
}
#define NOTE(field, ...) note(field, sizeof(field), __VA_ARGS__)

static int take_document(void *context, const struct store_document *row)
{
        struct found *found = context;

        NOTE(found->documents, "%s/%s:%u=%s ", row->kind, row->name, (unsigned)row->version,
             row->body);
        return 0;
}

static int take_gone(void *context, const char *kind, const char *name, uint64_t version)
{
        struct found *found = context;

        NOTE(found->gone, "%s/%s:%u ", kind, name, (unsigned)version);
        return 0;
}

static int take_claim(void *context, const struct store_claim *row)
{
        struct found *found = context;

        NOTE(found->claims, "%s ", row->node);
        return 0;
}

static int take_version(void *context, const struct store_document *row)
{
        struct found *found = context;

        NOTE(found->versions, "%s:%u%s ", row->name, (unsigned)row->version, row->body ? "" : "-");
        return 0;
}

static void read_all(struct store_reader *reader, void *context)
{
        static const char *const names[] = {"one", "gone"};
        struct found *found = context;

        for (size_t i = 0; i < 2; i++) {
                _free_ char *text = NULL;

                assert_int_equal(store_read_versions(reader, "node", names[i], take_version, found),
                                 0);
                if (store_read_inventory(reader, names[i], &text) == 0)
                        NOTE(found->inventories, "%s=%s ", names[i], text);
        }
}

static struct found look(void)
{
        struct found found = {0};
        struct store *store = open_store();
        struct store_load load = {.document = take_document,
                                  .claim = take_claim,
                                  .gone = take_gone,
                                  .context = &found};
        char error[STORE_ERROR_SIZE] = "";

        assert_int_equal(store_load(store, &load, error), 0);
        assert_int_equal(store_read(store, read_all, &found), 0);
        store_close(store);
        return found;
}

static void write_all(struct store_change *take)
{
        struct store *store = open_store();

        assert_int_equal(store_submit(store, take, NULL, NULL), 0);
        store_close(store);
}

static void put(struct store_change *change, const char *name, uint64_t version)
{
        const struct store_document row = {"node", name, version, 1, "{}"};

        store_put_document(change, &row);
}

static void prepare(void)
{
        const struct store_document traits = {"traits", "one", 1, 2, "[]"};
        const struct store_document kept = {"node", "one", 2, 2, "{\"seen\":1}"};
        const struct store_document gone = {"node", "gone", 8, 2, NULL};
        const struct store_claim claim = {.id = 3, .node = "one"};
        const struct store_inventory inventory = {.node = "one",
                                                  .at_ms = 1,
                                                  .body = "{\"here\":1}",
                                                  .size = 10,
                                                  .hash = "ab",
                                                  .lasting = "{}",
                                                  .facts = "{}"};
        struct store_change *change = store_change_new();

        put(change, "one", 1);
        put(change, "one", 2);
        store_keep_document(change, &kept);
        store_keep_document(change, &traits);
        put(change, "gone", 7);
        store_delete_document(change, &gone);
        store_put_claim(change, &claim);
        store_put_inventory(change, &inventory);
        write_all(change);
}

static void test_kept_and_gone(void **state)
{
        struct found found;

        (void)state;
        prepare();
        found = look();
        assert_string_equal(found.documents, "node/one:2={\"seen\":1} traits/one:1=[] ");
        assert_string_equal(found.gone, "node/gone:8 ");
        assert_string_equal(found.versions, "one:2 one:1 gone:8- gone:7 ");
}

/* A node that is no more had the new name: its history stays before that of the other. */
static void test_renamed(void **state)
{
        const struct store_document move = {.kind = "node", .name = "one", .version = 8};
        struct store_change *change = store_change_new();
        struct found found;

        (void)state;
        prepare();
        store_rename_node(change, &move, "gone");
        put(change, "gone", 11);
        write_all(change);
        found = look();
        assert_string_equal(found.documents, "node/gone:11={} traits/gone:1=[] ");
        assert_string_equal(found.gone, "");
        assert_string_equal(found.claims, "gone ");
        assert_string_equal(found.versions, "gone:11 gone:10 gone:9 gone:8- gone:7 ");
        assert_string_equal(found.inventories, "gone={\"here\":1} ");
}

static void test_deleted(void **state)
{
        const struct store_document gone = {"node", "one", 3, 2, NULL};
        struct store_change *change = store_change_new();
        struct found found;

        (void)state;
        prepare();
        store_delete_document(change, &gone);
        write_all(change);
        found = look();
        assert_string_equal(found.documents, "");
        assert_string_equal(found.gone, "node/gone:8 node/one:3 ");
        assert_string_equal(found.inventories, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_kept_and_gone, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_renamed, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_deleted, make_folder, remove_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
