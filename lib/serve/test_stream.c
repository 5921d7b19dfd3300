/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event streams, over real sockets. */
#include "lib/serve/test_client.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "lib/base/clock.h"
#include "lib/serve/ring.h"

#define RING_SPACE 8

struct site {
        struct serve *serve;
        struct serve_ring *ring;
        atomic_uint streams; /* begun and not ended */
};

static struct site site;

static bool pick(void *context, const char *name, const char *data)
{
        (void)context;
        return strcmp(name, "hidden") != 0 && !strstr(data, "secret");
}

static void on_done(void *context)
{
        struct site *s = context;

        atomic_fetch_sub(&s->streams, 1);
}

static void handle(void *context, struct serve_request *request)
{
        struct site *s = context;
        const char *after = serve_query(request, "after");
        const char *first = serve_query(request, "first");

        atomic_fetch_add(&s->streams, 1);
        serve_answer_stream(request, s->ring, first ? strdup("id: 3\ndata: stored\n\n") : NULL,
                            after ? strtoull(after, NULL, 10) : UINT64_MAX,
                            serve_query(request, "pick") ? pick : NULL, on_done, s);
}

static int setup(void **state)
{
        struct serve_options options = {
                .address = "127.0.0.1", .handler = handle, .context = &site, .per_address = 1000};

        *state = &site;
        atomic_store(&site.streams, 0);
        if (serve_ring_new(RING_SPACE, &site.ring) < 0)
                return -1;
        return serve_start(&options, &site.serve);
}

static int teardown(void **state)
{
        struct site *s = *state;

        serve_stop(s->serve);
        assert_int_equal(atomic_load(&s->streams), 0);
        serve_ring_free(s->ring);
        return 0;
}

static int listen_to(struct site *s, const char *target)
{
        int fd = client_open(serve_port(s->serve));
        char head[4096];

        client_ask(fd, "GET", target, "", "");
        client_read_until(fd, "\r\n\r\n", head, sizeof(head));
        assert_non_null(strstr(head, "200 OK"));
        assert_non_null(strstr(head, "text/event-stream"));
        return fd;
}

/* The text of the next chunk, NUL-terminated; returns its length, 0: the last one. */
static size_t read_chunk(int fd, char *to, size_t size)
{
        char line[32];
        size_t len;

        client_read_until(fd, "\r\n", line, sizeof(line));
        len = strtoul(line, NULL, 16);
        assert_true(len < size);
        client_read_bytes(fd, to, len);
        to[len] = '\0';
        client_read_bytes(fd, line, 2);
        return len;
}

/* The text of the next chunks, until it ends with @end. */
static void read_text(int fd, const char *end, char *to, size_t size)
{
        size_t filled = 0;
        size_t len = 1;

        to[0] = '\0';
        while (len > 0 && !strstr(to, end)) {
                len = read_chunk(fd, to + filled, size - filled);
                filled += len;
        }
}

/* Whole events, to the one of @id. */
static void read_events_to(int fd, const char *id, char *to, size_t size)
{
        size_t filled = 0;
        const char *found = NULL;

        while (!found || strcmp(to + filled - 2, "\n\n") != 0) {
                size_t len = read_chunk(fd, to + filled, size - filled);
                size_t behind = filled < strlen(id) ? filled : strlen(id);

                assert_true(len > 0);
                if (!found)
                        found = strstr(to + filled - behind, id);
                filled += len;
        }
}

static void expect_text(int fd, const char *end, const char *wanted)
{
        char text[4096];

        read_text(fd, end, text, sizeof(text));
        assert_string_equal(text, wanted);
}

static void wait_for_streams(struct site *s, unsigned count)
{
        for (int i = 0; i < 1000 && atomic_load(&s->streams) != count; i++)
                sleep_ms(5);
        assert_int_equal(atomic_load(&s->streams), count);
}

