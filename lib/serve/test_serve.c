/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests and plain answers, over real sockets. */
#include "lib/serve/test_client.h"

#include <errno.h>
#include <pthread.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define LIMIT 100000

/* What the handler was last asked to answer later. */
static struct serve_request *held;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;

static void hold(struct serve_request *request)
{
        pthread_mutex_lock(&held_lock);
        held = request;
        pthread_mutex_unlock(&held_lock);
}

static struct serve_request *take_held(void)
{
        struct serve_request *request = NULL;

        for (int i = 0; i < 1000 && !request; i++) {
                pthread_mutex_lock(&held_lock);
                request = TAKE_PTR(held);
                pthread_mutex_unlock(&held_lock);
                if (!request)
                        sleep_ms(5);
        }
        assert_non_null(request);
        return request;
}

static size_t body_limit(void *context, struct serve_request *request)
{
        (void)context;
        if (text_is_equal(serve_path(request), "/ignored"))
                return SERVE_BODY_IGNORED;
        return text_is_equal(serve_path(request), "/none") ? 0 : LIMIT;
}

static void echo(struct serve_request *request)
{
        static const struct serve_header_row headers[] = {
                {"X-One", "1" },
                {NULL,    NULL}
        };
        _buffer_ struct buffer text = {0};
        const char *query = serve_query(request, "q");
        const char *bearer = serve_bearer(request);
        const char *header = serve_header(request, "x-name");
        const char *body;
        size_t body_size;
        size_t size;
        char *answer;

        body = serve_body(request, &body_size);
        buffer_format(&text, "%s|%s|%s|%s|%s|%s|%zu|%.3s", serve_method(request),
                      serve_path(request), query ? query : "-", bearer ? bearer : "-",
                      header ? header : "-", serve_peer(request), body_size, body);
        size = text.size;
        assert_int_equal(buffer_take(&text, &answer), 0);
        serve_answer(request, 200, "text/plain", answer, size, headers);
}

static void handle(void *context, struct serve_request *request)
{
        (void)context;
        if (text_is_equal(serve_path(request), "/later"))
                hold(request);
        else if (text_is_equal(serve_path(request), "/empty"))
                serve_answer(request, 204, NULL, NULL, 0, NULL);
        else
                echo(request);
}

static struct serve_options options_for(void)
{
        return (struct serve_options){
                .address = "127.0.0.1", .body_limit = body_limit, .handler = handle};
}

static int setup(void **state)
{
        struct serve_options options = options_for();

        return serve_start(&options, (struct serve **)state);
}

static int teardown(void **state)
{
        serve_stop(*state);
        return 0;
}

static void test_echo(void **state)
{
        int fd = client_open(serve_port(*state));
        struct reply reply;

        client_ask(fd, "POST", "/a%20b?p&q=1+2&q=3",
                   "Authorization: bearer  T0K3N\r\nX-NAME: v \r\nContent-Length: 4\r\n", "abcd");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "POST|/a b|1 2|T0K3N|v|127.0.0.1|4|abc");
        assert_string_equal(reply_header(&reply, "X-One"), "1");
        assert_string_equal(reply_header(&reply, "Content-Type"), "text/plain");

        /* The same connection, and without any of it. */
        client_ask(fd, "GET", "/", "Authorization: Basic eA==\r\n", "");
        client_read(fd, "GET", &reply);
        assert_string_equal(reply.body, "GET|/|-|-|-|127.0.0.1|0|");

        client_ask(fd, "HEAD", "/", "", "");
        client_read(fd, "HEAD", &reply);
        assert_int_equal(reply.status, 200);
        assert_int_equal(reply.size, strlen("HEAD|/|-|-|-|127.0.0.1|0|"));

        client_ask(fd, "DELETE", "/empty", "", "");
        client_read(fd, "DELETE", &reply);
        assert_int_equal(reply.status, 204);
        close(fd);
}

static void test_bad_targets(void **state)
{
        static const char *const targets[] = {"/a%00b", "/%zz", "/../etc/passwd", "/%2e%2e/x", "*"};

        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
                struct reply reply;

                client_get(serve_port(*state), targets[i], "", &reply);
                assert_int_equal(reply.status, 400);
                assert_non_null(strstr(reply.body, "\"code\":\"target-malformed\""));
                assert_string_equal(reply_header(&reply, "Content-Type"),
                                    "application/problem+json");
        }
}

static void send_zeros(int fd, size_t size)
{
        char *zeros = calloc(1, size);

        assert_int_equal(send(fd, zeros, size, MSG_NOSIGNAL), (ssize_t)size);
        free(zeros);
}

