/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load ADDRESS FILE FROM CLIENTS BLOCK WINDOW SECONDS: so many clients read a file
 * at once, each once, each from an address of its own, FROM being the first; WINDOW
 * 0 asks for none. One line of JSON. It repeats what was lost after a second, as
 * firmware does.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "tftp/packet.h"

#define REPEAT_NS   UINT64_C(1000000000)
#define TRIES_MAX   30
#define BATCH       64
#define PACKET_SIZE 2048
#define BUFFER_SIZE (4 << 20)

struct client {
        int fd;
        struct sockaddr_in peer;
        bool is_started, is_done;
        uint16_t block_size, window, in_window;
        uint16_t last; /* the last block that came in order */
        bool has_said_gap;
        unsigned int tries;
        uint64_t said_ns, bytes;
        size_t size; /* of what it said last */
        uint8_t said[TFTP_REQUEST_MAX];
};

static struct {
        size_t done, failed;
        uint64_t bytes, repeated, out_of_order;
        uint16_t block_size, window; /* as negotiated */
} sums;

static uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void say(struct client *c)
{
        c->said_ns = now_ns();
        (void)sendto(c->fd, c->said, c->size, 0, (const struct sockaddr *)&c->peer,
                     sizeof(c->peer));
}

static void acknowledge(struct client *c)
{
        c->in_window = 0;
        c->tries = 0;
        c->size = (size_t)tftp_ack_write(c->last, c->said, sizeof(c->said));
        say(c);
}

static void end(struct client *c, size_t *count)
{
        c->is_done = true;
        ++*count;
        close(c->fd);
}

static void take_data(struct client *c, const struct tftp_packet *packet)
{
        const size_t size = reader_left(&packet->data);
        const bool is_last = size < c->block_size;

        c->is_started = true;
        if (packet->block != (uint16_t)(c->last + 1)) {
                sums.out_of_order++;
                /* RFC 1350: what came twice is acknowledged twice; RFC 7440 4: a gap at once, and
                 * once. */
                if (c->window == 1 ? packet->block == c->last : !c->has_said_gap)
                        acknowledge(c);
                c->has_said_gap = true;
                return;
        }
        c->has_said_gap = false;
        c->last++;
        c->bytes += size;
        sums.bytes += size;
        if (++c->in_window == c->window || is_last)
                acknowledge(c);
        if (is_last)
                end(c, &sums.done);
}

static void take(struct client *c, const uint8_t *bytes, size_t size,
                 const struct sockaddr_in *from)
{
        struct tftp_packet packet;

        if (tftp_packet_parse(reader_over(bytes, size), &packet) < 0)
                return;
        if (!c->is_started)
                c->peer = *from;
        if (packet.opcode == TFTP_ERROR) {
                fprintf(stderr, "load: %s\n", packet.error.message);
                end(c, &sums.failed);
        } else if (packet.opcode == TFTP_OACK && !c->is_started) {
                c->is_started = true;
                c->block_size = packet.options.has_block_size ? packet.options.block_size : 512;
                c->window = packet.options.has_window ? packet.options.window : 1;
                sums.block_size = c->block_size;
                sums.window = c->window;
                acknowledge(c);
        } else if (packet.opcode == TFTP_DATA) {
                take_data(c, &packet);
        }
}

static void receive(struct client *c)
{
        static uint8_t bytes[BATCH][PACKET_SIZE];
        struct sockaddr_in from[BATCH];
        struct mmsghdr messages[BATCH] = {0};
        struct iovec parts[BATCH];
        int count;

        for (size_t i = 0; i < BATCH; i++) {
                parts[i] = (struct iovec){bytes[i], PACKET_SIZE};
                messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                      .msg_namelen = sizeof(from[i]),
                                                      .msg_iov = &parts[i],
                                                      .msg_iovlen = 1};
        }
        count = recvmmsg(c->fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count && !c->is_done; i++)
                take(c, bytes[i], messages[i].msg_len, &from[i]);
}

static void repeat(struct client *clients, size_t count)
{
        const uint64_t now = now_ns();

        for (size_t i = 0; i < count; i++) {
                struct client *c = &clients[i];

                if (c->is_done || now - c->said_ns < REPEAT_NS)
                        continue;
                if (++c->tries > TRIES_MAX) {
                        end(c, &sums.failed);
                        continue;
                }
                c->in_window = 0;
                c->has_said_gap = false;
                sums.repeated++;
                say(c);
        }
}

static int begin(struct client *c, char **argv, int poll, uint32_t number)
{
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
        struct tftp_request request = {.mode = TFTP_MODE_OCTET};
        struct sockaddr_in from = {.sin_family = AF_INET};
        const int size = BUFFER_SIZE;

        c->peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(TFTP_PORT)};
        c->window = 1;
        c->block_size = TFTP_BLOCK_DEFAULT;
        request.options.has_block_size = true;
        request.options.block_size = (uint16_t)strtoul(argv[5], NULL, 10);
        request.options.window = (uint16_t)strtoul(argv[6], NULL, 10);
        request.options.has_window = request.options.window > 0;
        c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || inet_pton(AF_INET, argv[1], &c->peer.sin_addr) != 1 ||
            inet_pton(AF_INET, argv[3], &from.sin_addr) != 1 ||
            text_copy(request.name, sizeof(request.name), argv[2]) < 0)
                return -1;
        from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + number);
        if (bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) < 0)
                return -1;
        (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        c->size = (size_t)tftp_request_write(&request, c->said, sizeof(c->said));
        if (epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event) < 0)
                return -1;
        say(c);
        return 0;
}

int main(int argc, char **argv)
{
        const size_t count = argc == 8 ? strtoul(argv[4], NULL, 10) : 0;
        const int poll = epoll_create1(EPOLL_CLOEXEC);
        struct client *clients = calloc(count + 1, sizeof(*clients));
        const uint64_t start = now_ns();
        uint64_t looked = start, until;

        if (count == 0 || poll < 0 || !clients) {
                fprintf(stderr, "usage: load ADDRESS FILE FROM CLIENTS BLOCK WINDOW SECONDS\n");
                return 2;
        }
        until = start + strtoul(argv[7], NULL, 10) * 1000000000;
        for (size_t i = 0; i < count; i++)
                if (begin(&clients[i], argv, poll, (uint32_t)i) < 0)
                        return 1;
        while (sums.done + sums.failed < count && now_ns() < until) {
                struct epoll_event events[256];
                const int n = epoll_wait(poll, events, 256, 20);

                for (int i = 0; i < n; i++)
                        if (!clients[events[i].data.u32].is_done)
                                receive(&clients[events[i].data.u32]);
                if (now_ns() - looked > 50000000) {
                        looked = now_ns();
                        repeat(clients, count);
                }
        }
        printf("{\"seconds\": %.6f, \"bytes\": %llu, \"done\": %zu, \"failed\": %zu, "
               "\"repeated\": %llu, \"out_of_order\": %llu, \"block\": %u, \"window\": %u}\n",
               (double)(now_ns() - start) / 1e9, (unsigned long long)sums.bytes, sums.done,
               sums.failed, (unsigned long long)sums.repeated,
               (unsigned long long)sums.out_of_order, sums.block_size, sums.window);
        free(clients);
        return sums.done == count ? 0 : 1;
}
