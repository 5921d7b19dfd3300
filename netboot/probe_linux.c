/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/daemon.h"
#include "lib/trust/secret.h"
#include "netboot/packet.h"
#include "netboot/probe.h"

/* One that hears what is sent to others, too: some servers answer the MAC that asked, whatever the
 * broadcast flag says. Until it is closed. */
static int open_socket(const char *name, struct mac_address *ret_mac)
{
        _close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct packet_mreq all = {.mr_type = PACKET_MR_PROMISC};
        struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_IP)};
        struct ifreq request = {0};
        const int on = 1;

        if (fd < 0)
                return -errno;
        if (text_copy(request.ifr_name, sizeof(request.ifr_name), name) < 0)
                return -ENODEV;
        at.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(name);
        if (at.sll_ifindex == 0)
                return -ENODEV;
        if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
                return -errno;
        memcpy(ret_mac->bytes, request.ifr_hwaddr.sa_data, sizeof(ret_mac->bytes));
        if (request.ifr_hwaddr.sa_family != 1 /* ARPHRD_ETHER */)
                return -EPROTONOSUPPORT;
        if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int become_harmless(char *error)
{
        const struct confine_files nothing = {0};
        int rc;

        rc = privileges_drop("", NULL, error);
        if (rc == 0)
                rc = confine_files(&nothing);
        if (rc == 0 || rc == -EOPNOTSUPP)
                rc = confine_network(false);
        return rc < 0 ? rc : sandbox_enter(false);
}

static void print(const struct probe_server *server)
{
        char id[IP4_TEXT_SIZE], mac[MAC_TEXT_SIZE], offered[IP4_TEXT_SIZE];

        printf("server=%s mac=%s offers=%s\n",
               ip4_is_set(server->id) ? ip4_text(id, server->id) : "?", mac_text(mac, &server->mac),
               ip4_is_set(server->offered) ? ip4_text(offered, server->offered) : "nothing");
}

static int receive(int fd, struct probe *probe)
{
        struct tpacket_auxdata auxiliary = {0};
        struct packet packet;
        const int rc = packet_receive(fd, &packet, SOL_PACKET, PACKET_AUXDATA, &auxiliary,
                                      sizeof(auxiliary));

        if (rc < 0)
                return rc == -EAGAIN || rc == -EINTR ? 0 : rc;
        if (probe_take(probe, reader_over(packet.bytes, packet.size),
                       !(auxiliary.tp_status & TP_STATUS_CSUMNOTREADY)) > 0)
                print(&probe->servers[probe->count - 1]);
        return 0;
}

static int listen_for(int fd, struct probe *probe, unsigned wait_ms)
{
        const uint64_t end_ms = clock_monotonic_ms() + wait_ms;

        for (;;) {
                struct pollfd wait = {.fd = fd, .events = POLLIN};
                const uint64_t now_ms = clock_monotonic_ms();
                int rc;

                if (now_ms >= end_ms)
                        return 0;
                rc = poll(&wait, 1, (int)(end_ms - now_ms));
                if (rc < 0 && errno != EINTR)
                        return -errno;
                if (rc > 0)
                        rc = receive(fd, probe);
                if (rc < 0)
                        return rc;
        }
}

/* The same question twice: whoever heard both offers the same. */
static int ask(int fd, struct probe *probe, const uint8_t *frame, size_t size)
{
        const unsigned waits[] = {PROBE_AGAIN_MS, PROBE_WAIT_MS - PROBE_AGAIN_MS};
        int rc = 0;

        for (size_t i = 0; i < ARRAY_SIZE(waits) && rc == 0; i++) {
                if (write(fd, frame, size) < 0) /* no address: the socket has its card */
                        return -errno;
                rc = listen_for(fd, probe, waits[i]);
        }
        return rc;
}

static const char *advice(int rc)
{
        switch (rc) {
        case -EPERM:
        case -EACCES:
                return "start it as root (it gives root up)";
        case -ENODEV:
                return "there is no such network interface";
        case -EPROTONOSUPPORT:
                return "it is no Ethernet or wireless card";
        case -ENETDOWN:
                return "bring it up first: ip link set DEV up";
        default:
                return strerror(-rc);
        }
}

int probe_run(const char *interface, char *error)
{
        static struct probe probe;
        uint8_t frame[PROBE_FRAME_SIZE], random[8];
        struct mac_address mac = {0};
        _close_ int fd = -EBADF;
        ssize_t size;
        int rc;

        fd = open_socket(interface, &mac);
        rc = fd < 0 ? fd : random_bytes(random, sizeof(random));
        if (rc == 0)
                rc = become_harmless(error);
        size = rc < 0 ? rc : probe_begin(&probe, &mac, random, frame);
        rc = size < 0 ? (int)size : ask(fd, &probe, frame, (size_t)size);
        if (rc < 0 && !error[0])
                snprintf(error, DAEMON_ERROR_SIZE, "cannot ask on '%.64s': %s", interface,
                         advice(rc));
        return rc < 0 ? rc : (int)probe.count;
}