static void post_sized(int fd, const char *target, size_t size, struct reply *reply)
{
        char header[64];

        snprintf(header, sizeof(header), "Content-Length: %zu\r\n", size);
        client_ask(fd, "POST", target, header, "");
        send_zeros(fd, size);
        client_read(fd, "POST", reply);
}

static void test_body_limit(void **state)
{
        int fd = client_open(serve_port(*state));
        struct reply reply;

        post_sized(fd, "/", LIMIT, &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.body, "|100000|"));
        /* Above the limit: read, thrown away, refused; and the connection lives. */
        post_sized(fd, "/", LIMIT + 1, &reply);
        assert_int_equal(reply.status, 413);
        assert_non_null(strstr(reply.body, "\"code\":\"body-too-large\""));
        post_sized(fd, "/none", 1, &reply);
        assert_int_equal(reply.status, 413);
        post_sized(fd, "/", 1, &reply);
        assert_int_equal(reply.status, 200);

        /* Far above it: refused by its head, before anything was sent. */
        client_ask(fd, "POST", "/", "Content-Length: 1000000000000\r\n", "");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 413);
        close(fd);
}

/* Whoever could be read in two ways is not read at all, and nothing behind it is. */
static void test_framing(void **state)
{
        static const char *const heads[] = {
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                "Content-Length: 4\r\nContent-Length: 5\r\n",
                "Content-Length: 5\r\ncontent-length: 5\r\n",
                "Transfer-Encoding: xchunked\r\n",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
                int fd = client_open(serve_port(*state));
                struct reply reply;
                char byte;

                client_ask(fd, "POST", "/", heads[i], "0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
                client_read(fd, "POST", &reply);
                assert_int_equal(reply.status, 400);
                assert_non_null(strstr(reply.body, "\"code\":\"framing-ambiguous\""));
                assert_true(recv(fd, &byte, 1, 0) <= 0);
                close(fd);
        }
}

/* What one reads as a header of that name and another does not; and whose host is not clear. */
static void test_head(void **state)
{
        static const char *const heads[] = {
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\n(comment): x\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 5\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nX: \001\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nX: a\r\n\r\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
                int fd = client_open(serve_port(*state));
                struct reply reply;
                char byte;

                print_message("%s", heads[i]);
                client_send(fd, heads[i]);
                client_read(fd, "GET", &reply);
                assert_int_equal(reply.status, 400);
                assert_non_null(strstr(reply.body, "\"code\":\"header-malformed\""));
                assert_true(recv(fd, &byte, 1, 0) <= 0);
                close(fd);
        }
}

/* libmicrohttpd has no room for so many, and forgot the request: nobody freed it. */
static void test_many_arguments(void **state)
{
        _buffer_ struct buffer text = {0};
        int fd = client_open(serve_port(*state));
        struct reply reply;

        buffer_text(&text, "GET /?");
        for (int i = 0; i < 2000; i++)
                buffer_format(&text, "a%d&", i);
        buffer_text(&text, " HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_int_equal(text.rc, 0);
        assert_int_equal(send(fd, text.bytes, text.size, MSG_NOSIGNAL), (ssize_t)text.size);
        client_read(fd, "GET", &reply);
        assert_int_equal(reply.status, 400);
        assert_non_null(strstr(reply.body, "\"code\":\"target-malformed\""));
        close(fd);
}

/* The handler answers, and has seen nothing of it. */
static void test_body_ignored(void **state)
{
        int fd = client_open(serve_port(*state));
        struct reply reply;

        post_sized(fd, "/ignored", (size_t)3 * LIMIT, &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.body, "|0|"));
        client_ask(fd, "POST", "/ignored", "Expect: 100-continue\r\nContent-Length: 100001\r\n",
                   "");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 100);
        close(fd);
        fd = client_open(serve_port(*state));
        client_ask(fd, "POST", "/ignored", "Content-Length: 1000000000000\r\n", "");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 413);
        close(fd);
}

/* All bodies together have a limit, too; and what was held is given back. */
static void test_bodies_together(void **state)
{
        struct serve_options options = options_for();
        struct serve *serve;
        struct reply reply;
        int first, second;

        (void)state;
        options.bodies = LIMIT + LIMIT / 2;
        assert_int_equal(serve_start(&options, &serve), 0);
        first = client_open(serve_port(serve));
        second = client_open(serve_port(serve));
        client_ask(first, "POST", "/", "Content-Length: 100000\r\n", "");
        send_zeros(first, LIMIT - 1);
        sleep_ms(200); /* they are with the server now */
        for (int i = 0; i < 3; i++) {
                post_sized(second, "/", LIMIT, &reply);
                assert_int_equal(reply.status, 503);
                assert_non_null(strstr(reply.body, "\"code\":\"busy\""));
        }
        send_zeros(first, 1);
        client_read(first, "POST", &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.body, "|100000|"));
        for (int i = 0; i < 3; i++) {
                post_sized(second, "/", LIMIT, &reply);
                assert_int_equal(reply.status, 200);
        }
        close(first);
        close(second);
        serve_stop(serve);
}

