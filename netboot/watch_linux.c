/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/watch.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/secret.h"
#include "netboot/foreign.h"
#include "netboot/packet.h"
#include "netboot/probe.h"

/* Packets read in one go before other sockets have their turn. */
#define RECEIVE_BATCH 16
/* The first question: other things of the start are over then. */
#define FIRST_ASK_MS 500

struct watch {
        struct events *events;
        const struct netboot_interfaces *interfaces;
        const struct netboot_interface *interface;
        struct loop_fd *readable;
        struct loop_timer *timer;
        struct foreign foreign;
        /* The same question each time: who offers, keeps one address for it, and not one a time. */
        uint8_t question[PROBE_FRAME_SIZE];
        size_t question_size;
};

/* UDP to port 68, and no fragments: all else on the wire must not wake us. */
static const struct sock_filter to_clients[] = {
        BPF_STMT(BPF_LD + BPF_H + BPF_ABS, 12),
        BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, ETHERTYPE_IP, 0, 8),
        BPF_STMT(BPF_LD + BPF_B + BPF_ABS, 23),
        BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, IPPROTO_UDP, 0, 6),
        BPF_STMT(BPF_LD + BPF_H + BPF_ABS, 20),
        BPF_JUMP(BPF_JMP + BPF_JSET + BPF_K, 0x1fff, 4, 0),
        BPF_STMT(BPF_LDX + BPF_B + BPF_MSH, 14),
        BPF_STMT(BPF_LD + BPF_H + BPF_IND, 16),
        BPF_JUMP(BPF_JMP + BPF_JEQ + BPF_K, DHCP_PORT_CLIENT, 0, 1),
        BPF_STMT(BPF_RET + BPF_K, 2048),
        BPF_STMT(BPF_RET + BPF_K, 0),
};

int watch_open(const struct netboot_interface *interface)
{
        const struct sock_fprog filter = {
                .len = ARRAY_SIZE(to_clients),
                .filter = (struct sock_filter *)(uintptr_t)to_clients, /* it is only read */
        };
        const struct sockaddr_ll at = {.sll_family = AF_PACKET,
                                       .sll_protocol = htons(ETHERTYPE_IP),
                                       .sll_ifindex = (int)interface->index};
        _close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const int on = 1;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
            bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
                return -errno;
        /* What we send ourselves; before Linux 4.20 it is known by its addresses alone. */
        (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
        return TAKE_FD(fd);
}

static bool is_ours(const struct watch *watch, const struct foreign_server *server)
{
        for (size_t i = 0; i < watch->interfaces->count; i++)
                if (ip4_is_equal(watch->interfaces->at[i].address, server->id) ||
                    mac_is_equal(&watch->interfaces->at[i].mac, &server->mac))
                        return true;
        return false;
}

static void tell(const struct watch *watch, const struct foreign_server *server, bool is_gone)
{
        struct node_event event = {
                .mac = server->mac, .address = ip_of4(server->id), .step = STEP_FOREIGN_DHCP};
        char ip[IP4_TEXT_SIZE], mac[MAC_TEXT_SIZE];

        snprintf(event.text, sizeof(event.text), "%s %s%s%.64s%s on %s %s",
                 server->is_proxy ? "a ProxyDHCP server" : "another DHCP server",
                 ip4_text(ip, server->id), server->vendor[0] ? " (" : "", server->vendor,
                 server->vendor[0] ? ")" : "", watch->interface->name,
                 is_gone ? "is heard no more" : "answers machines, too");
        log_warning(is_gone ? "dhcp.foreign.gone" : "dhcp.foreign",
                    "ip=%s mac=%s on=%s kind=%s vendor=%s", ip, mac_text(mac, &server->mac),
                    watch->interface->name, server->is_proxy ? "proxy" : "server",
                    QUOTE(server->vendor));
        events_add(watch->events, &event);
}

static void receive(void *context, uint32_t events)
{
        struct watch *watch = context;
        struct foreign_server server;

        (void)events;
        for (size_t i = 0; i < RECEIVE_BATCH; i++) {
                struct tpacket_auxdata auxiliary = {0};
                struct packet packet;

                if (packet_receive(watch->interface->watch_fd, &packet, SOL_PACKET, PACKET_AUXDATA,
                                   &auxiliary, sizeof(auxiliary)) < 0)
                        return;
                if (foreign_read(reader_over(packet.bytes, packet.size),
                                 !(auxiliary.tp_status & TP_STATUS_CSUMNOTREADY), &server) &&
                    !is_ours(watch, &server) &&
                    foreign_heard(&watch->foreign, &server, clock_monotonic_ms()))
                        tell(watch, &server, false);
        }
}

static void ask(void *context)
{
        struct watch *watch = context;
        const uint64_t now_ms = clock_monotonic_ms();
        struct foreign_server gone;

        /* A link that is down: the next time. */
        (void)!write(watch->interface->watch_fd, watch->question, watch->question_size);
        while (foreign_gone(&watch->foreign, now_ms, &gone))
                tell(watch, &gone, true);
        loop_timer_arm(watch->timer, now_ms + FOREIGN_ASK_MS);
}

static int make_question(struct watch *watch)
{
        uint8_t random[8];
        struct probe probe;
        ssize_t size;
        int rc;

        rc = random_bytes(random, sizeof(random));
        if (rc < 0)
                return rc;
        size = probe_begin(&probe, &watch->interface->mac, random, watch->question);
        if (size < 0)
                return (int)size;
        watch->question_size = (size_t)size;
        return 0;
}

int watch_new(struct loop *loop, struct events *events, const struct netboot_interfaces *interfaces,
              const struct netboot_interface *interface, struct watch **ret)
{
        struct watch *watch = calloc(1, sizeof(*watch));
        int rc;

        if (!watch)
                return -ENOMEM;
        watch->events = events;
        watch->interfaces = interfaces;
        watch->interface = interface;
        rc = make_question(watch);
        if (rc == 0)
                rc = loop_add_timer(loop, ask, watch, &watch->timer);
        if (rc == 0)
                rc = loop_add_fd(loop, interface->watch_fd, EPOLLIN, receive, watch,
                                 &watch->readable);
        if (rc < 0) {
                watch_free(watch);
                return rc;
        }
        loop_timer_arm(watch->timer, clock_monotonic_ms() + FIRST_ASK_MS);
        *ret = watch;
        return 0;
}

struct watch *watch_free(struct watch *watch)
{
        if (!watch)
                return NULL;
        loop_remove_fd(watch->readable);
        loop_remove_timer(watch->timer);
        free(watch);
        return NULL;
}