static void test_events(void **state)
{
        struct site *s = *state;
        int one = listen_to(s, "/");
        int two = listen_to(s, "/?pick");

        expect_text(one, ":\n\n", ":\n\n");
        expect_text(two, ":\n\n", ":\n\n");
        sleep_ms(50);
        assert_int_equal(serve_ring_add(s->ring, 1, "made", "{\"a\":1}"), 0);
        assert_int_equal(serve_ring_add(s->ring, 5, NULL, "secret"), 0);
        assert_int_equal(serve_ring_add(s->ring, 6, "hidden", "x"), 0);
        assert_int_equal(serve_ring_add(s->ring, 7, "", "end"), 0);
        expect_text(one, "end\n\n",
                    "id: 1\nevent: made\ndata: {\"a\":1}\n\nid: 5\ndata: secret\n\n"
                    "id: 6\nevent: hidden\ndata: x\n\nid: 7\ndata: end\n\n");
        expect_text(two, "end\n\n", "id: 1\nevent: made\ndata: {\"a\":1}\n\nid: 7\ndata: end\n\n");
        close(one);
        client_reset(two);
        assert_int_equal(serve_ring_add(s->ring, 8, NULL, "x"), 0);
        sleep_ms(20);
        assert_int_equal(serve_ring_add(s->ring, 9, NULL, "x"), 0);
        wait_for_streams(s, 0);
}

static void test_resume(void **state)
{
        struct site *s = *state;
        int fd;

        for (uint64_t id = 10; id <= 10 + 2 * RING_SPACE; id++)
                assert_int_equal(serve_ring_add(s->ring, id, NULL, "x"), 0);
        assert_int_equal(serve_ring_add(s->ring, 30, NULL, "y"), 0);

        fd = listen_to(s, "/?after=26");
        expect_text(fd, "y\n\n", ":\n\nid: 30\ndata: y\n\n");
        close(fd);
        /* Too old: the listener is told to ask for everything anew. */
        fd = listen_to(s, "/?after=15");
        expect_text(fd, "{}\n\n", ":\n\nid: 30\nevent: reset\ndata: {}\n\n");
        assert_int_equal(serve_ring_add(s->ring, 31, NULL, "z"), 0);
        expect_text(fd, "z\n\n", "id: 31\ndata: z\n\n");
        close(fd);
        /* Also if the store told much, and yet too little. */
        fd = listen_to(s, "/?after=3&first");
        expect_text(fd, "{}\n\n", "id: 3\ndata: stored\n\nid: 31\nevent: reset\ndata: {}\n\n");
        close(fd);
        /* But not if the store has filled the gap. */
        fd = listen_to(s, "/?after=26&first");
        expect_text(fd, "z\n\n", "id: 3\ndata: stored\n\nid: 30\ndata: y\n\nid: 31\ndata: z\n\n");
        close(fd);
}

/* An event is on disk before it is in the ring: who read it from there is not told it again. */
static void test_ring_lags_behind_store(void **state)
{
        struct site *s = *state;
        int fd;

        assert_int_equal(serve_ring_add(s->ring, 1, NULL, "x"), 0);
        fd = listen_to(s, "/?after=3&first");
        expect_text(fd, "stored\n\n", "id: 3\ndata: stored\n\n");
        for (uint64_t id = 2; id <= 4; id++)
                assert_int_equal(serve_ring_add(s->ring, id, NULL, "new"), 0);
        expect_text(fd, "new\n\n", "id: 4\ndata: new\n\n");
        close(fd);
}

static void test_bad_events(void **state)
{
        struct site *s = *state;

        assert_int_equal(serve_ring_add(s->ring, 2, "a", "b"), 0);
        assert_int_equal(serve_ring_add(s->ring, 2, "a", "b"), -EINVAL);
        assert_int_equal(serve_ring_add(s->ring, 1, "a", "b"), -EINVAL);
        assert_int_equal(serve_ring_add(s->ring, 3, "a\nb", "b"), -EINVAL);
        assert_int_equal(serve_ring_add(s->ring, 3, "a", "b\r"), -EINVAL);
}

