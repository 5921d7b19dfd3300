/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files, ranges, and what is told about them, over real sockets. */
#include "lib/serve/test_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "lib/base/cleanup.h"

#define SMALL_SIZE 1000
/* More than socket buffers take, so that it is cut off in the middle. */
#define LARGE_SIZE ((uint64_t)256 << 20)

static uint8_t small_bytes[SMALL_SIZE];

struct told {
        pthread_mutex_t lock;
        unsigned count;
        bool is_whole;
        uint64_t bytes;
        uint64_t took_ms;
};

static struct told told = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_sent(void *context, bool is_whole, uint64_t bytes, uint64_t took_ms)
{
        struct told *t = context;

        pthread_mutex_lock(&t->lock);
        t->count++;
        t->is_whole = is_whole;
        t->bytes = bytes;
        t->took_ms = took_ms;
        pthread_mutex_unlock(&t->lock);
}

/* What was told since the last call: exactly one file. */
static struct told next_told(void)
{
        struct told seen = {.count = 0};

        for (int i = 0; i < 1000 && seen.count == 0; i++) {
                sleep_ms(5);
                pthread_mutex_lock(&told.lock);
                seen = told;
                told.count = 0;
                pthread_mutex_unlock(&told.lock);
        }
        assert_int_equal(seen.count, 1);
        return seen;
}

static struct serve_file *kept;

static struct serve_file *keep_small(void)
{
        struct serve_file *file = NULL;
        int fd = memfd_create("kept", MFD_CLOEXEC);

        assert_int_equal(write(fd, small_bytes, SMALL_SIZE), SMALL_SIZE);
        assert_int_equal(serve_file_new(fd, "application/octet-stream", "tag", &file), 0);
        return file;
}

/* A few bytes at the beginning and in the middle, and some that reach over the end. */
static const struct {
        uint64_t at;
        size_t size;
} places[] = {
        {0,   3 },
        {500, 10},
        {995, 10},
};

static void answer_patched(struct serve_request *request)
{
        int fd = memfd_create("patched", MFD_CLOEXEC);
        struct serve_patches patches = {.count = ARRAY_SIZE(places)};

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                patches.at[i] =
                        (struct serve_patch){places[i].at, malloc(places[i].size), places[i].size};
                assert_non_null(patches.at[i].take_bytes);
                memset(patches.at[i].take_bytes, 'A' + (int)i, places[i].size);
        }
        assert_int_equal(write(fd, small_bytes, SMALL_SIZE), SMALL_SIZE);
        serve_answer_patched(request, fd, "application/octet-stream", &patches, on_sent, &told);
}

static void handle(void *context, struct serve_request *request)
{
        const char *path = serve_path(request);
        struct serve_file *file;
        int fd;

        (void)context;
        if (!strcmp(path, "/patched")) {
                answer_patched(request);
                return;
        }
        if (!strcmp(path, "/kept")) {
                serve_answer_kept(request, kept, on_sent, &told);
                return;
        }
        if (!strcmp(path, "/dropped")) { /* its keeper is done with it before it is sent */
                file = keep_small();
                serve_answer_kept(request, file, on_sent, &told);
                serve_file_unref(file);
                return;
        }
        fd = memfd_create("file", MFD_CLOEXEC);
        if (!strcmp(path, "/folder")) {
                close(fd);
                fd = open("/", O_RDONLY | O_CLOEXEC);
        } else if (!strcmp(path, "/large")) {
                assert_int_equal(ftruncate(fd, LARGE_SIZE), 0);
        } else if (strcmp(path, "/empty") != 0) {
                assert_int_equal(write(fd, small_bytes, SMALL_SIZE), SMALL_SIZE);
        }
        serve_answer_file(request, fd, "application/octet-stream",
                          !strcmp(path, "/untagged") ? NULL : "tag", on_sent, &told);
}

static int setup(void **state)
{
        struct serve_options options = {.address = "127.0.0.1", .handler = handle};

        for (size_t i = 0; i < SMALL_SIZE; i++)
                small_bytes[i] = (uint8_t)(i * 7 + i / 256);
        kept = keep_small();
        return serve_start(&options, (struct serve **)state);
}

static int teardown(void **state)
{
        serve_stop(*state);
        kept = serve_file_unref(kept);
        return 0;
}

struct ask_row {
        const char *method;
        const char *target;
        const char *headers;
        unsigned status;
        size_t start, length; /* of the body, in the file */
        const char *content_range;
};

