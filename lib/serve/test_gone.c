/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients that go away at every stage, plain and under TLS, while other threads
 * answer. What must not happen is for the sanitizers to see: a request used
 * after MHD freed it, or one that nobody freed.
 */
#include "lib/serve/test_client.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/trust/certificate.h"

#define ANSWERERS  4
#define QUEUE_SIZE 1024
#define FILE_SIZE  (4 << 20)

/* Each takes the second of grace that serve_stop() gives those who read nothing. */
#define STOP_ROUNDS 5

/* A server that did not close its connections first died in one run of three. */
#define MALFORMED_ROUNDS 20
#define RUDE_CLIENTS     4

struct site {
        struct serve *serve;
        struct serve_ring *ring;
        pthread_mutex_t lock;
        pthread_cond_t more;
        struct serve_request *queue[QUEUE_SIZE];
        size_t queued;
        bool is_ending;
        pthread_t threads[ANSWERERS];
        atomic_uint handled, answered, streams, streams_done, files, files_told;
};

/* cmocka's assertions end a test by a jump, which no other thread may make. */
static void must(bool holds)
{
        if (!holds)
                abort();
}

static char *key_pem;
static char *cert_pem;

static void on_sent(void *context, bool is_whole, uint64_t bytes, uint64_t took_ms)
{
        struct site *s = context;

        (void)took_ms;
        /* HEAD is whole without a byte. */
        must(!is_whole || bytes == FILE_SIZE || bytes == 0);
        atomic_fetch_add(&s->files_told, 1);
}

static void on_done(void *context)
{
        struct site *s = context;

        atomic_fetch_add(&s->streams_done, 1);
}

static void answer(struct site *s, struct serve_request *request)
{
        const char *path = serve_path(request);

        atomic_fetch_add(&s->answered, 1);
        if (!strcmp(path, "/file")) {
                int fd = memfd_create("file", MFD_CLOEXEC);

                must(ftruncate(fd, FILE_SIZE) == 0);
                atomic_fetch_add(&s->files, 1);
                serve_answer_file(request, fd, NULL, "tag", on_sent, s);
        } else if (!strcmp(path, "/stream")) {
                atomic_fetch_add(&s->streams, 1);
                serve_answer_stream(request, s->ring, NULL, UINT64_MAX, NULL, on_done, s);
        } else {
                serve_answer(request, 200, "text/plain", strdup(path), strlen(path), NULL);
        }
}

static void *answerer(void *context)
{
        struct site *s = context;

        pthread_mutex_lock(&s->lock);
        for (;;) {
                struct serve_request *request;

                while (s->queued == 0 && !s->is_ending)
                        pthread_cond_wait(&s->more, &s->lock);
                if (s->queued == 0)
                        break;
                request = s->queue[--s->queued];
                pthread_mutex_unlock(&s->lock);
                if (serve_query(request, "slow"))
                        sleep_ms(20);
                answer(s, request);
                pthread_mutex_lock(&s->lock);
        }
        pthread_mutex_unlock(&s->lock);
        return NULL;
}

static void handle(void *context, struct serve_request *request)
{
        struct site *s = context;

        atomic_fetch_add(&s->handled, 1);
        if (serve_query(request, "now")) {
                answer(s, request);
                return;
        }
        pthread_mutex_lock(&s->lock);
        must(s->queued < QUEUE_SIZE);
        s->queue[s->queued++] = request;
        pthread_cond_signal(&s->more);
        pthread_mutex_unlock(&s->lock);
}

static size_t body_limit(void *context, struct serve_request *request)
{
        (void)context;
        (void)request;
        return 1000;
}

static void site_start(struct site *s, bool is_tls)
{
        struct serve_options options = {
                .address = "127.0.0.1",
                .handler = handle,
                .body_limit = body_limit,
                .context = s,
                .per_address = 500,
                .key_pem = is_tls ? key_pem : NULL,
                .cert_pem = is_tls ? cert_pem : NULL,
        };

        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->more, NULL);
        assert_int_equal(serve_ring_new(16, &s->ring), 0);
        assert_int_equal(serve_start(&options, &s->serve), 0);
        for (size_t i = 0; i < ANSWERERS; i++)
                assert_int_equal(pthread_create(&s->threads[i], NULL, answerer, s), 0);
}

