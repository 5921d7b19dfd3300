/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/addresses.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/daemon/log.h"

/* Who changes an address takes one away and gives another: both are seen as one change. */
#define SETTLE_MS 1000

struct addresses {
        struct loop *loop;
        struct netboot_interfaces *interfaces;
        addresses_fn changed;
        void *context;
        int fd;
        struct loop_fd *watch;
        struct loop_timer *timer;
        bool is_armed;
};

static void look(void *context)
{
        struct addresses *a = context;

        a->is_armed = false;
        for (size_t n = 0; n < a->interfaces->count; n++) {
                struct netboot_interface *i = &a->interfaces->at[n];
                enum interface_address four = INTERFACE_HAS_IT;

                if (!netboot_interface_refresh(i, &four) && four != INTERFACE_HAS_ANOTHER)
                        continue;
                log_info("interface.addresses", "on=%s ipv6=%zu", i->name, i->address6_count);
                a->changed(a->context, i, four == INTERFACE_HAS_ANOTHER);
        }
}

/* What a message says is not read: the interfaces are asked what they have. */
static void heard(void *context, uint32_t events)
{
        struct addresses *a = context;
        uint8_t bytes[8192];

        (void)events;
        while (recv(a->fd, bytes, sizeof(bytes), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
                continue;
        if (a->is_armed)
                return;
        a->is_armed = true;
        loop_timer_arm(a->timer, clock_monotonic_ms() + SETTLE_MS);
}

static int listen_to_kernel(void)
{
        const struct sockaddr_nl at = {.nl_family = AF_NETLINK,
                                       .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
        _close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

        if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int addresses_new(struct loop *loop, struct netboot_interfaces *interfaces, addresses_fn changed,
                  void *context, struct addresses **ret)
{
        struct addresses *a = calloc(1, sizeof(*a));
        int rc;

        if (!a)
                return -ENOMEM;
        *a = (struct addresses){.loop = loop,
                                .interfaces = interfaces,
                                .changed = changed,
                                .context = context,
                                .fd = listen_to_kernel()};
        rc = a->fd < 0 ? a->fd : loop_add_timer(loop, look, a, &a->timer);
        if (rc == 0)
                rc = loop_add_fd(loop, a->fd, EPOLLIN, heard, a, &a->watch);
        if (rc < 0) {
                addresses_free(a);
                return rc;
        }
        a->is_armed = true; /* what changed before we listened */
        loop_timer_arm(a->timer, clock_monotonic_ms());
        *ret = a;
        return 0;
}

struct addresses *addresses_free(struct addresses *addresses)
{
        if (!addresses)
                return NULL;
        loop_remove_fd(addresses->watch);
        loop_remove_timer(addresses->timer);
        if (addresses->fd >= 0)
                close(addresses->fd);
        free(addresses);
        return NULL;
}