static void check_row(struct serve *serve, const struct ask_row *row)
{
        int fd = client_open(serve_port(serve));
        bool is_head = !strcmp(row->method, "HEAD");
        struct told seen;
        struct reply reply;

        client_ask(fd, row->method, row->target, row->headers, "");
        client_read(fd, row->method, &reply);
        assert_int_equal(reply.status, row->status);
        if (row->status < 300) {
                assert_int_equal(reply.size, row->length);
                assert_string_equal(reply_header(&reply, "Accept-Ranges"), "bytes");
                assert_string_equal(reply_header(&reply, "Content-Type"),
                                    "application/octet-stream");
                if (!is_head)
                        assert_memory_equal(reply.body, small_bytes + row->start, row->length);
        }
        if (row->content_range)
                assert_string_equal(reply_header(&reply, "Content-Range"), row->content_range);
        else
                assert_null(reply_header(&reply, "Content-Range"));

        /* The connection is in step: the next question is answered. */
        seen = next_told();
        assert_int_equal(seen.is_whole, row->status < 400);
        assert_int_equal(seen.bytes, row->status < 300 && !is_head ? row->length : 0);
        client_ask(fd, "GET", "/untagged", "", "");
        client_read(fd, "GET", &reply);
        assert_int_equal(reply.size, SMALL_SIZE);
        assert_null(reply_header(&reply, "ETag"));
        (void)next_told();
        close(fd);
}

static void test_ranges(void **state)
{
        static const struct ask_row rows[] = {
                {"GET",  "/small",    "",                                          200, 0,   1000, NULL                },
                {"GET",  "/small",    "Range: bytes=10-19\r\n",                    206, 10,  10,   "bytes 10-19/1000"  },
                {"GET",  "/small",    "Range: bytes=-1\r\n",                       206, 999, 1,    "bytes 999-999/1000"},
                {"GET",  "/small",    "Range: bytes=990-\r\n",                     206, 990, 10,   "bytes 990-999/1000"},
                {"GET",  "/small",    "Range: bytes=1000-\r\n",                    416, 0,   0,    "bytes */1000"      },
                {"GET",  "/small",    "Range: bytes=0-1,5-6\r\n",                  200, 0,   1000, NULL                },
                {"GET",  "/small",    "Range: bytes=0-1\r\nIf-Range: \"tag\"\r\n", 206, 0,   2,
                 "bytes 0-1/1000"                                                                                      },
                {"GET",  "/small",    "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n", 200, 0,   1000, NULL                },
                {"GET",  "/untagged", "Range: bytes=0-1\r\nIf-Range: \"tag\"\r\n", 200, 0,   1000,
                 NULL                                                                                                  },
                {"GET",  "/small",    "If-None-Match: \"x\", W/\"tag\"\r\n",       304, 0,   0,    NULL                },
                {"GET",  "/small",    "If-None-Match: \"x\"\r\n",                  200, 0,   1000, NULL                },
                {"GET",  "/untagged", "If-None-Match: *\r\n",                      200, 0,   1000, NULL                },
                {"HEAD", "/small",    "",                                          200, 0,   1000, NULL                },
                {"HEAD", "/small",    "Range: bytes=10-19\r\n",                    200, 0,   1000, NULL                },
                {"HEAD", "/small",    "If-None-Match: \"tag\"\r\n",                304, 0,   0,    NULL                },
                {"GET",  "/empty",    "",                                          200, 0,   0,    NULL                },
                {"HEAD", "/empty",    "",                                          200, 0,   0,    NULL                },
                {"GET",  "/empty",    "Range: bytes=0-\r\n",                       416, 0,   0,    "bytes */0"         },
                {"GET",  "/folder",   "",                                          500, 0,   0,    NULL                },
                {"GET",  "/kept",     "",                                          200, 0,   1000, NULL                },
                {"HEAD", "/kept",     "",                                          200, 0,   1000, NULL                },
                {"GET",  "/kept",     "",                                          200, 0,   1000, NULL                },
                {"GET",  "/kept",     "Range: bytes=10-19\r\n",                    206, 10,  10,   "bytes 10-19/1000"  },
                {"GET",  "/kept",     "Range: bytes=1000-\r\n",                    416, 0,   0,    "bytes */1000"      },
                {"GET",  "/kept",     "If-None-Match: \"tag\"\r\n",                304, 0,   0,    NULL                },
                {"GET",  "/dropped",  "",                                          200, 0,   1000, NULL                },
                {"HEAD", "/dropped",  "",                                          200, 0,   1000, NULL                },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                check_row(*state, &rows[i]);
}

/* Whatever part of it is asked for. */
static void test_patched(void **state)
{
        /* clang-format off */
        static const struct {
                const char *headers;
                unsigned status;
                size_t start, length;
        } rows[] = {
                {"",                           200, 0,   1000},
                {"Range: bytes=0-0\r\n",       206, 0,   1   },
                {"Range: bytes=2-4\r\n",       206, 2,   3   },
                {"Range: bytes=505-506\r\n",   206, 505, 2   },
                {"Range: bytes=490-600\r\n",   206, 490, 111 },
                {"Range: bytes=509-510\r\n",   206, 509, 2   },
                {"Range: bytes=994-\r\n",      206, 994, 6   },
                {"If-None-Match: \"x\"\r\n",   200, 0,   1000},
        };
        /* clang-format on */
        uint8_t want[SMALL_SIZE];
        struct reply reply;

        memcpy(want, small_bytes, SMALL_SIZE);
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                for (size_t n = 0; n < places[i].size && places[i].at + n < SMALL_SIZE; n++)
                        want[places[i].at + n] = (uint8_t)('A' + i);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                client_get(serve_port(*state), "/patched", rows[i].headers, &reply);
                assert_int_equal(reply.status, rows[i].status);
                assert_int_equal(reply.size, rows[i].length);
                assert_memory_equal(reply.body, want + rows[i].start, rows[i].length);
                assert_null(reply_header(&reply, "ETag"));
                assert_int_equal(next_told().bytes, rows[i].length);
        }
        client_get(serve_port(*state), "/patched", "Range: bytes=1000-\r\n", &reply);
        assert_int_equal(reply.status, 416);
        (void)next_told();
}

