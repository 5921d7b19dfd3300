/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one suite that every engine has to pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "controller/store/store.h"
#include "controller/store/test_engines.h"
#include "lib/base/file.h"

#define KILL_ROUNDS 6

struct wait {
        pthread_mutex_t lock;
        pthread_cond_t cond;
        int rc; /* 1: not yet */
};
#define WAIT_INIT                                                                                  \
        {                                                                                          \
                PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1                             \
        }

static void wake(void *context, int rc)
{
        struct wait *w = context;

        pthread_mutex_lock(&w->lock);
        w->rc = rc;
        pthread_cond_signal(&w->cond);
        pthread_mutex_unlock(&w->lock);
}

static int wait_for(struct wait *w)
{
        int rc;

        pthread_mutex_lock(&w->lock);
        while (w->rc == 1)
                pthread_cond_wait(&w->cond, &w->lock);
        rc = w->rc;
        pthread_mutex_unlock(&w->lock);
        return rc;
}

static int commit(struct store *store, struct store_change *change)
{
        struct wait w = WAIT_INIT;
        const int rc = store_submit(store, change, wake, &w);

        return rc < 0 ? rc : wait_for(&w);
}

static struct store *open_store(const struct store_hooks *hooks)
{
        char error[STORE_ERROR_SIZE] = "";
        const struct store_place at = place();
        struct store *store = NULL;

        if (store_open(&at, hooks, error, &store) < 0)
                fail_msg("%s", error);
        return store;
}

static void put_inventory(struct store_change *change, const char *body)
{
        const struct store_inventory row = {.node = "one",
                                            .at_ms = 1,
                                            .body = body,
                                            .size = strlen(body),
                                            .hash = "ab",
                                            .lasting = "{}",
                                            .facts = "{}"};

        store_put_inventory(change, &row);
}

/* What store_load() told. */
struct seen {
        size_t documents, boots, claims, edges, tokens;
        uint64_t version;
        struct store_boot boot;
        struct store_claim claim;
        struct store_edge edge;
        struct store_token token;
        char body[64];
};

static int see_document(void *context, const struct store_document *row)
{
        struct seen *seen = context;

        seen->documents++;
        seen->version = row->version;
        snprintf(seen->body, sizeof(seen->body), "%s", row->body);
        return 0;
}

static int see_boot(void *context, const struct store_boot *row)
{
        ((struct seen *)context)->boots++;
        ((struct seen *)context)->boot = *row;
        return 0;
}

static int see_claim(void *context, const struct store_claim *row)
{
        ((struct seen *)context)->claims++;
        ((struct seen *)context)->claim = *row;
        return 0;
}

static int see_edge(void *context, const struct store_edge *row)
{
        ((struct seen *)context)->edges++;
        ((struct seen *)context)->edge = *row;
        return 0;
}

static int see_token(void *context, const struct store_token *row)
{
        ((struct seen *)context)->tokens++;
        ((struct seen *)context)->token = *row;
        return 0;
}

static uint64_t load(struct store *store, struct seen *seen)
{
        struct store_load all = {
                .document = see_document,
                .boot = see_boot,
                .claim = see_claim,
                .edge = see_edge,
                .token = see_token,
                .context = seen,
        };

        *seen = (struct seen){0};
        assert_int_equal(store_load(store, &all, NULL), 0);
        return all.last_event;
}

static struct store_change *number(uint64_t n)
{
        struct store_change *change = store_change_new();
        const struct node_event event = {.id = n, .at_ms = n, .step = STEP_AGENT};
        const struct store_document row = {
                .kind = "node", .name = "one", .version = n, .at_ms = n, .body = "{}"};

        store_add_event(change, &event);
        store_put_document(change, &row);
        return change;
}

