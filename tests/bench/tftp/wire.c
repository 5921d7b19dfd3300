/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire IFACE IFACE DELAY_MS LOSS_PERCENT: a cable between two interfaces, with a
 * delay and a loss each way. For kernels without netem. Until it is ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define FRAME_SIZE    1600
#define QUEUE_SIZE    16384 /* 10 ms at a gigabit is 800 frames */
#define RECEIVE_BATCH 64
#define BUFFER_SIZE   (16 << 20)

struct frame {
        uint64_t due_ns;
        size_t size;
        uint8_t bytes[FRAME_SIZE];
};

/* From one interface to the other. */
struct way {
        int from, to;
        struct frame *queue;
        uint64_t first, end; /* frames that came out, that went in */
};

static uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The same losses in each run: xorshift, from a fixed seed. In [0, 1). */
static double chance(void)
{
        static uint64_t state = 88172645463325252;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (double)(state >> 11) / (double)(UINT64_C(1) << 53);
}

static int open_interface(const char *name)
{
        const struct packet_mreq all = {.mr_ifindex = (int)if_nametoindex(name),
                                        .mr_type = PACKET_MR_PROMISC};
        const struct sockaddr_ll at = {.sll_family = AF_PACKET,
                                       .sll_protocol = htons(ETH_P_ALL),
                                       .sll_ifindex = all.mr_ifindex};
        const int on = 1, size = BUFFER_SIZE;
        _close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
        return TAKE_FD(fd);
}

/* Frames that are due go out; when the next one is. */
static uint64_t way_send(struct way *way, uint64_t at_ns)
{
        while (way->first != way->end) {
                const struct frame *frame = &way->queue[way->first % QUEUE_SIZE];

                if (frame->due_ns > at_ns)
                        return frame->due_ns;
                (void)!write(way->to, frame->bytes, frame->size);
                way->first++;
        }
        return UINT64_MAX;
}

static void way_receive(struct way *way, uint64_t delay_ns, double loss)
{
        for (int i = 0; i < RECEIVE_BATCH && way->end - way->first < QUEUE_SIZE; i++) {
                struct frame *frame = &way->queue[way->end % QUEUE_SIZE];
                const ssize_t size = recv(way->from, frame->bytes, sizeof(frame->bytes), 0);

                if (size <= 0)
                        return;
                if (chance() < loss)
                        continue;
                frame->size = (size_t)size;
                frame->due_ns = now_ns() + delay_ns;
                way->end++;
        }
}

static void run(struct way ways[2], uint64_t delay_ns, double loss)
{
        struct pollfd fds[2] = {
                {ways[0].from, POLLIN, 0},
                {ways[1].from, POLLIN, 0},
        };

        for (;;) {
                const uint64_t at_ns = now_ns();
                const uint64_t a = way_send(&ways[0], at_ns), b = way_send(&ways[1], at_ns);
                const uint64_t next = a < b ? a : b;
                const uint64_t wait = next == UINT64_MAX ? 1000000000 : next - at_ns;
                const struct timespec sleep = {(time_t)(wait / 1000000000),
                                               (long)(wait % 1000000000)};

                if (ppoll(fds, 2, &sleep, NULL) <= 0)
                        continue;
                for (int i = 0; i < 2; i++)
                        if (fds[i].revents)
                                way_receive(&ways[i], delay_ns, loss);
        }
}

int main(int argc, char **argv)
{
        struct way ways[2] = {0};
        int fds[2];

        if (argc != 5) {
                fprintf(stderr, "usage: wire IFACE IFACE DELAY_MS LOSS_PERCENT\n");
                return 2;
        }
        for (int i = 0; i < 2; i++) {
                fds[i] = open_interface(argv[1 + i]);
                ways[i].queue = calloc(QUEUE_SIZE, sizeof(struct frame));
                if (fds[i] < 0 || !ways[i].queue) {
                        fprintf(stderr, "wire: cannot open %s\n", argv[1 + i]);
                        return 1;
                }
        }
        for (int i = 0; i < 2; i++) {
                ways[i].from = fds[i];
                ways[i].to = fds[1 - i];
        }
        run(ways, (uint64_t)(strtod(argv[3], NULL) * 1e6), strtod(argv[4], NULL) / 100);
        return 0;
}