static void test_etag(void **state)
{
        struct reply reply;

        client_get(serve_port(*state), "/small", "", &reply);
        assert_string_equal(reply_header(&reply, "ETag"), "\"tag\"");
        (void)next_told();
        client_get(serve_port(*state), "/small", "If-None-Match: \"tag\"\r\n", &reply);
        assert_int_equal(reply.status, 304);
        assert_string_equal(reply_header(&reply, "ETag"), "\"tag\"");
        (void)next_told();
}

/* Reads a body of @size, or what comes; returns how much that was. */
static uint64_t swallow(int fd, uint64_t size)
{
        static char bytes[65536];
        uint64_t got = 0;

        while (got < size) {
                size_t want = size - got < sizeof(bytes) ? size - got : sizeof(bytes);
                ssize_t n = recv(fd, bytes, want, 0);

                if (n <= 0)
                        break;
                got += (uint64_t)n;
        }
        return got;
}

/* Large or short, each request has its own end; and what is no file is not kept. */
static void test_kept(void **state)
{
        struct serve_options options = {.address = "127.0.0.1", .handler = handle};
        struct serve_file *file = NULL;
        struct serve *serve;
        struct told seen;
        char head[4096];
        int fd = memfd_create("large", MFD_CLOEXEC);

        (void)state;
        assert_int_equal(serve_file_new(open("/", O_RDONLY | O_CLOEXEC), "text/plain", NULL, &file),
                         -EINVAL);
        assert_int_equal(ftruncate(fd, LARGE_SIZE), 0);
        assert_int_equal(serve_file_new(fd, "text/plain", "tag", &kept), 0);
        assert_int_equal(serve_start(&options, &serve), 0);
        for (size_t i = 0; i < 2; i++) {
                fd = client_open(serve_port(serve));
                client_ask(fd, "GET", "/kept", "", "");
                client_read_until(fd, "\r\n\r\n", head, sizeof(head));
                assert_int_equal(swallow(fd, LARGE_SIZE), LARGE_SIZE);
                seen = next_told();
                assert_true(seen.is_whole);
                assert_int_equal(seen.bytes, LARGE_SIZE);
                close(fd);
        }
        serve_stop(serve);
        kept = serve_file_unref(kept);
}

static void test_large(void **state)
{
        int fd = client_open(serve_port(*state));
        char head[4096];
        struct told seen;

        client_ask(fd, "GET", "/large", "", "");
        client_read_until(fd, "\r\n\r\n", head, sizeof(head));
        assert_int_equal(swallow(fd, LARGE_SIZE), LARGE_SIZE);
        seen = next_told();
        assert_true(seen.is_whole);
        assert_int_equal(seen.bytes, LARGE_SIZE);
        close(fd);
}

/* A client that goes away in the middle: what is told is what the kernel took. */
static void test_cut_off(void **state)
{
        int fd = client_open(serve_port(*state));
        uint64_t read_bytes = (uint64_t)3 << 20;
        char head[4096];
        struct told seen;

        client_ask(fd, "GET", "/large", "", "");
        client_read_until(fd, "\r\n\r\n", head, sizeof(head));
        assert_int_equal(swallow(fd, read_bytes), read_bytes);
        sleep_ms(300);
        client_reset(fd);
        seen = next_told();
        assert_false(seen.is_whole);
        assert_true(seen.bytes >= read_bytes);
        assert_true(seen.bytes < read_bytes + ((uint64_t)64 << 20));
        assert_true(seen.took_ms >= 250 && seen.took_ms < CLIENT_PATIENCE_S * UINT64_C(1000));
}

static void test_stop_in_the_middle(void **state)
{
        struct serve_options options = {.address = "127.0.0.1", .handler = handle};
        struct serve *serve;
        char head[4096];
        struct told seen;
        int fd;

        (void)state;
        assert_int_equal(serve_start(&options, &serve), 0);
        fd = client_open(serve_port(serve));
        client_ask(fd, "GET", "/large", "", "");
        client_read_until(fd, "\r\n\r\n", head, sizeof(head));
        serve_stop(serve);
        seen = next_told();
        assert_false(seen.is_whole);
        assert_true(swallow(fd, LARGE_SIZE) < LARGE_SIZE);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
                cmocka_unit_test_setup_teardown(test_etag, setup, teardown),
                cmocka_unit_test(test_kept),
                cmocka_unit_test_setup_teardown(test_patched, setup, teardown),
                cmocka_unit_test_setup_teardown(test_large, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
                cmocka_unit_test(test_stop_in_the_middle),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