static void test_rows_come_back(void **state)
{
        const struct store_boot boot = {"00f1e2d3c4b5a697",
                                        {{2, 0, 0, 0, 0, 1}},
                                        IP_OF4_BYTES(10, 0, 0, 1),
                                        7,
                                        "key",
                                        true};
        const struct store_claim claim = {.id = 9,
                                          .boot = "00f1e2d3c4b5a697",
                                          .mac = {{2, 0, 0, 0, 0, 1}},
                                          .uuid = {{1, 2, 3}},
                                          .token_hash = "abc",
                                          .node = "one",
                                          .last_seq = UINT32_MAX + 1ULL};
        const struct store_edge edge = {.id = 1, .name = "rack", .credential_hash = "d"};
        const struct store_token token = {
                .hash = "e", .user = "admin", .role = "admin", .expires_ms = 10};
        struct store_document row = {"node", "one", 1, 1, "{\"a\":1}"};
        struct store *store = open_store(NULL);
        struct store_change *change = store_change_new();
        struct seen seen;
        struct stat st;

        (void)state;
        store_put_document(change, &row);
        store_put_boot(change, &boot);
        store_put_claim(change, &claim);
        store_put_edge(change, &edge);
        store_put_token(change, &token);
        put_inventory(change, "{}");
        assert_int_equal(store_change_count(change), 7);
        assert_int_equal(commit(store, change), 0);
        assert_true(store_is_done(store, store_last(store)));
        store_close(store);

        if (!postgres_url()) {
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 0777, 0600);
        }
        store = open_store(NULL);
        load(store, &seen);
        assert_string_equal(seen.body, "{\"a\":1}");
        assert_string_equal(seen.boot.number, boot.number);
        assert_true(mac_is_equal(&seen.boot.mac, &boot.mac));
        assert_true(ip_is_equal(seen.boot.address, boot.address));
        assert_string_equal(seen.boot.public_key, "key");
        assert_true(seen.boot.is_void && seen.boot.made_ms == 7);
        assert_int_equal(seen.claim.id, 9);
        assert_string_equal(seen.claim.boot, claim.boot);
        assert_memory_equal(&seen.claim.uuid, &claim.uuid, sizeof(claim.uuid));
        assert_string_equal(seen.claim.token_hash, "abc");
        assert_string_equal(seen.claim.node, "one");
        assert_int_equal(seen.claim.last_seq, UINT32_MAX + 1ULL);
        assert_string_equal(seen.edge.name, "rack");
        assert_string_equal(seen.edge.credential_hash, "d");
        assert_string_equal(seen.token.hash, "e");
        assert_string_equal(seen.token.role, "admin");
        assert_int_equal(seen.token.expires_ms, 10);

        change = store_change_new();
        row.version = 2;
        store_delete_document(change, &row);
        store_delete_boot(change, boot.number);
        store_delete_claim(change, claim.id);
        store_delete_token(change, token.hash);
        assert_int_equal(commit(store, change), 0);
        load(store, &seen);
        assert_int_equal(seen.documents + seen.boots + seen.claims + seen.tokens, 0);
        assert_int_equal(seen.edges, 1);
        store_close(store);
}

struct read {
        struct wait wait;
        struct store_event_query query;
        uint64_t ids[16];
        size_t count;
        char *inventory;
        int inventory_rc;
};

static int take_id(void *context, uint64_t id, const char *step, const char *body)
{
        struct read *r = context;

        assert_non_null(strstr(body, step));
        r->ids[r->count++] = id;
        return 0;
}

static void read_all(struct store_reader *reader, void *context)
{
        struct read *r = context;

        r->inventory_rc = store_read_inventory(reader, "one", &r->inventory);
        wake(&r->wait, store_read_events(reader, &r->query, take_id, r));
}

static void run_read(struct store *store, struct read *r)
{
        r->wait = (struct wait)WAIT_INIT;
        r->count = 0;
        assert_int_equal(store_read(store, read_all, r), 0);
        assert_int_equal(wait_for(&r->wait), 0);
}

static void test_reading(void **state)
{
        static const struct mac_address a =
                                                {
                                                        {2, 0, 0, 0, 0, 1}
        },
                                        b = {{2, 0, 0, 0, 0, 2}};
        struct store *store = open_store(NULL);
        struct store_change *change = store_change_new();
        struct read r = {.query = {.limit = 10}};

        (void)state;
        for (uint64_t id = 1; id <= 6; id++) {
                struct node_event event = {
                        .id = id, .at_ms = id, .step = STEP_KERNEL, .mac = id % 2 ? a : b};

                snprintf(event.boot, sizeof(event.boot), "%016x", id > 4);
                store_add_event(change, &event);
        }
        put_inventory(change, "{\"schema\":1}");
        assert_int_equal(commit(store, change), 0);

        run_read(store, &r);
        assert_int_equal(r.count, 6);
        assert_int_equal(r.inventory_rc, 0);
        assert_string_equal(r.inventory, "{\"schema\":1}");
        free(r.inventory);

        r.query = (struct store_event_query){.after = 1, .macs = &a, .mac_count = 1, .limit = 10};
        run_read(store, &r);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.ids[0], 3);
        free(r.inventory);

        r.query = (struct store_event_query){.is_newest = true, .limit = 2};
        run_read(store, &r);
        assert_int_equal(r.count, 2);
        assert_int_equal(r.ids[0], 5);
        free(r.inventory);

        r.query = (struct store_event_query){
                .macs = &b, .mac_count = 1, .boot = "0000000000000001", .limit = 10};
        run_read(store, &r);
        assert_int_equal(r.count, 1);
        assert_int_equal(r.ids[0], 6);
        free(r.inventory);
        store_close(store);
}

