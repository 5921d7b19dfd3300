/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load ADDRESS FILE FROM CLIENTS BLOCK WINDOW SECONDS: so many clients read a file
 * at once, each once, each from an address of its own, FROM being the first; WINDOW
 * 0 asks for none. One line of JSON. It repeats what was lost after a second, as
 * firmware does.
 *
 * All clients share one socket, and are told apart by the address that a packet is
 * for: with a socket and two system calls a block each, the load would be slower
 * than what it measures.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "tftp/packet.h"

#define REPEAT_NS   UINT64_C(1000000000)
#define LOOK_NS     UINT64_C(50000000)
#define TRIES_MAX   30
#define BATCH       64
#define LOOK_SIZE   128 /* of a packet: an answer to options; of data its size is enough */
#define BUFFER_SIZE (8 << 20)

struct client {
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

/* Room for an IP_PKTINFO: where a packet was sent to, or is to come from. */
union control {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static struct {
        int fd;
        uint32_t from; /* the first client's address */
        struct client *clients;
        size_t count;
        /* What is to be sent. */
        size_t waiting;
        struct mmsghdr messages[BATCH];
        struct iovec parts[BATCH];
        union control controls[BATCH];
        uint8_t bytes[BATCH][TFTP_REQUEST_MAX];
} load;

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

static void flush(void)
{
        for (size_t sent = 0; sent < load.waiting;) {
                const int n = sendmmsg(load.fd, load.messages + sent,
                                       (unsigned int)(load.waiting - sent), 0);

                sent += n > 0 ? (size_t)n : 1; /* lost, as on the wire */
        }
        load.waiting = 0;
}

static void say(struct client *c)
{
        const size_t i = load.waiting++;
        const uint32_t address = load.from + (uint32_t)(c - load.clients);
        const struct in_pktinfo info = {.ipi_spec_dst = {.s_addr = htonl(address)}};
        union control *control = &load.controls[i];

        c->said_ns = now_ns();
        memset(control, 0, sizeof(*control));
        control->header.cmsg_level = IPPROTO_IP;
        control->header.cmsg_type = IP_PKTINFO;
        control->header.cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(&control->header), &info, sizeof(info));
        memcpy(load.bytes[i], c->said, c->size); /* it may say more before this goes out */
        load.parts[i] = (struct iovec){load.bytes[i], c->size};
        load.messages[i].msg_hdr = (struct msghdr){.msg_name = &c->peer,
                                                   .msg_namelen = sizeof(c->peer),
                                                   .msg_iov = &load.parts[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = control,
                                                   .msg_controllen = sizeof(*control)};
        if (load.waiting == BATCH)
                flush();
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
}

static void take_data(struct client *c, const struct tftp_packet *packet, size_t size)
{
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

        if (tftp_packet_parse(reader_over(bytes, size < LOOK_SIZE ? size : LOOK_SIZE), &packet) < 0)
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
                take_data(c, &packet, size - TFTP_HEADER_SIZE);
        }
}

/* Whom a packet is for; NULL: nobody, or one who has all. */
static struct client *client_of(struct msghdr *message)
{
        const struct cmsghdr *header = CMSG_FIRSTHDR(message);
        struct in_pktinfo info;
        uint32_t number;

