/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A server for the tests that says exactly what a test tells it to, also what
 * no decent server would. One connection at a time, plain or TLS.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVER_ASKED_MAX (1 << 18)

struct server {
        int fd;
        uint16_t port;
        SSL_CTX *tls;
        pthread_t thread;
        atomic_bool is_ending;
        atomic_uint connections;
        const char *answer;           /* all of it, head and body */
        const char *then;             /* sent after @pause_ms; NULL: nothing */
        unsigned pause_ms;            /* after @answer */
        bool is_closing;              /* closes after the answer */
        char asked[SERVER_ASKED_MAX]; /* the last request, whole */
};

struct server_peer {
        int fd;
        SSL *tls;
};

static inline ssize_t peer_read(struct server_peer *peer, void *to, size_t size)
{
        if (peer->tls)
                return SSL_read(peer->tls, to, (int)size);
        return recv(peer->fd, to, size, 0);
}

static inline void peer_write(struct server_peer *peer, const char *text)
{
        size_t len = strlen(text);

        if (peer->tls)
                (void)!SSL_write(peer->tls, text, (int)len);
        else
                (void)!send(peer->fd, text, len, MSG_NOSIGNAL);
}

/* A head, and as much of a body as it announces. */
static inline bool server_read(struct server *server, struct server_peer *peer)
{
        size_t filled = 0;
        size_t wanted = 0;

        for (;;) {
                ssize_t n = peer_read(peer, server->asked + filled, SERVER_ASKED_MAX - 1 - filled);
                char *end;
                char *length;

                if (n <= 0)
                        return false;
                filled += (size_t)n;
                server->asked[filled] = '\0';
                end = strstr(server->asked, "\r\n\r\n");
                if (!end)
                        continue;
                length = strstr(server->asked, "Content-Length: ");
                wanted = (size_t)(end + 4 - server->asked);
                if (length && length < end)
                        wanted += strtoul(length + 16, NULL, 10);
                if (filled >= wanted)
                        return true;
        }
}

static inline void server_pause(const struct server *server)
{
        for (unsigned ms = 0; ms < server->pause_ms && !atomic_load(&server->is_ending); ms += 10)
                nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static inline void server_talk(struct server *server, struct server_peer *peer)
{
        while (!atomic_load(&server->is_ending) && server_read(server, peer)) {
                peer_write(peer, server->answer);
                server_pause(server);
                if (server->then)
                        peer_write(peer, server->then);
                if (server->is_closing)
                        break;
        }
}

static inline void *server_run(void *context)
{
        struct server *server = context;

        for (;;) {
                struct server_peer peer = {.fd = accept(server->fd, NULL, NULL)};

                if (peer.fd < 0)
                        return NULL;
                atomic_fetch_add(&server->connections, 1);
                if (server->tls) {
                        peer.tls = SSL_new(server->tls);
                        SSL_set_fd(peer.tls, peer.fd);
                }
                if (!peer.tls || SSL_accept(peer.tls) == 1)
                        server_talk(server, &peer);
                SSL_free(peer.tls);
                close(peer.fd);
        }
}

/* @key_path, @cert_path: NULL for a plain one. */
static inline void server_start(struct server *server, const char *key_path, const char *cert_path)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(at);

        server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(server->fd, (const struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(listen(server->fd, 8), 0);
        assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &len), 0);
        server->port = ntohs(at.sin_port);
        if (key_path) {
                server->tls = SSL_CTX_new(TLS_server_method());
                assert_int_equal(SSL_CTX_use_certificate_chain_file(server->tls, cert_path), 1);
                assert_int_equal(
                        SSL_CTX_use_PrivateKey_file(server->tls, key_path, SSL_FILETYPE_PEM), 1);
        }
        assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

/* The client has to be gone, or the thread still reads from it. */
static inline void server_stop(struct server *server)
{
        atomic_store(&server->is_ending, true);
        shutdown(server->fd, SHUT_RDWR);
        pthread_join(server->thread, NULL);
        close(server->fd);
        SSL_CTX_free(server->tls);
}