/* The answering threads end after the server: late answers are dropped, not missed. */
static void site_stop(struct site *s)
{
        serve_stop(s->serve);
        pthread_mutex_lock(&s->lock);
        s->is_ending = true;
        pthread_cond_broadcast(&s->more);
        pthread_mutex_unlock(&s->lock);
        for (size_t i = 0; i < ANSWERERS; i++)
                pthread_join(s->threads[i], NULL);
        serve_ring_free(s->ring);
        assert_int_equal(atomic_load(&s->handled), atomic_load(&s->answered));
        assert_int_equal(atomic_load(&s->streams), atomic_load(&s->streams_done));
        assert_int_equal(atomic_load(&s->files), atomic_load(&s->files_told));
        pthread_cond_destroy(&s->more);
        pthread_mutex_destroy(&s->lock);
}

/* Or the test has seen nothing of what it is for. */
static void site_was_used(struct site *s)
{
        assert_true(atomic_load(&s->streams) > 0);
        assert_true(atomic_load(&s->files) > 0);
}

/* Before the server stops, what the last clients said has been read. */
#define SETTLE_MS 200

/* libmicrohttpd 0.9.75 cannot refuse a request by itself while it stops: see serve_stop(). */
#define REFUSED_BY_THE_LIBRARY "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz"

/* What is sent before going away, in order of how far the server gets. */
static const char *const stages[] = {
        "",
        "GET /fi",
        "GET /file HTTP/1.1\r\nHos",
        "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhalf",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nhalf",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\nExpect: 100-continue\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        REFUSED_BY_THE_LIBRARY,
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a?now HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a?slow HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b?slow HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /file?now HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /file?slow HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /stream?now HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /stream?slow HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n",
};

static void leave(int fd, bool is_rude)
{
        if (is_rude)
                client_reset(fd);
        else
                close(fd);
}

static void say_events(struct site *s, uint64_t *id)
{
        for (int i = 0; i < 5; i++)
                assert_int_equal(serve_ring_add(s->ring, ++*id, "n", "data"), 0);
}

static void test_gone(void **state)
{
        static const unsigned waits_ms[] = {0, 1, 30};
        struct site s = {.queued = 0};
        uint64_t id = 0;

        (void)state;
        site_start(&s, false);
        for (size_t i = 0; i < ARRAY_SIZE(stages) * ARRAY_SIZE(waits_ms) * 2; i++) {
                size_t stage = i % ARRAY_SIZE(stages);
                int fd = client_open(serve_port(s.serve));

                client_send(fd, stages[stage]);
                sleep_ms(waits_ms[i / ARRAY_SIZE(stages) % ARRAY_SIZE(waits_ms)]);
                leave(fd, i / ARRAY_SIZE(stages) >= ARRAY_SIZE(waits_ms));
                say_events(&s, &id);
        }
        sleep_ms(SETTLE_MS);
        site_stop(&s);
        site_was_used(&s);
}

/* All at once, and the server stops in the midst of it. */
static void test_stop_among_clients(void **state)
{
        (void)state;
        for (int round = 0; round < STOP_ROUNDS; round++) {
                struct site s = {.queued = 0};
                uint64_t id = 0;
                int fds[100];

                site_start(&s, false);
                for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                        const char *stage = stages[i % ARRAY_SIZE(stages)];

                        fds[i] = client_open(serve_port(s.serve));
                        client_send(fds[i], stage);
                        if (i % 10 == 9)
                                say_events(&s, &id);
                }
                for (size_t i = 0; i < ARRAY_SIZE(fds) / 2; i++)
                        leave(fds[i], i % 2 == 0);
                sleep_ms(round == STOP_ROUNDS - 1 ? SETTLE_MS : (unsigned)round * 5);
                site_stop(&s);
                if (round == STOP_ROUNDS - 1)
                        site_was_used(&s);
                for (size_t i = ARRAY_SIZE(fds) / 2; i < ARRAY_SIZE(fds); i++)
                        close(fds[i]);
        }
}