        if (!header || header->cmsg_level != IPPROTO_IP || header->cmsg_type != IP_PKTINFO)
                return NULL;
        memcpy(&info, CMSG_DATA(header), sizeof(info));
        number = ntohl(info.ipi_addr.s_addr) - load.from;
        return number < load.count && !load.clients[number].is_done ? &load.clients[number] : NULL;
}

static void receive(void)
{
        static uint8_t bytes[BATCH][LOOK_SIZE];
        static union control controls[BATCH];
        struct sockaddr_in from[BATCH];
        struct mmsghdr messages[BATCH] = {0};
        struct iovec parts[BATCH];
        int count;

        for (size_t i = 0; i < BATCH; i++) {
                parts[i] = (struct iovec){bytes[i], LOOK_SIZE};
                messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                      .msg_namelen = sizeof(from[i]),
                                                      .msg_iov = &parts[i],
                                                      .msg_iovlen = 1,
                                                      .msg_control = &controls[i],
                                                      .msg_controllen = sizeof(controls[i])};
        }
        count = recvmmsg(load.fd, messages, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
        for (int i = 0; i < count; i++) {
                struct client *c = client_of(&messages[i].msg_hdr);

                if (c)
                        take(c, bytes[i], messages[i].msg_len, &from[i]);
        }
        flush();
}

static void repeat(void)
{
        const uint64_t now = now_ns();

        for (size_t i = 0; i < load.count; i++) {
                struct client *c = &load.clients[i];

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
        flush();
}

static int open_socket(void)
{
        const struct sockaddr_in from = {.sin_family = AF_INET};
        const int size = BUFFER_SIZE, on = 1;

        load.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (load.fd < 0 || bind(load.fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
            setsockopt(load.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0)
                return -1;
        (void)setsockopt(load.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        (void)setsockopt(load.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
        return 0;
}

static int begin_all(char **argv)
{
        struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(TFTP_PORT)};
        struct tftp_request request = {.mode = TFTP_MODE_OCTET};
        struct in_addr from;

        if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 ||
            inet_pton(AF_INET, argv[3], &from) != 1 || open_socket() < 0 ||
            text_copy(request.name, sizeof(request.name), argv[2]) < 0)
                return -1;
        load.from = ntohl(from.s_addr);
        request.options.has_block_size = true;
        request.options.block_size = (uint16_t)strtoul(argv[5], NULL, 10);
        request.options.window = (uint16_t)strtoul(argv[6], NULL, 10);
        request.options.has_window = request.options.window > 0;
        for (size_t i = 0; i < load.count; i++) {
                struct client *c = &load.clients[i];

                c->peer = server;
                c->window = 1;
                c->block_size = TFTP_BLOCK_DEFAULT;
                c->size = (size_t)tftp_request_write(&request, c->said, sizeof(c->said));
                say(c);
        }
        flush();
        return 0;
}

static void report(uint64_t start_ns)
{
        struct rusage used;

        getrusage(RUSAGE_SELF, &used);
        printf("{\"seconds\": %.6f, \"bytes\": %llu, \"done\": %zu, \"failed\": %zu, "
               "\"repeated\": %llu, \"out_of_order\": %llu, \"block\": %u, \"window\": %u, "
               "\"own_cpu\": %.3f}\n",
               (double)(now_ns() - start_ns) / 1e9, (unsigned long long)sums.bytes, sums.done,
               sums.failed, (unsigned long long)sums.repeated,
               (unsigned long long)sums.out_of_order, sums.block_size, sums.window,
               (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

int main(int argc, char **argv)
{
        const uint64_t start = now_ns();
        uint64_t looked = start, until;

        load.count = argc == 8 ? strtoul(argv[4], NULL, 10) : 0;
        load.clients = calloc(load.count + 1, sizeof(*load.clients));
        if (load.count == 0 || !load.clients) {
                fprintf(stderr, "usage: load ADDRESS FILE FROM CLIENTS BLOCK WINDOW SECONDS\n");
                return 2;
        }
        until = start + strtoul(argv[7], NULL, 10) * 1000000000;
        if (begin_all(argv) < 0)
                return 1;
        while (sums.done + sums.failed < load.count && now_ns() < until) {
                struct pollfd fds = {load.fd, POLLIN, 0};

                if (poll(&fds, 1, 20) > 0)
                        receive();
                if (now_ns() - looked > LOOK_NS) {
                        looked = now_ns();
                        repeat();
                }
        }
        report(start);
        return sums.done == load.count ? 0 : 1;
}
