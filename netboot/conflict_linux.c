/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "netboot/conflict.h"
#include "netboot/flood.h"

/* Answers taken in one go before other sockets have their turn. */
#define RECEIVE_BATCH 64

struct conflict_watch {
        const struct netboot_interface *interface;
        struct leases *leases;
        struct loop_fd *watch;
        struct conflicts asked;
        struct flood flood;
};

void conflict_watch_ask(struct conflict_watch *watch, struct ip4_address address)
{
        const struct netboot_interface *interface = watch->interface;
        const struct sockaddr_ll to = {
                .sll_family = AF_PACKET,
                .sll_protocol = htons(ETHERTYPE_ARP),
                .sll_ifindex = (int)interface->index,
                .sll_halen = 6,
                .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
        };
        uint8_t bytes[DHCP_ARP_SIZE];

        if (!conflicts_ask(&watch->asked, address, clock_monotonic_ms()))
                return;
        dhcp_arp_probe(&interface->mac, address, bytes);
        /* What cannot be asked is offered unasked. */
        (void)sendto(interface->arp_fd, bytes, sizeof(bytes), 0, (const struct sockaddr *)&to,
                     sizeof(to));
}

static const char *effect_text(int rc)
{
        if (rc == 0)
                return "\"in use by another: kept in quarantine\"";
        return rc == -EPERM ? "\"it answers for too many: not believed\""
                            : "\"in use by another, and leased already\"";
}

static void note(struct conflict_watch *watch, const struct mac_address *seen,
                 struct ip4_address address)
{
        const struct dhcp_now now = {clock_monotonic_ms(), clock_wall_ms()};
        struct dhcp_server *server = leases_server(watch->leases);
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        char mac[MAC_TEXT_SIZE], ip[IP4_TEXT_SIZE];
        const struct dhcp_lease *lease;
        int rc;

        if (!server || !conflicts_was_asked(&watch->asked, address, now.monotonic_ms))
                return;
        rc = conflicts_believes(&watch->asked, seen, now.monotonic_ms)
                     ? dhcp_leases_conflict(dhcp_server_leases(server), address, seen, &now, &lease)
                     : -EPERM;
        if (rc == -ENOENT)
                return; /* it is whom we gave it to, or was heard already */
        if (rc == 0) {
                conflicts_note(&watch->asked, seen, now.monotonic_ms);
                (void)leases_keep(watch->leases, record, dhcp_lease_record_write(lease, record));
        }
        if (flood_allows_line(&watch->flood, "dhcp.conflict"))
                log_warning("dhcp.conflict", "mac=%s on=%s ip=%s effect=%s", mac_text(mac, seen),
                            watch->interface->name, ip4_text(ip, address), effect_text(rc));
}

void conflict_watch_drain(struct conflict_watch *watch)
{
        uint8_t bytes[64]; /* the smallest frame; what is behind the answer is padding */
        struct mac_address mac;
        struct ip4_address address;

        for (size_t i = 0; i < RECEIVE_BATCH; i++) {
                const ssize_t size = recv(watch->interface->arp_fd, bytes, sizeof(bytes), 0);

                if (size < 0)
                        return;
                if (dhcp_arp_reply_parse(reader_over(bytes, (size_t)size), &mac, &address) == 0)
                        note(watch, &mac, address);
        }
}

static void receive(void *context, uint32_t events)
{
        (void)events;
        conflict_watch_drain(context);
}

int conflict_watch_new(struct loop *loop, const struct netboot_interface *interface,
                       struct leases *leases, struct conflict_watch **ret)
{
        struct conflict_watch *watch = calloc(1, sizeof(*watch));
        int rc;

        if (!watch)
                return -ENOMEM;
        watch->interface = interface;
        watch->leases = leases;
        rc = loop_add_fd(loop, interface->arp_fd, EPOLLIN, receive, watch, &watch->watch);
        if (rc < 0) {
                free(watch);
                return rc;
        }
        *ret = watch;
        return 0;
}

struct conflict_watch *conflict_watch_free(struct conflict_watch *watch)
{
        if (!watch)
                return NULL;
        loop_remove_fd(watch->watch);
        free(watch);
        return NULL;
}