struct rude {
        pthread_t thread;
        uint16_t port;
        atomic_bool *is_over;
};

/* Connects and says what libmicrohttpd refuses by itself, again and again. */
static void *be_rude(void *context)
{
        const struct rude *rude = context;
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons(rude->port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        while (!atomic_load(rude->is_over)) {
                const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

                must(fd >= 0);
                if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
                        (void)send(fd, REFUSED_BY_THE_LIBRARY, strlen(REFUSED_BY_THE_LIBRARY),
                                   MSG_NOSIGNAL);
                client_reset(fd);
        }
        return NULL;
}

/* At the very moment of the shutdown libmicrohttpd must have nobody left to refuse. */
static void test_stop_among_malformed(void **state)
{
        (void)state;
        for (int round = 0; round < MALFORMED_ROUNDS; round++) {
                struct rude rude[RUDE_CLIENTS];
                atomic_bool is_over = false;
                struct site s = {.queued = 0};

                site_start(&s, false);
                for (size_t i = 0; i < RUDE_CLIENTS; i++) {
                        rude[i] = (struct rude){.port = serve_port(s.serve), .is_over = &is_over};
                        assert_int_equal(pthread_create(&rude[i].thread, NULL, be_rude, &rude[i]),
                                         0);
                }
                sleep_ms(10);
                site_stop(&s);
                atomic_store(&is_over, true);
                for (size_t i = 0; i < RUDE_CLIENTS; i++)
                        pthread_join(rude[i].thread, NULL);
        }
}

static gnutls_session_t tls_open(int fd, gnutls_certificate_credentials_t credentials)
{
        gnutls_session_t session;

        assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT), 0);
        assert_int_equal(gnutls_set_default_priority(session), 0);
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
        gnutls_session_set_verify_cert(session, "127.0.0.1", 0);
        gnutls_transport_set_int(session, fd);
        gnutls_handshake_set_timeout(session, CLIENT_PATIENCE_S * 1000);
        assert_int_equal(gnutls_handshake(session), 0);
        return session;
}

static gnutls_certificate_credentials_t tls_trust(void)
{
        gnutls_datum_t anchor = {.data = (unsigned char *)cert_pem,
                                 .size = (unsigned)strlen(cert_pem)};
        gnutls_certificate_credentials_t credentials;

        assert_int_equal(gnutls_certificate_allocate_credentials(&credentials), 0);
        assert_int_equal(
                gnutls_certificate_set_x509_trust_mem(credentials, &anchor, GNUTLS_X509_FMT_PEM),
                1);
        return credentials;
}

static void test_gone_tls(void **state)
{
        gnutls_certificate_credentials_t trust = tls_trust();
        struct site s = {.queued = 0};
        uint64_t id = 0;

        (void)state;
        site_start(&s, true);
        for (size_t i = 0; i < ARRAY_SIZE(stages) * 2; i++) {
                const char *text = stages[i % ARRAY_SIZE(stages)];
                int fd = client_open(serve_port(s.serve));
                gnutls_session_t session;

                /* Without a handshake, too. */
                if (i % 5 == 0) {
                        client_send(fd, text);
                        leave(fd, i % 2 == 0);
                        continue;
                }
                session = tls_open(fd, trust);
                if (*text)
                        assert_int_equal(gnutls_record_send(session, text, strlen(text)),
                                         strlen(text));
                sleep_ms(i % 3 == 0 ? 30 : 0);
                leave(fd, i % 2 == 0);
                gnutls_deinit(session);
                say_events(&s, &id);
        }
        sleep_ms(SETTLE_MS);
        site_stop(&s);
        site_was_used(&s);
        gnutls_certificate_free_credentials(trust);
}

