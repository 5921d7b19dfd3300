/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Load: many clients that fetch one path over HTTP, again and again, from one thread.
 *
 * Usage: bench_http_load HOST PORT PATH FROM CLIENTS KEEP SECONDS
 *
 * FROM and the addresses behind it are what the clients speak from, 40 an address. KEEP: 1 to stay
 * on a connection, 0 for a new one each time. A body is thrown away by the kernel (MSG_TRUNC), so
 * that the load costs less than the server. Prints a line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define CLIENTS_MAX     4096
#define AN_ADDRESS      40 /* fewer than a server lets one have */
#define HEAD_SIZE       2048
#define DISCARD_AT_ONCE ((size_t)4 << 20)

struct client {
        int fd;
        bool is_in_body;
        size_t head_size;
        uint64_t left; /* of the body */
        char head[HEAD_SIZE];
};

struct load {
        int epoll;
        struct sockaddr_in server;
        uint32_t from; /* host order */
        bool keep;
        char request[512];
        size_t request_size;
        struct client clients[CLIENTS_MAX];
        size_t count;
        uint64_t requests, bytes, failed;
};

static double now_s(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void send_request(struct load *load, struct client *c)
{
        c->is_in_body = false;
        c->head_size = 0;
        if (send(c->fd, load->request, load->request_size, MSG_NOSIGNAL) !=
            (ssize_t)load->request_size)
                load->failed++;
}

static int open_client(struct load *load, struct client *c)
{
        const size_t index = (size_t)(c - load->clients);
        const struct sockaddr_in from = {
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(load->from + (uint32_t)(index / AN_ADDRESS))};
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        static const int on = 1;

        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0)
                return -errno;
        (void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        if (bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
            connect(c->fd, (const struct sockaddr *)&load->server, sizeof(load->server)) < 0 ||
            epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
                return -errno;
        send_request(load, c);
        return 0;
}

static int reopen(struct load *load, struct client *c)
{
        close(c->fd);
        return open_client(load, c);
}

static int finish(struct load *load, struct client *c)
{
        load->requests++;
        if (!load->keep)
                return reopen(load, c);
        send_request(load, c);
        return 0;
}

/* The head, and what of the body came with it. */
static int take_head(struct load *load, struct client *c)
{
        const ssize_t n =
                recv(c->fd, c->head + c->head_size, HEAD_SIZE - 1 - c->head_size, MSG_DONTWAIT);
        const char *end, *length;

        if (n <= 0) {
                load->failed++;
                return reopen(load, c);
        }
        c->head_size += (size_t)n;
        c->head[c->head_size] = '\0';
        end = strstr(c->head, "\r\n\r\n");
        if (!end)
                return 0;
        length = strcasestr(c->head, "\r\nContent-Length:");
        if (!length || strncmp(c->head, "HTTP/1.1 200", 12) != 0) {
                load->failed++;
                return reopen(load, c);
        }
        c->left = strtoull(length + strlen("\r\nContent-Length:"), NULL, 10);
        load->bytes += c->left;
        c->left -= c->head_size - (size_t)(end + 4 - c->head);
        c->is_in_body = true;
        return c->left == 0 ? finish(load, c) : 0;
}

static int take_body(struct load *load, struct client *c)
{
        const ssize_t n =
                recv(c->fd, NULL, c->left < DISCARD_AT_ONCE ? (size_t)c->left : DISCARD_AT_ONCE,
                     MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n <= 0) {
                load->failed++;
                return reopen(load, c);
        }
        c->left -= (uint64_t)n;
        return c->left == 0 ? finish(load, c) : 0;
}

static int run(struct load *load, double seconds)
{
        double start, took;
        int rc = 0;

        for (size_t i = 0; i < load->count && rc == 0; i++)
                rc = open_client(load, &load->clients[i]);
        start = now_s();
        while (rc == 0 && now_s() - start < seconds) {
                struct epoll_event events[256];
                const int n = epoll_wait(load->epoll, events, ARRAY_SIZE(events), 100);

                for (int i = 0; i < n && rc == 0; i++) {
                        struct client *c = events[i].data.ptr;

                        rc = c->is_in_body ? take_body(load, c) : take_head(load, c);
                }
        }
        took = now_s() - start;
        for (size_t i = 0; i < load->count; i++) /* what a large file has brought by now */
                if (load->clients[i].is_in_body)
                        load->bytes -= load->clients[i].left;
        printf("{\"requests\": %llu, \"bytes\": %llu, \"failed\": %llu, \"seconds\": %f}\n",
               (unsigned long long)load->requests, (unsigned long long)load->bytes,
               (unsigned long long)load->failed, took);
        return rc;
}

int main(int argc, char **argv)
{
        static struct load load;
        struct in_addr from;
        int n, rc;

        if (argc != 8 || inet_pton(AF_INET, argv[1], &load.server.sin_addr) != 1 ||
            inet_pton(AF_INET, argv[4], &from) != 1) {
                fprintf(stderr, "usage: %s HOST PORT PATH FROM CLIENTS KEEP SECONDS\n", argv[0]);
                return 2;
        }
        load.server.sin_family = AF_INET;
        load.server.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
        load.from = ntohl(from.s_addr);
        load.count = strtoul(argv[5], NULL, 10);
        load.keep = strcmp(argv[6], "1") == 0;
        n = snprintf(load.request, sizeof(load.request), "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
                     argv[3], argv[1], load.keep ? "" : "Connection: close\r\n");
        if (n < 0 || (size_t)n >= sizeof(load.request) || load.count > CLIENTS_MAX)
                return 2;
        load.request_size = (size_t)n;
        load.epoll = epoll_create1(EPOLL_CLOEXEC);
        rc = load.epoll < 0 ? -errno : run(&load, strtod(argv[7], NULL));
        if (rc < 0)
                fprintf(stderr, "%s: %s\n", argv[0], strerror(-rc));
        return rc < 0 ? 1 : 0;
}
