/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A client for the tests: bytes over a socket, so that it can be as rude as a test needs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buffer.h"
#include "lib/serve/serve.h"

/* A test that waits for longer has failed. */
#define CLIENT_PATIENCE_S 10

struct reply {
        unsigned status;
        char head[4096];
        char body[1 << 16];
        size_t size;
};

static inline void sleep_ms(unsigned ms)
{
        struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

        nanosleep(&ts, NULL);
}

static inline int client_open(uint16_t port)
{
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
        return fd;
}

static inline void client_send(int fd, const char *text)
{
        size_t len = strlen(text);

        assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Away without a word: the server sees a reset. */
static inline void client_reset(int fd)
{
        struct linger now = {.l_onoff = 1, .l_linger = 0};

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(fd);
}

static inline void client_read_bytes(int fd, char *to, size_t len)
{
        while (len > 0) {
                ssize_t n = recv(fd, to, len, 0);

                assert_true(n > 0);
                to += n;
                len -= (size_t)n;
        }
}

/* Up to and with @end; NUL-terminated. */
static inline void client_read_until(int fd, const char *end, char *to, size_t size)
{
        size_t len = 0;

        to[0] = '\0';
        while (!strstr(to, end)) {
                assert_true(len + 1 < size);
                client_read_bytes(fd, to + len, 1);
                to[++len] = '\0';
        }
}

static inline const char *reply_header(const struct reply *reply, const char *name)
{
        static char value[256];
        size_t len = strlen(name);

        for (const char *at = reply->head; (at = strstr(at, "\r\n"));) {
                at += 2;
                if (strncasecmp(at, name, len) != 0 || at[len] != ':')
                        continue;
                at += len + 1 + strspn(at + len + 1, " ");
                snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
                return value;
        }
        return NULL;
}

static inline void client_read(int fd, const char *method, struct reply *reply)
{
        const char *length;

        reply->status = 0;
        client_read_until(fd, "\r\n\r\n", reply->head, sizeof(reply->head));
        assert_int_equal(sscanf(reply->head, "HTTP/1.1 %u ", &reply->status), 1);
        length = reply_header(reply, "Content-Length");
        reply->size = length ? strtoul(length, NULL, 10) : 0;
        if (!strcmp(method, "HEAD") || reply->status == 304 || reply->status < 200)
                return;
        assert_true(reply->size < sizeof(reply->body));
        client_read_bytes(fd, reply->body, reply->size);
        reply->body[reply->size] = '\0';
}

/* @more: header lines, each with its line end. */
static inline void client_ask(int fd, const char *method, const char *target, const char *more,
                              const char *body)
{
        char text[4096];

        snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: test\r\n%s\r\n%s", method, target,
                 more, body);
        client_send(fd, text);
}

static inline void client_get(uint16_t port, const char *target, const char *more,
                              struct reply *reply)
{
        int fd = client_open(port);

        client_ask(fd, "GET", target, more, "");
        client_read(fd, "GET", reply);
        close(fd);
}