static size_t tls_read(gnutls_session_t session, char *to, size_t size, const char *end)
{
        size_t filled = 0;

        to[0] = '\0';
        while (!strstr(to, end)) {
                ssize_t n = gnutls_record_recv(session, to + filled, size - 1 - filled);

                assert_true(n > 0);
                filled += (size_t)n;
                to[filled] = '\0';
        }
        return filled;
}

static void test_tls_answers(void **state)
{
        static const char ask[] = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
        gnutls_certificate_credentials_t trust = tls_trust();
        struct site s = {.queued = 0};
        static char text[FILE_SIZE + 4096];
        gnutls_session_t session;
        size_t got;
        int fd;

        (void)state;
        site_start(&s, true);
        fd = client_open(serve_port(s.serve));
        session = tls_open(fd, trust);
        assert_true(gnutls_record_send(session, stages[13], strlen(stages[13])) > 0);
        for (got = 0; got < FILE_SIZE;) {
                ssize_t n = gnutls_record_recv(session, text, sizeof(text));

                assert_true(n > 0);
                got += (size_t)n;
        }
        /* An answered stream pushes each event out at once. */
        assert_true(gnutls_record_send(session, ask, strlen(ask)) > 0);
        tls_read(session, text, sizeof(text), ":\n\n");
        assert_int_equal(serve_ring_add(s.ring, 1, "n", "one"), 0);
        tls_read(session, text, sizeof(text), "data: one\n\n");
        close(fd);
        gnutls_deinit(session);
        site_stop(&s);
        gnutls_certificate_free_credentials(trust);
}

/* A key that is another certificate's does not start. */
static void test_wrong_key(void **state)
{
        struct serve_options options = {.handler = handle, .cert_pem = cert_pem};
        char dir[] = "/tmp/test_gone.XXXXXX";
        const char *const names[] = {"other", NULL};
        char key_path[64];
        char cert_path[64];
        _free_ char *other = NULL;
        struct serve *serve;

        (void)state;
        assert_non_null(mkdtemp(dir));
        snprintf(key_path, sizeof(key_path), "%s/key", dir);
        snprintf(cert_path, sizeof(cert_path), "%s/cert", dir);
        assert_int_equal(certificate_make(CERTIFICATE_ECDSA, names, 1, key_path, cert_path), 0);
        assert_int_equal(file_read(AT_FDCWD, key_path, 1 << 16, &other, NULL), 0);
        unlink(key_path);
        unlink(cert_path);
        rmdir(dir);
        options.key_pem = other;
        assert_int_equal(serve_start(&options, &serve), -EBADMSG);
}

static int make_certificate(void **state)
{
        const char *const names[] = {"127.0.0.1", "localhost", NULL};
        char dir[] = "/tmp/test_gone.XXXXXX";
        char key_path[64];
        char cert_path[64];
        int rc;

        (void)state;
        if (!mkdtemp(dir))
                return -1;
        snprintf(key_path, sizeof(key_path), "%s/key", dir);
        snprintf(cert_path, sizeof(cert_path), "%s/cert", dir);
        rc = certificate_make(CERTIFICATE_ECDSA, names, 1, key_path, cert_path);
        if (rc == 0)
                rc = file_read(AT_FDCWD, key_path, 1 << 16, &key_pem, NULL);
        if (rc == 0)
                rc = file_read(AT_FDCWD, cert_path, 1 << 16, &cert_pem, NULL);
        unlink(key_path);
        unlink(cert_path);
        rmdir(dir);
        return rc;
}

static int free_certificate(void **state)
{
        (void)state;
        free(key_pem);
        free(cert_pem);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_gone),
                cmocka_unit_test(test_stop_among_clients),
                cmocka_unit_test(test_stop_among_malformed),
                cmocka_unit_test(test_gone_tls),
                cmocka_unit_test(test_tls_answers),
                cmocka_unit_test(test_wrong_key),
        };

        return cmocka_run_group_tests(tests, make_certificate, free_certificate);
}