static void test_expect(void **state)
{
        int fd = client_open(serve_port(*state));
        struct reply reply;

        client_ask(fd, "POST", "/", "Expect: 100-continue\r\nContent-Length: 3\r\n", "");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 100);
        client_send(fd, "xyz");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.body, "|3|xyz"));

        client_ask(fd, "POST", "/", "Expect: 100-continue\r\nContent-Length: 100001\r\n", "");
        client_read(fd, "POST", &reply);
        assert_int_equal(reply.status, 413);
        close(fd);
}

static void send_chunks(int fd, size_t size)
{
        char head[32];

        client_ask(fd, "PUT", "/", "Transfer-Encoding: chunked\r\n", "");
        for (size_t left = size; left > 0;) {
                size_t chunk = left < 7000 ? left : 7000;

                snprintf(head, sizeof(head), "%zx\r\n", chunk);
                client_send(fd, head);
                send_zeros(fd, chunk);
                client_send(fd, "\r\n");
                left -= chunk;
        }
        client_send(fd, "0\r\n\r\n");
}

static void test_chunked(void **state)
{
        int fd = client_open(serve_port(*state));
        struct reply reply;

        send_chunks(fd, LIMIT);
        client_read(fd, "PUT", &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.body, "|100000|"));
        send_chunks(fd, LIMIT + 1);
        client_read(fd, "PUT", &reply);
        assert_int_equal(reply.status, 413);
        send_chunks(fd, 5);
        client_read(fd, "PUT", &reply);
        assert_int_equal(reply.status, 200);
        close(fd);
}

/* Without an end, it is cut off: nothing that a stranger sends is read for ever. */
static void test_chunked_for_ever(void **state)
{
        static char chunk[10 + 65536 + 2] = "010000\r\n";
        int fd = client_open(serve_port(*state));
        size_t sent = 0;

        memcpy(chunk + 8 + 65536, "\r\n", 2);
        client_ask(fd, "PUT", "/", "Transfer-Encoding: chunked\r\n", "");
        while (send(fd, chunk, 8 + 65536 + 2, MSG_NOSIGNAL) > 0) {
                sent += 65536;
                assert_true(sent < 64u << 20);
        }
        close(fd);
}

static void *answer_later(void *context)
{
        struct serve_request *request = take_held();

        (void)context;
        sleep_ms(50);
        assert_string_equal(serve_query(request, "n"), "7");
        assert_ptr_equal(serve_data(request), NULL);
        serve_set_data(request, &held);
        assert_ptr_equal(serve_data(request), &held);
        serve_answer(request, 202, "text/plain", strdup("later"), 5, NULL);
        return NULL;
}

static void test_later(void **state)
{
        int fd = client_open(serve_port(*state));
        struct reply reply;
        pthread_t thread;

        for (int i = 0; i < 3; i++) {
                assert_int_equal(pthread_create(&thread, NULL, answer_later, NULL), 0);
                client_ask(fd, "GET", "/later?n=7", "", "");
                client_read(fd, "GET", &reply);
                assert_int_equal(reply.status, 202);
                assert_string_equal(reply.body, "later");
                pthread_join(thread, NULL);
        }
        close(fd);
}

static void test_stop_with_waiting(void **state)
{
        struct serve_options options = options_for();
        struct serve_request *request;
        struct serve *serve;
        struct reply reply;
        int fd;

        (void)state;
        assert_int_equal(serve_start(&options, &serve), 0);
        fd = client_open(serve_port(serve));
        client_ask(fd, "GET", "/later?n=8", "", "");
        request = take_held();
        serve_stop(serve);
        client_read(fd, "GET", &reply);
        assert_int_equal(reply.status, 503);
        assert_non_null(strstr(reply.body, "\"code\":\"stopping\""));
        close(fd);

        /* The answer that comes too late finds a request that still can be read. */
        assert_string_equal(serve_query(request, "n"), "8");
        assert_string_equal(serve_header(request, "Host"), "test");
        serve_answer(request, 200, "text/plain", strdup("late"), 4, NULL);
}

static void test_start_errors(void **state)
{
        struct serve_options options = options_for();
        struct serve *other = NULL;

        options.port = serve_port(*state);
        assert_int_equal(serve_start(&options, &other), -EADDRINUSE);
        options.port = 0;
        options.address = "192.0.2.1";
        assert_int_equal(serve_start(&options, &other), -EADDRNOTAVAIL);
        options.address = "localhost";
        assert_int_equal(serve_start(&options, &other), -EADDRNOTAVAIL);
        options.address = "127.0.0.1";
        options.key_pem = "no key";
        assert_int_equal(serve_start(&options, &other), -EBADMSG);
        options.cert_pem = "no certificate";
        assert_int_equal(serve_start(&options, &other), -EBADMSG);
        assert_null(other);
}