static int told_fd;

static void tell(void *context, int rc)
{
        const uint64_t n = (uint64_t)(uintptr_t)context;

        if (rc != 0 || write(told_fd, &n, sizeof(n)) != sizeof(n))
                _exit(1);
}

static void write_for_ever(uint64_t from, int fd)
{
        const struct store_place at = place();
        struct store *store = NULL;

        told_fd = fd;
        if (store_open(&at, NULL, (char[STORE_ERROR_SIZE]){0}, &store) < 0)
                _exit(1);
        for (uint64_t n = from;; n++)
                while (!store_has_room(store) ||
                       store_submit(store, number(n), tell, (void *)(uintptr_t)n) < 0)
                        usleep(100);
}

/* Killed at any moment: what was told is there, whole, and nothing is there by half. */
static void test_kill(void **state)
{
        uint64_t told = 0, n, last;
        struct store *store;
        struct seen seen;
        struct read r;
        int fds[2], status;
        pid_t pid;

        (void)state;
        store_close(open_store(NULL));
        last = 0;
        for (int round = 0; round < KILL_ROUNDS; round++) {
                assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
                pid = fork();
                if (pid == 0)
                        write_for_ever(last + 1, fds[1]);
                close(fds[1]);
                for (int i = 0; i < 20 + 37 * round; i++)
                        if (read(fds[0], &n, sizeof(n)) == sizeof(n))
                                told = n;
                kill(pid, SIGKILL);
                while (read(fds[0], &n, sizeof(n)) == sizeof(n))
                        told = n;
                close(fds[0]);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFSIGNALED(status));

                store = open_store(NULL);
                last = load(store, &seen);
                assert_true(told > 0);
                assert_true(last >= told);
                assert_int_equal(seen.version, last);
                r = (struct read){
                        .query = {.after = last - 3, .limit = 10}
                };
                run_read(store, &r);
                assert_int_equal(r.count, 3);
                store_close(store);
        }
}

static int broken_count;

static void note_broken(void *context, const char *why)
{
        (void)context;
        assert_true(strlen(why) > 0);
        broken_count++;
}

/* No room on the disk, or no session any more. */
static void fail_to_commit(struct store *store)
{
        struct rlimit old, small;

        if (postgres_url()) {
                postgres_run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                             " WHERE pid <> pg_backend_pid() AND datname = current_database()");
                assert_true(commit(store, number(2)) < 0);
                return;
        }
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
        small = old;
        small.rlim_cur = 4096;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        assert_true(commit(store, number(2)) < 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
}

/* Said once, and nothing is promised from then on. */
static void test_broken(void **state)
{
        const struct store_hooks hooks = {NULL, note_broken, NULL};
        struct store *store = open_store(&hooks);
        struct seen seen;

        (void)state;
        assert_int_equal(commit(store, number(1)), 0);
        fail_to_commit(store);
        assert_int_equal(broken_count, 1);
        assert_int_equal(commit(store, number(3)), -EIO);
        assert_false(store_is_done(store, store_last(store)));
        store_close(store);

        store = open_store(NULL);
        assert_int_equal(load(store, &seen), 1);
        store_close(store);
}

static void test_foreign_files(void **state)
{
        static const uint8_t newer[4] = {0, 0, 0, 99}; /* user_version, SQLite file format 1.3 */
        const struct store_place at = place();
        char error[STORE_ERROR_SIZE] = "";
        struct store *store = NULL;
        int fd;

        (void)state;
        if (postgres_url())
                skip();
        store_close(open_store(NULL));
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_int_equal(pwrite(fd, newer, sizeof(newer), 60), 4);
        close(fd);
        assert_int_equal(store_open(&at, NULL, error, &store), -EPROTO);
        assert_non_null(strstr(error, "newer"));

        assert_int_equal(file_replace(path, "no database, just a long text", 29, 0600), 0);
        assert_true(store_open(&at, NULL, error, &store) < 0);
        assert_non_null(strstr(error, path));
}

