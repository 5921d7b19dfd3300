/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Router solicitations
 *
 * iPXE waits 13 seconds for a router before it goes on over IPv4. It is told at
 * once that there is none: an advertisement with lifetime 0, which changes no
 * machine's routes. Where DHCPv6 is served it sends machines there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "dhcp/router.h"
#include "lib/daemon/log.h"
#include "netboot/dhcp.h"
#include "netboot/flood.h"
#include "netboot/packet.h"

#define RECEIVE_BATCH 16

struct router {
        const struct netboot_interface *interface;
        struct site *site;
        struct loop_fd *watch;
        struct flood flood; /* of lines */
};

/* A host without an address yet hears only what goes to all. */
static void answer(struct router *router, const struct sockaddr_in6 *from, bool has_source)
{
        struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                                  .sin6_scope_id = router->interface->index};
        uint8_t bytes[DHCP_ROUTER_MANAGED_SIZE];
        struct edge_network6 network;
        const bool is_managed = router->interface->dhcp6_fd >= 0 &&
                                site_find6(router->site, router->interface->addresses6,
                                           router->interface->address6_count, NULL, &network) == 0;
        const size_t size =
                is_managed ? dhcp_router_managed_write(&router->interface->mac, &network.network,
                                                       bytes)
                           : dhcp_router_advertisement_write(&router->interface->mac, bytes);
        char text[INET6_ADDRSTRLEN] = "all";
        const char *reason = NULL;

        if (has_source)
                to.sin6_addr = from->sin6_addr;
        else
                inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
        if (has_source)
                inet_ntop(AF_INET6, &to.sin6_addr, text, sizeof(text));
        if (sendto(router->interface->router_fd, bytes, size, 0, (const struct sockaddr *)&to,
                   sizeof(to)) < 0)
                reason = strerror(errno);
        if (!flood_allows_line(&router->flood, "router"))
                return;
        if (reason)
                log_warning("router", "on=%s to=%s reason=%s", router->interface->name, text,
                            QUOTE(reason));
        else
                log_info("router", "on=%s to=%s reason=%s", router->interface->name, text,
                         QUOTE(is_managed ? "no IPv6 router here, but DHCPv6"
                                          : "no IPv6 router here: lifetime 0"));
}

static bool receive_one(struct router *router)
{
        struct dhcp_router_solicitation solicitation;
        struct sockaddr_in6 from;
        struct packet packet;
        int hop_limit = 0; /* not said: none that passes */
        const int rc = packet_receive(router->interface->router_fd, &packet, IPPROTO_IPV6,
                                      IPV6_HOPLIMIT, &hop_limit, sizeof(hop_limit));
        bool has_source;

        if (rc < 0)
                return rc == -EINTR;
        memcpy(&from, &packet.any, sizeof(from));
        has_source = !IN6_IS_ADDR_UNSPECIFIED(&from.sin6_addr);
        if (dhcp_router_solicitation_parse(reader_over(packet.bytes, packet.size),
                                           (uint8_t)hop_limit, has_source, &solicitation) == 0)
                answer(router, &from, has_source);
        return true;
}

static void receive(void *context, uint32_t events)
{
        (void)events;
        for (size_t i = 0; i < RECEIVE_BATCH && receive_one(context); i++)
                continue;
}

int router_new(struct loop *loop, const struct netboot_interface *interface, struct site *site,
               struct router **ret)
{
        struct router *router = calloc(1, sizeof(*router));
        int rc;

        if (!router)
                return -ENOMEM;
        router->interface = interface;
        router->site = site;
        rc = loop_add_fd(loop, interface->router_fd, EPOLLIN, receive, router, &router->watch);
        if (rc < 0) {
                free(router);
                return rc;
        }
        *ret = router;
        return 0;
}

struct router *router_free(struct router *router)
{
        if (!router)
                return NULL;
        loop_remove_fd(router->watch);
        free(router);
        return NULL;
}
