/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Against a server that is told what to say, plain and under TLS. */
#include "lib/fetch/test_server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/fetch/fetch.h"
#include "lib/trust/certificate.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static char folder[] = "/tmp/test_fetch.XXXXXX";
static char key_path[64];
static char cert_path[64];
static char other_key_path[64];
static char other_cert_path[64];

struct site {
        struct server server;
        struct fetch *fetch;
        char url[128];
        char error[FETCH_ERROR_SIZE];
};

static void site_open(struct site *s, bool is_tls, const struct fetch_trust *trust)
{
        memset(s, 0, sizeof(*s));
        server_start(&s->server, is_tls ? key_path : NULL, is_tls ? cert_path : NULL);
        assert_int_equal(fetch_new(trust, &s->fetch), 0);
        snprintf(s->url, sizeof(s->url), "http%s://127.0.0.1:%u/path?token=hidden",
                 is_tls ? "s" : "", s->server.port);
}

static void site_close(struct site *s)
{
        fetch_free(s->fetch);
        server_stop(&s->server);
}

static int setup(void **state)
{
        struct site *s = malloc(sizeof(*s));

        site_open(s, false, NULL);
        *state = s;
        return 0;
}

static int teardown(void **state)
{
        site_close(*state);
        free(*state);
        return 0;
}

static int get(struct site *s, struct fetch_response *ret)
{
        const struct fetch_request request = {.url = s->url};

        return fetch_do(s->fetch, &request, s->error, ret);
}

static void test_get(void **state)
{
        struct site *s = *state;
        _response_ struct fetch_response r = {0};
        _response_ struct fetch_response again = {0};

        s->server.answer = OK_HEAD "ETag: \"x\"\r\nContent-Length: 5\r\n\r\nhello";
        assert_int_equal(get(s, &r), 0);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.content_type, "application/json");
        assert_string_equal(r.etag, "\"x\"");
        assert_string_equal(r.body, "hello");
        assert_int_equal(r.body_size, 5);
        assert_true(text_has_prefix(s->server.asked, "GET /path?token=hidden HTTP/1.1\r\n"));

        s->server.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        assert_int_equal(get(s, &again), 0);
        assert_int_equal(again.status, 404);
        assert_string_equal(again.body, "");
        assert_string_equal(again.etag, "");
        /* One connection served both. */
        assert_int_equal(atomic_load(&s->server.connections), 1);
}

static void test_retry_after(void **state)
{
        static const struct {
                const char *answer;
                unsigned seconds;
        } cases[] = {
                {"HTTP/1.1 503 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",           7},
                {"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",                             0}, /* not that of before */
                {"HTTP/1.1 503 x\r\nRetry-After: Fri, 20 Nov 2026 11:00:00 GMT\r\n"
                 "Content-Length: 0\r\n\r\n",                              0},
                {"HTTP/1.1 503 x\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n", 0},
        };
        struct site *s = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _response_ struct fetch_response r = {0};

                s->server.answer = cases[i].answer;
                assert_int_equal(get(s, &r), 0);
                assert_int_equal(r.status, 503);
                assert_int_equal(r.retry_after_s, cases[i].seconds);
        }
}

static void test_post(void **state)
{
        static const char *const headers[] = {"X-Boot: 7", NULL};
        struct site *s = *state;
        struct fetch_request request = {
                .url = s->url, .bearer = "T0K3N", .headers = headers, .body = "{}", .body_size = 2};
        _response_ struct fetch_response r = {0};
        _response_ struct fetch_response plain = {0};

        s->server.answer = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), 0);
        assert_int_equal(r.status, 201);
        assert_true(text_has_prefix(s->server.asked, "POST "));
        assert_non_null(strstr(s->server.asked, "\r\nAuthorization: Bearer T0K3N\r\n"));
        assert_non_null(strstr(s->server.asked, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(s->server.asked, "\r\nX-Boot: 7\r\n"));
        assert_true(text_has_suffix(s->server.asked, "\r\n\r\n{}"));

        /* Nothing of it stays for the next call. */
        assert_int_equal(get(s, &plain), 0);
        assert_null(strstr(s->server.asked, "T0K3N"));
        assert_null(strstr(s->server.asked, "X-Boot"));
        assert_true(text_has_prefix(s->server.asked, "GET "));
}

