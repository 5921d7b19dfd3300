/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/boot/listener_linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define ETHERTYPE_LLDP 0x88cc
#define LOOK_MS        30000             /* as often as switches speak */
#define BUFFER_SIZE    ((int)256 * 1024) /* some 400 messages with what the kernel adds to each */
#define INTERFACES_MAX 256
#define FORGOTTEN_MAX  1000 /* at one look: who talks faster does not keep us */

struct listener {
        int fd;
        struct loop_timer *timer;
        unsigned joined[INTERFACES_MAX]; /* indexes of interfaces */
        size_t count;
};

/* When the oldest message came; false: there is none. */
static bool oldest(const struct listener *l, struct timeval *ret)
{
        union {
                char bytes[CMSG_SPACE(sizeof(struct timeval))];
                struct cmsghdr align;
        } control;
        struct msghdr message = {.msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        struct cmsghdr *head;

        if (recvmsg(l->fd, &message, MSG_PEEK | MSG_DONTWAIT) < 0)
                return false;
        *ret = (struct timeval){0};
        head = CMSG_FIRSTHDR(&message);
        if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SO_TIMESTAMP)
                memcpy(ret, CMSG_DATA(head), sizeof(*ret));
        return true;
}

void listener_forget(struct listener *listener, time_t now)
{
        struct timeval came;

        for (int i = 0; i < FORGOTTEN_MAX && oldest(listener, &came); i++) {
                /* The clock may have been set meanwhile, either way. */
                if (came.tv_sec <= now && now - came.tv_sec < LISTENER_KEEP_S)
                        return;
                (void)recv(listener->fd, NULL, 0, MSG_DONTWAIT);
        }
}

static void on_timer(void *context)
{
        struct listener *l = context;

        listener_forget(l, time(NULL));
        loop_timer_arm(l->timer, clock_monotonic_ms() + LOOK_MS);
}

static bool has_joined(const struct listener *l, unsigned index)
{
        for (size_t i = 0; i < l->count; i++)
                if (l->joined[i] == index)
                        return true;
        return false;
}

void listener_look(struct listener *listener)
{
        /* 802.1AB 7.1: the nearest bridge, of any kind. */
        struct packet_mreq group = {
                .mr_type = PACKET_MR_MULTICAST,
                .mr_alen = 6,
                .mr_address = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e}
        };
        struct if_nameindex *names = listener ? if_nameindex() : NULL;

        for (const struct if_nameindex *i = names; i && i->if_index != 0; i++) {
                if (listener->count == INTERFACES_MAX || has_joined(listener, i->if_index))
                        continue;
                group.mr_ifindex = (int)i->if_index;
                if (setsockopt(listener->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group,
                               sizeof(group)) == 0)
                        listener->joined[listener->count++] = i->if_index;
        }
        if (names)
                if_freenameindex(names);
}

static int open_socket(void)
{
        const struct sockaddr_ll any = {.sll_family = AF_PACKET,
                                        .sll_protocol = htons(ETHERTYPE_LLDP)};
        const int size = BUFFER_SIZE, yes = 1;
        _close_ int fd =
                socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETHERTYPE_LLDP));

        if (fd < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &yes, sizeof(yes)) < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
        return TAKE_FD(fd);
}

int listener_new(struct loop *loop, struct listener **ret)
{
        struct listener *l = calloc(1, sizeof(*l));
        int rc;

        if (!l)
                return -ENOMEM;
        rc = l->fd = open_socket();
        if (rc >= 0)
                rc = loop_add_timer(loop, on_timer, l, &l->timer);
        if (rc < 0) {
                listener_free(l);
                return rc;
        }
        loop_timer_arm(l->timer, clock_monotonic_ms() + LOOK_MS);
        listener_look(l);
        *ret = l;
        return 0;
}

struct listener *listener_free(struct listener *listener)
{
        if (!listener)
                return NULL;
        loop_remove_timer(listener->timer);
        if (listener->fd >= 0)
                close(listener->fd);
        free(listener);
        return NULL;
}

int listener_fd(const struct listener *listener)
{
        return listener ? listener->fd : -EBADF;
}