/*
 * A reader too slow for the ring loses events, and is told. How far it comes, and how often
 * it is overtaken on the way, depends on the machine; that it learns of the last event, and
 * hears what follows, does not.
 */
static void test_overtaken(void **state)
{
        static char data[200000];
        static char text[16 << 20];
        struct site *s = *state;
        int fd = listen_to(s, "/");
        const char *reset;

        memset(data, 'd', sizeof(data) - 1);
        for (uint64_t id = 1; id <= 200; id++)
                assert_int_equal(serve_ring_add(s->ring, id, "big", data), 0);
        sleep_ms(100);
        read_events_to(fd, "id: 200\n", text, sizeof(text));
        /* What was under way ended as a whole event, though the ring had forgotten it. */
        reset = strstr(text, "\nevent: reset");
        assert_non_null(reset);
        while (reset > text && strncmp(reset, "\n\nid: ", 6) != 0)
                reset--;
        assert_ptr_not_equal(reset, text);
        /* Or nothing was: on a busy machine the first comment is all that it had time for. */
        assert_true(reset[-1] == 'd' || reset[-1] == ':');
        assert_int_equal(serve_ring_add(s->ring, 201, NULL, "after"), 0);
        read_text(fd, "\n\n", text, sizeof(text));
        assert_string_equal(text, "id: 201\ndata: after\n\n");
        close(fd);
}

static void test_comments(void **state)
{
        struct site *s = *state;
        uint64_t start_ms;
        int fd;

        s->ring->silence_ms = 200;
        fd = listen_to(s, "/");
        expect_text(fd, ":\n\n", ":\n\n");
        start_ms = clock_monotonic_ms();
        for (int i = 0; i < 3; i++)
                expect_text(fd, ":\n\n", ":\n\n");
        assert_true(clock_monotonic_ms() - start_ms >= 500);
        /* A listener that has gone is noticed by the next one. */
        client_reset(fd);
        wait_for_streams(s, 0);
}

static uint64_t cpu_us(void)
{
        struct rusage use;

        getrusage(RUSAGE_SELF, &use);
        return (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 +
               (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void test_idle_costs_nothing(void **state)
{
        struct site *s = *state;
        uint64_t before_us;
        int fds[50];

        for (int i = 0; i < 50; i++)
                fds[i] = listen_to(s, "/");
        wait_for_streams(s, 50);
        sleep_ms(200);
        before_us = cpu_us();
        sleep_ms(1000);
        /* A listener that spins would burn a whole second. */
        assert_true(cpu_us() - before_us < 200000);
        for (int i = 0; i < 50; i++)
                close(fds[i]);
}

static void test_head(void **state)
{
        struct site *s = *state;
        int fd = client_open(serve_port(s->serve));
        struct reply reply;

        client_ask(fd, "HEAD", "/", "", "");
        client_read(fd, "HEAD", &reply);
        assert_int_equal(reply.status, 200);
        wait_for_streams(s, 0);
        close(fd);
}

static void test_stop_ends_streams(void **state)
{
        struct site *s = *state;
        int fd = listen_to(s, "/");
        struct serve_options options = {
                .address = "127.0.0.1", .handler = handle, .context = &site};

        expect_text(fd, ":\n\n", ":\n\n");
        serve_stop(s->serve);
        /* The last chunk: the listener knows that it was ended, not cut off. */
        expect_text(fd, "never", "");
        close(fd);
        assert_int_equal(atomic_load(&s->streams), 0);
        assert_int_equal(serve_start(&options, &s->serve), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_events, setup, teardown),
                cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
                cmocka_unit_test_setup_teardown(test_ring_lags_behind_store, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_events, setup, teardown),
                cmocka_unit_test_setup_teardown(test_overtaken, setup, teardown),
                cmocka_unit_test_setup_teardown(test_comments, setup, teardown),
                cmocka_unit_test_setup_teardown(test_idle_costs_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_head, setup, teardown),
                cmocka_unit_test_setup_teardown(test_stop_ends_streams, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