static void test_methods(void **state)
{
        struct site *s = *state;
        struct fetch_request put = {
                .url = s->url, .method = "PUT", .body = "x", .body_size = 1, .content_type = "a/b"};
        struct fetch_request delete = {.url = s->url, .method = "DELETE"};
        struct fetch_request head = {.url = s->url, .method = "HEAD"};
        struct fetch_request sly = {.url = s->url, .bearer = "a\r\nX-Evil: 1"};
        struct fetch_response r;

        s->server.answer = "HTTP/1.1 204 No Content\r\n\r\n";
        assert_int_equal(fetch_do(s->fetch, &put, s->error, &r), 0);
        assert_true(text_has_prefix(s->server.asked, "PUT "));
        assert_non_null(strstr(s->server.asked, "Content-Type: a/b"));
        fetch_response_done(&r);
        assert_int_equal(fetch_do(s->fetch, &delete, s->error, &r), 0);
        assert_true(text_has_prefix(s->server.asked, "DELETE "));
        fetch_response_done(&r);
        s->server.answer = OK_HEAD "Content-Length: 1000\r\n\r\n";
        assert_int_equal(fetch_do(s->fetch, &head, s->error, &r), 0);
        assert_true(text_has_prefix(s->server.asked, "HEAD "));
        fetch_response_done(&r);
        assert_int_equal(fetch_do(s->fetch, &sly, s->error, &r), -EINVAL);
}

static void test_no_redirect_no_proxy(void **state)
{
        struct site *s = *state;
        struct fetch_request file = {.url = "file:///etc/passwd"};
        struct fetch_request nothing = {.url = "here"};
        _response_ struct fetch_response r = {0};

        setenv("http_proxy", "http://127.0.0.1:1", 1);
        setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        s->server.answer = "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n";
        assert_int_equal(get(s, &r), 0);
        assert_int_equal(r.status, 302);
        assert_true(text_has_prefix(s->server.asked, "GET /path"));
        unsetenv("http_proxy");
        unsetenv("ALL_PROXY");
        assert_int_equal(fetch_do(s->fetch, &file, s->error, &r), -EPROTO);
        assert_string_equal(s->error, "file:// is neither an http nor an https URL.");
        assert_true(fetch_do(s->fetch, &nothing, s->error, &r) < 0);
        assert_true(strlen(s->error) > 0);
}

static void test_limit(void **state)
{
        struct site *s = *state;
        struct fetch_request request = {.url = s->url, .limit = 4};
        _response_ struct fetch_response r = {0};

        s->server.answer = OK_HEAD "Content-Length: 5\r\n\r\nhello";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), -E2BIG);
        assert_non_null(strstr(s->error, "sent more than is accepted"));
        /* The address is told; what follows it may be secret. */
        assert_null(strstr(s->error, "hidden"));
        request.limit = 5;
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), 0);
}

static int sink(void *context, const void *bytes, size_t size)
{
        buffer_add(context, bytes, size);
        return memchr(bytes, '!', size) ? -ENOSPC : 0;
}

static void test_sink_and_ranges(void **state)
{
        struct site *s = *state;
        _buffer_ struct buffer got = {0};
        struct fetch_request request = {.url = s->url,
                                        .sink = sink,
                                        .sink_context = &got,
                                        .limit = 1,
                                        .range_start = 10,
                                        .range_end = 14};
        struct fetch_response r = {0};

        s->server.answer = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-14/99\r\n"
                           "Content-Length: 5\r\n\r\nhello";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), 0);
        assert_non_null(strstr(s->server.asked, "\r\nRange: bytes=10-14\r\n"));
        assert_string_equal(got.bytes, "hello");
        assert_string_equal(r.body, "");
        fetch_response_done(&r);

        /* Bytes of another place, and the whole in place of a part, never reach the sink. */
        got.size = 0;
        s->server.answer = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/99\r\n"
                           "Content-Length: 5\r\n\r\nhello";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), -EPROTO);
        s->server.answer = OK_HEAD "Content-Length: 5\r\n\r\nhello";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), -EPROTO);
        assert_non_null(strstr(s->error, "did not send the range"));
        assert_int_equal(got.size, 0);

        /* What is no success is no content. */
        request.limit = 0;
        s->server.answer = "HTTP/1.1 416 Range\r\nContent-Length: 2\r\n\r\nno";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), 0);
        assert_string_equal(r.body, "no");
        assert_int_equal(got.size, 0);
        fetch_response_done(&r);

        request.range_start = request.range_end = 0;
        s->server.answer = OK_HEAD "Content-Length: 5\r\n\r\nfull!";
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), -ENOSPC);
}