/* Each with a sentence, and left as it was. */
static void test_foreign_databases(void **state)
{
        /* clang-format off */
        static const struct {
                const char *before, *after; /* by another hand */
                int rc;
                const char *sentence;
        } rows[] = {
                {"UPDATE cloudie SET version = 99", "UPDATE cloudie SET version = 1", -EPROTO,
                 "written by a newer cloudied"},
                {"UPDATE cloudie SET site = 'other'", "UPDATE cloudie SET site = 'site'", -EPROTO,
                 "of another site"},
                {"ALTER TABLE cloudie RENAME TO theirs", "ALTER TABLE theirs RENAME TO cloudie", -EPROTO,
                 "not written by cloudied"},
        };
        /* clang-format on */
        struct store_place at = place();
        struct store *store = NULL;
        struct seen seen;

        (void)state;
        if (!postgres_url())
                skip();
        store = open_store(NULL);
        assert_int_equal(commit(store, number(1)), 0);
        store_close(store);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char error[STORE_ERROR_SIZE] = "";

                postgres_run(rows[i].before);
                assert_int_equal(store_open(&at, NULL, error, &store), rows[i].rc);
                assert_non_null(strstr(error, rows[i].sentence));
                postgres_run(rows[i].after);
                store = open_store(NULL);
                assert_int_equal(load(store, &seen), 1);
                store_close(store);
        }
}

/* What an operator may have got wrong; a password in it is not repeated. */
static void test_addresses(void **state)
{
        static const struct {
                const char *where, *sentence;
        } rows[] = {
                {"postgresql://cloudie:hunter2@/x",                    "store_password_file"             },
                {"postgresql://cloudie@/x?host=/tmp&password=hunter2", "store_password_file"             },
                {"postgresql://cloudie:hunter2%zz@host/x",             "is no address of a database"     },
                {"postgresql://cloudie:hunter2@[host/x",               "is no address of a database"     },
                {"postgresql://cloudie@/x?hunter2",                    "is no address of a database"     },
                {"postgresql://cloudie@/x?host=/nowhere",              "database 'x' on /nowhere: cannot"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct store_place at = {.where = rows[i].where};
                char error[STORE_ERROR_SIZE] = "";
                struct store *store = NULL;

                assert_true(store_open(&at, NULL, error, &store) < 0);
                if (!strstr(error, rows[i].sentence))
                        fail_msg("%s: %s", rows[i].where, error);
                assert_null(strstr(error, "hunter2"));
        }
}

/* Of two that have one database, one writes; when it goes, or is killed, the other may. */
static void test_seat(void **state)
{
        const struct store_place at = place();
        char error[STORE_ERROR_SIZE] = "", holder[STORE_ADDRESS_SIZE];
        struct store_seat *one = NULL, *two = NULL;
        struct store_place taken = at;
        struct store *store = NULL;

        (void)state;
        assert_int_equal(store_is_shared(path), postgres_url() != NULL);
        if (!postgres_url())
                skip();
        assert_int_equal(store_seat_open(&at, error, &one), 0);
        assert_int_equal(store_seat_open(&at, error, &two), 0);
        assert_int_equal(store_seat_take(one, "first:1", holder), 1);
        assert_int_equal(store_seat_take(two, "second:2", holder), 0);
        assert_string_equal(holder, "first:1");
        taken.seat = one;
        assert_int_equal(store_open(&taken, NULL, error, &store), 0);
        assert_int_equal(commit(store, number(1)), 0);
        assert_int_equal(store_seat_take(two, "second:2", holder), 0);
        store_close(store);

        while (store_seat_take(two, "second:2", holder) == 0)
                usleep(1000);
        taken.seat = two;
        assert_int_equal(store_open(&taken, NULL, error, &store), 0);
        assert_int_equal(commit(store, number(2)), 0);
        store_close(store);
}

static void test_failed_change(void **state)
{
        struct store *store = open_store(NULL);
        struct store_change *change = store_change_new();
        const struct store_document row = {
                .kind = "a kind with too long a name", .name = "x", .body = "{}"};

        (void)state;
        store_put_document(change, &row);
        assert_int_equal(store_submit(store, change, NULL, NULL), -ENOMEM);
        assert_int_equal(store_submit(store, NULL, NULL, NULL), -ENOMEM);
        /* A text that there was no memory for. */
        change = store_change_new();
        store_put_document(change, &(struct store_document){.kind = "node", .name = "x"});
        assert_int_equal(store_submit(store, change, NULL, NULL), -ENOMEM);
        store_close(store);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_rows_come_back, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_reading, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_kill, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_broken, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_foreign_files, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_foreign_databases, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_addresses, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_seat, make_folder, remove_folder),
                cmocka_unit_test_setup_teardown(test_failed_change, make_folder, remove_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