static void test_listen_fd(void **state)
{
        struct serve_options options = {.handler = handle};
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct serve *serve;
        struct reply reply;

        (void)state;
        options.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(options.listen_fd, (const struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(listen(options.listen_fd, 5), 0);
        assert_int_equal(serve_start(&options, &serve), 0);
        client_get(serve_port(serve), "/", "", &reply);
        assert_int_equal(reply.status, 200);
        serve_stop(serve);
}

/* One socket for both families: an IPv4 client is shown by its own address. */
static void test_all_addresses(void **state)
{
        struct serve_options options = {.handler = handle, .threads = 1};
        struct serve *serve;
        struct reply reply;

        (void)state;
        assert_int_equal(serve_start(&options, &serve), 0);
        client_get(serve_port(serve), "/", "", &reply);
        assert_string_equal(reply.body, "GET|/|-|-|-|127.0.0.1|0|");
        serve_stop(serve);
}

static void test_connections_of_one_address(void **state)
{
        struct serve_options options = options_for();
        struct serve *serve;
        char byte;
        int fds[4];

        (void)state;
        options.per_address = 3;
        assert_int_equal(serve_start(&options, &serve), 0);
        for (int i = 0; i < 3; i++) {
                struct reply reply;

                fds[i] = client_open(serve_port(serve));
                client_ask(fds[i], "GET", "/", "", "");
                client_read(fds[i], "GET", &reply);
        }
        fds[3] = client_open(serve_port(serve));
        assert_true(recv(fds[3], &byte, 1, 0) <= 0);
        for (int i = 0; i < 4; i++)
                close(fds[i]);
        serve_stop(serve);
}

/* All of 127.0.0.0/25 is one share, and 127.0.0.255 is not let in. */
static bool admit(void *context, struct ip_address from, struct ip_address *ret_share)
{
        (void)context;
        *ret_share = from;
        ret_share->six.bytes[15] &= 0x80;
        return from.six.bytes[15] != 255;
}

static int open_from(uint16_t port, uint8_t last)
{
        struct sockaddr_in from = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last)};
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
        return fd;
}

/* By the last byte of who comes, and whether it is let in. */
static const struct {
        uint8_t from;
        bool is_served;
} comers[] = {
        {255, false},
        {2,   true },
        {3,   true },
        {4,   true },
        {5,   false},
        {130, true },
};

static void test_connections_of_one_share(void **state)
{
        struct serve_options options = options_for();
        struct serve *serve;
        int fds[ARRAY_SIZE(comers)];
        char byte;

        (void)state;
        options.per_address = 3;
        options.admit = admit;
        assert_int_equal(serve_start(&options, &serve), 0);
        for (size_t i = 0; i < ARRAY_SIZE(comers); i++) {
                struct reply reply;

                fds[i] = open_from(serve_port(serve), comers[i].from);
                if (!comers[i].is_served) {
                        assert_true(recv(fds[i], &byte, 1, 0) <= 0);
                        continue;
                }
                client_ask(fds[i], "GET", "/", "", "");
                client_read(fds[i], "GET", &reply);
        }
        for (size_t i = 0; i < ARRAY_SIZE(comers); i++)
                close(fds[i]);
        serve_stop(serve);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad_targets, setup, teardown),
                cmocka_unit_test_setup_teardown(test_body_limit, setup, teardown),
                cmocka_unit_test_setup_teardown(test_framing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_head, setup, teardown),
                cmocka_unit_test_setup_teardown(test_many_arguments, setup, teardown),
                cmocka_unit_test_setup_teardown(test_body_ignored, setup, teardown),
                cmocka_unit_test(test_bodies_together),
                cmocka_unit_test_setup_teardown(test_expect, setup, teardown),
                cmocka_unit_test_setup_teardown(test_chunked, setup, teardown),
                cmocka_unit_test_setup_teardown(test_chunked_for_ever, setup, teardown),
                cmocka_unit_test_setup_teardown(test_later, setup, teardown),
                cmocka_unit_test(test_stop_with_waiting),
                cmocka_unit_test_setup_teardown(test_start_errors, setup, teardown),
                cmocka_unit_test(test_listen_fd),
                cmocka_unit_test(test_all_addresses),
                cmocka_unit_test(test_connections_of_one_address),
                cmocka_unit_test(test_connections_of_one_share),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