static void test_bad_servers(void **state)
{
        struct site *s = *state;
        struct fetch_response r;

        s->server.is_closing = true;
        s->server.answer = "";
        assert_int_equal(get(s, &r), -EPROTO);
        assert_non_null(strstr(s->error, "without an answer"));
        s->server.answer = OK_HEAD "Content-Length: 50\r\n\r\nhello";
        assert_int_equal(get(s, &r), -EPROTO);
        assert_non_null(strstr(s->error, "in the middle"));
        s->server.answer = "220 mail ready\r\n";
        assert_int_equal(get(s, &r), -EPROTO);
        assert_true(strlen(s->error) > 0);
}

static void test_refused(void **state)
{
        struct site *s = *state;
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(at);
        struct fetch_response r;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char wanted[128];

        /* A port that is taken, but not listened to. */
        assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
        snprintf(s->url, sizeof(s->url), "http://u:p@127.0.0.1:%u/x", ntohs(at.sin_port));
        assert_int_equal(get(s, &r), -ECONNREFUSED);
        snprintf(wanted, sizeof(wanted),
                 "http://127.0.0.1:%u refuses connections: is the service running, and is this its "
                 "port?",
                 ntohs(at.sin_port));
        assert_string_equal(s->error, wanted);
        close(fd);
}

static void test_deadlines(void **state)
{
        struct site *s = *state;
        struct fetch_request request = {.url = s->url, .timeout_ms = 300};
        uint64_t start_ms = clock_monotonic_ms();
        struct fetch_response r;

        s->server.answer = "";
        s->server.pause_ms = 4000;
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), -ETIMEDOUT);
        assert_true(clock_monotonic_ms() - start_ms < 4000); /* before the server said anything */
        assert_non_null(strstr(s->error, "did not answer in time"));
}

static void test_silence(void **state)
{
        struct site *s = *state;
        struct fetch_request request = {.url = s->url, .silence_ms = 500};
        uint64_t start_ms = clock_monotonic_ms();
        struct fetch_response r;

        s->server.answer = OK_HEAD "Content-Length: 5\r\n\r\nhel";
        s->server.pause_ms = 10000;
        assert_int_equal(fetch_do(s->fetch, &request, s->error, &r), -ETIMEDOUT);
        assert_true(clock_monotonic_ms() - start_ms < 10000);
        assert_non_null(strstr(s->error, "gone silent"));
}

static void *cancel_soon(void *context)
{
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        fetch_cancel(context);
        return NULL;
}

static void test_cancel(void **state)
{
        struct site *s = *state;
        uint64_t start_ms = clock_monotonic_ms();
        struct fetch_response r = {0};
        pthread_t thread;

        s->server.answer = OK_HEAD "Content-Length: 5\r\n\r\nhel";
        s->server.then = "lo";
        s->server.pause_ms = 10000;
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, s->fetch), 0);
        assert_int_equal(get(s, &r), -ECANCELED);
        assert_true(clock_monotonic_ms() - start_ms < 10000);
        pthread_join(thread, NULL);

        /* The next one, if none was under way; and only that. */
        fetch_cancel(s->fetch);
        assert_int_equal(get(s, &r), -ECANCELED);
}

static int on_event(void *context, const char *id, const char *name, const char *data)
{
        buffer_format(context, "[%s|%s|%s]", id, name, data);
        return strcmp(data, "stop") == 0 ? 42 : 0;
}

static void test_events(void **state)
{
        struct site *s = *state;
        struct fetch_request request = {.url = s->url};
        _buffer_ struct buffer seen = {0};

        s->server.is_closing = true;
        s->server.answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                           ":\n\nid: 1\nevent: made\ndata: {}\n";
        s->server.then = "\n:\n\nid: 2\ndata: x\n\n";
        s->server.pause_ms = 50;
        assert_int_equal(fetch_events(s->fetch, &request, on_event, &seen, s->error), 0);
        assert_string_equal(seen.bytes, "[1|made|{}][2||x]");
        assert_non_null(strstr(s->server.asked, "\r\nAccept: text/event-stream\r\n"));

        s->server.then = "\ndata: stop\n\ndata: more\n\n";
        assert_int_equal(fetch_events(s->fetch, &request, on_event, &seen, s->error), 42);
        s->server.then = NULL;
        s->server.answer = OK_HEAD "Content-Length: 2\r\n\r\n{}";
        assert_int_equal(fetch_events(s->fetch, &request, on_event, &seen, s->error), -EPROTO);
        assert_non_null(strstr(s->error, "not a stream of events (status 200)"));
        s->server.answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        assert_int_equal(fetch_events(s->fetch, &request, on_event, &seen, s->error), -EPROTO);
        assert_non_null(strstr(s->error, "(status 403)"));
}

static char *pin_of(const char *path)
{
        char *pem = NULL;
        char *pin = NULL;
        size_t size;

        assert_int_equal(file_read(AT_FDCWD, path, 1 << 16, &pem, &size), 0);
        assert_int_equal(certificate_pin(pem, size, &pin), 0);
        free(pem);
        return pin;
}

struct trust_row {
        const char *host;
        int rc;
        bool is_ca;
        bool is_pin;
        bool is_right;
};

static void try_trust(const struct trust_row *row)
{
        char *pin = row->is_pin ? pin_of(row->is_right ? cert_path : other_cert_path) : NULL;
        const char *ca = row->is_right ? cert_path : other_cert_path;
        struct fetch_trust trust = {.ca_file = row->is_ca ? ca : NULL, .pin = pin};
        struct site *s = malloc(sizeof(*s));
        struct fetch_response r = {0};

        site_open(s, true, &trust);
        s->server.answer = OK_HEAD "Content-Length: 5\r\n\r\nhello";
        snprintf(s->url, sizeof(s->url), "https://%s:%u/", row->host, s->server.port);
        assert_int_equal(get(s, &r), row->rc);
        if (row->rc == 0)
                assert_string_equal(r.body, "hello");
        else
                assert_non_null(strstr(s->error, "is not whom we trust"));
        fetch_response_done(&r);
        site_close(s);
        free(s);
        free(pin);
}

static void test_trust(void **state)
{
        static const struct trust_row rows[] = {
                {"127.0.0.1", 0,             true,  false, true },
                {"127.0.0.1", -EKEYREJECTED, true,  false, false},
 /* The certificate says 127.0.0.1, and no name. */
                {"localhost", -EKEYREJECTED, true,  false, true },
                {"127.0.0.1", 0,             false, true,  true },
                {"localhost", 0,             false, true,  true },
                {"127.0.0.1", -EKEYREJECTED, false, true,  false},
 /* Neither: the anchors of the system, which do not know it. */
                {"127.0.0.1", -EKEYREJECTED, false, false, true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                try_trust(&rows[i]);
}

static void test_no_ca_file(void **state)
{
        struct fetch_trust trust = {.ca_file = "/nonexistent/ca.pem"};
        struct site *s = malloc(sizeof(*s));
        struct fetch_response r;

        (void)state;
        site_open(s, true, &trust);
        assert_int_equal(get(s, &r), -EKEYREJECTED);
        assert_non_null(strstr(s->error, "our CA certificate is missing"));
        site_close(s);
        free(s);
}

static int make_certificates(void **state)
{
        const char *const names[] = {"127.0.0.1", NULL};

        (void)state;
        signal(SIGPIPE, SIG_IGN); /* the server's TLS writes to clients that left */
        if (!mkdtemp(folder))
                return -1;
        snprintf(key_path, sizeof(key_path), "%s/key", folder);
        snprintf(cert_path, sizeof(cert_path), "%s/cert", folder);
        snprintf(other_key_path, sizeof(other_key_path), "%s/other-key", folder);
        snprintf(other_cert_path, sizeof(other_cert_path), "%s/other-cert", folder);
        if (certificate_make(CERTIFICATE_ECDSA, names, 1, key_path, cert_path) < 0)
                return -1;
        return certificate_make(CERTIFICATE_ECDSA, names, 1, other_key_path, other_cert_path);
}

static int remove_certificates(void **state)
{
        (void)state;
        unlink(key_path);
        unlink(cert_path);
        unlink(other_key_path);
        unlink(other_cert_path);
        return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_get),
                TEST(test_retry_after),
                TEST(test_post),
                TEST(test_methods),
                TEST(test_no_redirect_no_proxy),
                TEST(test_limit),
                TEST(test_sink_and_ranges),
                TEST(test_bad_servers),
                TEST(test_refused),
                TEST(test_deadlines),
                TEST(test_silence),
                TEST(test_cancel),
                TEST(test_events),
                cmocka_unit_test(test_trust),
                cmocka_unit_test(test_no_ca_file),
        };

        return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
