/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ramdisk's own network
 *
 * The engine of dhcp/client.h says what to send and when; here are its packet
 * socket, its timer, and the ioctls that put an address on an interface. A packet
 * socket is used throughout, because an interface without an address can neither
 * send nor receive otherwise.
 */
#include "lib/boot/network_linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "dhcp/client.h"
#include "dhcp/frame.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/boot/network6_linux.h"
#include "lib/boot/random_linux.h"
#include "lib/daemon/log.h"

#define NO_CARRIER "no carrier: is the cable in, the switch port on?"
#define FRAME_MAX  (DHCP_FRAME_HEADER_SIZE + DHCP_MESSAGE_MAX)

struct network {
        struct loop *loop;
        struct mac_address mac;
        loop_fn ready;
        void *context;

        int control_fd; /* any socket, for ioctls */
        int link_fd;    /* rtnetlink: link changes */
        struct loop_fd *link_watch;

        char name[IFNAMSIZ]; /* "" until found */
        int index;
        int packet_fd;
        struct loop_fd *packet_watch;
        struct loop_timer *timer;
        struct dhcp_client *client;
        struct ip4_address address;
        bool is_6;
        struct network6 *six;
        char waits_for[128];
};

static void set_waits_for(struct network *n, const char *what)
{
        if (n->name[0])
                snprintf(n->waits_for, sizeof(n->waits_for), "%s: %s", n->name, what);
        else
                snprintf(n->waits_for, sizeof(n->waits_for), "%s", what);
}

static struct ifreq request_for(const struct network *n)
{
        struct ifreq request = {0};

        memcpy(request.ifr_name, n->name, sizeof(request.ifr_name));
        return request;
}

static bool is_any(const struct network *n)
{
        static const struct mac_address any;

        return mac_is_equal(&n->mac, &any);
}

static bool is_wireless(const char *name)
{
        char path[64 + IFNAMSIZ];

        snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", name);
        return access(path, F_OK) == 0;
}

static bool is_wanted(struct network *n, const char *name, struct mac_address *ret)
{
        struct ifreq request = {0};

        (void)text_copy(request.ifr_name, sizeof(request.ifr_name), name);
        if (ioctl(n->control_fd, SIOCGIFHWADDR, &request) < 0 ||
            request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
                return false;
        memcpy(ret->bytes, request.ifr_hwaddr.sa_data, sizeof(ret->bytes));
        return is_any(n) ? !is_wireless(name) : mac_is_equal(&n->mac, ret);
}

static int set_up(struct network *n, const char *name)
{
        struct ifreq request = {0};

        (void)text_copy(request.ifr_name, sizeof(request.ifr_name), name);
        if (ioctl(n->control_fd, SIOCGIFFLAGS, &request) < 0)
                return -errno;
        request.ifr_flags |= IFF_UP;
        return ioctl(n->control_fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static bool has_carrier(struct network *n, const char *name)
{
        struct ifreq request = {0};

        (void)text_copy(request.ifr_name, sizeof(request.ifr_name), name);
        return ioctl(n->control_fd, SIOCGIFFLAGS, &request) == 0 &&
               (request.ifr_flags & IFF_RUNNING);
}

static void set_ip4(struct sockaddr *to, struct ip4_address ip)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = ip.be};

        memcpy(to, &address, sizeof(address));
}

static int set_address(struct network *n, struct ip4_address ip, uint8_t prefix)
{
        const struct ip4_network network = {.address = ip, .prefix = prefix};
        struct ifreq request = request_for(n);

        set_ip4(&request.ifr_addr, ip);
        if (ioctl(n->control_fd, SIOCSIFADDR, &request) < 0)
                return -errno;
        if (!ip4_is_set(ip))
                return 0;
        set_ip4(&request.ifr_netmask, ip4_network_mask(&network));
        return ioctl(n->control_fd, SIOCSIFNETMASK, &request) < 0 ? -errno : 0;
}

static int add_route(struct network *n, struct ip4_address router)
{
        struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = n->name};

        set_ip4(&route.rt_dst, (struct ip4_address){0});
        set_ip4(&route.rt_genmask, (struct ip4_address){0});
        set_ip4(&route.rt_gateway, router);
        if (ioctl(n->control_fd, SIOCADDRT, &route) < 0 && errno != EEXIST)
                return -errno;
        return 0;
}

/* For controllers that are known by a name. libc's resolver reads it anew when it changed. */
static void write_resolver(const struct dhcp_client_lease *lease)
{
        _buffer_ struct buffer text = {0};
        char address[IP4_TEXT_SIZE];
        int rc;

        for (size_t i = 0; i < lease->dns.count; i++)
                buffer_format(&text, "nameserver %s\n", ip4_text(address, lease->dns.at[i]));
        if (lease->domain[0])
                buffer_format(&text, "search %s\n", lease->domain);
        if (text.size == 0 || text.rc < 0)
                return;
        rc = file_replace("/etc/resolv.conf", text.bytes, text.size, 0644);
        if (rc < 0)
                log_warning("network.resolver", "error=%s", QUOTE(strerror(-rc)));
}

static void configure(struct network *n)
{
        const struct dhcp_client_lease *lease = dhcp_client_get_lease(n->client);
        char text[IP4_TEXT_SIZE];
        int rc;

        if (!lease)
                return;
        rc = set_address(n, lease->address, lease->prefix);
        if (rc >= 0 && lease->router.count > 0)
                rc = add_route(n, lease->router.at[0]);
        if (rc < 0) {
                log_error("network.address", "interface=%s error=%s", n->name,
                          QUOTE(strerror(-rc)));
                return;
        }

        write_resolver(lease);
        n->address = lease->address;
        log_info("network.ready", "interface=%s address=%s/%u lease_s=%u", n->name,
                 ip4_text(text, lease->address), lease->prefix, lease->lease_s);
        set_waits_for(n, "nothing");
        n->ready(n->context);
}

static void send_message(struct network *n, const struct dhcp_client_action *action)
{
        const struct dhcp_frame frame = {
                .to_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                .from_mac = n->mac,
                .from = action->from,
                .to = action->to,
                .from_port = DHCP_PORT_CLIENT,
                .to_port = DHCP_PORT_SERVER,
                .payload = reader_over(action->bytes, action->size),
        };
        uint8_t bytes[FRAME_MAX];
        const ssize_t size = dhcp_frame_write(&frame, bytes, sizeof(bytes));

        /* A message that is lost here is lost like one on the wire: the engine sends it again. */
        if (size > 0 && send(n->packet_fd, bytes, (size_t)size, 0) < 0)
                log_warning("network.send", "interface=%s error=%s", n->name,
                            QUOTE(strerror(errno)));
}

static void obey(struct network *n, const struct dhcp_client_action *action)
{
        if (action->size > 0)
                send_message(n, action);
        loop_timer_arm(n->timer, action->deadline_ms);

        switch (action->event) {
        case DHCP_CLIENT_BOUND:
                configure(n);
                break;
        case DHCP_CLIENT_LOST:
                log_warning("network.lost", "interface=%s", n->name);
                n->address = (struct ip4_address){0};
                (void)set_address(n, n->address, 0);
                set_waits_for(n, "the lease ended, and no DHCP server answers");
                break;
        case DHCP_CLIENT_NOTHING:
        case DHCP_CLIENT_RENEWED:
                break;
        }
}

static void on_timer(void *context)
{
        struct network *n = context;
        struct dhcp_client_action action;

        dhcp_client_expire(n->client, clock_monotonic_ms(), random_number(), &action);
        obey(n, &action);
}

static void on_packet(void *context, uint32_t events)
{
        struct network *n = context;

        (void)events;
        for (;;) {
                struct dhcp_client_action action;
                struct dhcp_frame frame;
                uint8_t bytes[FRAME_MAX];
                const ssize_t size = recv(n->packet_fd, bytes, sizeof(bytes), MSG_DONTWAIT);

                if (size <= 0)
                        return;
                /* The checksum of a virtual machine's neighbour may not be filled in; the
                 * message's own xid and MAC decide. */
                if (dhcp_frame_parse(reader_over(bytes, (size_t)size), false, &frame) < 0 ||
                    frame.to_port != DHCP_PORT_CLIENT)
                        continue;
                if (dhcp_client_receive(n->client, frame.payload.at, reader_left(&frame.payload),
                                        clock_monotonic_ms(), random_number(), &action) == 0)
                        obey(n, &action);
        }
}

static int open_packets(struct network *n)
{
        const struct sockaddr_ll address = {
                .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = n->index};
        int rc;

        n->packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IP));
        if (n->packet_fd < 0)
                return -errno;
        rc = bind(n->packet_fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno
                                                                                        : 0;
        if (rc >= 0)
                rc = loop_add_fd(n->loop, n->packet_fd, EPOLLIN, on_packet, n, &n->packet_watch);
        if (rc < 0) /* it is tried again */
                close(TAKE_FD(n->packet_fd));
        return rc;
}

static void on_six(void *context)
{
        struct network *n = context;
        struct ip_address address;

        set_waits_for(n, network6_waits_for(n->six));
        address = network_address(n);
        if (ip_is_set(address))
                n->ready(n->context);
}

static void start6(struct network *n)
{
        const int rc = network6_new(n->loop, n->name, &n->mac, on_six, n, &n->six);

        set_waits_for(n, rc < 0 ? strerror(-rc) : network6_waits_for(n->six));
}

static void start(struct network *n)
{
        struct dhcp_client_action action;

        if (n->packet_watch || n->six)
                return;
        if (!has_carrier(n, n->name)) {
                set_waits_for(n, NO_CARRIER);
                return;
        }
        if (n->is_6) {
                start6(n);
                return;
        }
        if (open_packets(n) < 0) {
                set_waits_for(n, "no packet socket: is the af_packet module there?");
                return;
        }
        set_waits_for(n, "no DHCP server answers");
        dhcp_client_start(n->client, (struct ip4_address){0}, clock_monotonic_ms(), random_number(),
                          &action);
        obey(n, &action);
}

/* A carrier shows on an interface that is up, and later: the link's change then calls again. */
static void choose(struct network *n)
{
        struct if_nameindex *names = if_nameindex();

        for (const struct if_nameindex *i = names; i && i->if_index != 0; i++) {
                struct mac_address mac;

                if (!is_wanted(n, i->if_name, &mac) || set_up(n, i->if_name) < 0)
                        continue;
                if (is_any(n) && !has_carrier(n, i->if_name)) {
                        set_waits_for(n, NO_CARRIER);
                        continue;
                }
                (void)text_copy(n->name, sizeof(n->name), i->if_name);
                n->index = (int)i->if_index;
                n->mac = mac;
                break;
        }
        if_freenameindex(names);
}

void network_look(struct network *network)
{
        if (!network->name[0])
                choose(network);
        if (!network->name[0])
                return;
        if (!network->client)
                network->client = dhcp_client_new(&network->mac, "");
        if (network->client)
                start(network);
}

static void on_link(void *context, uint32_t events)
{
        struct network *n = context;
        char bytes[8192];

        (void)events;
        /* What changed does not matter: we look at what is. */
        while (recv(n->link_fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
                ;
        network_look(n);
}

static int open_links(struct network *n)
{
        const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

        n->control_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        n->link_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        if (n->control_fd < 0 || n->link_fd < 0)
                return -errno;
        if (bind(n->link_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        (void)set_up(n, "lo");
        return loop_add_fd(n->loop, n->link_fd, EPOLLIN, on_link, n, &n->link_watch);
}

int network_new(struct loop *loop, const struct mac_address *mac, loop_fn ready, void *context,
                struct network **ret)
{
        struct network *n = calloc(1, sizeof(*n));
        char text[MAC_TEXT_SIZE];
        int rc;

        if (!n)
                return -ENOMEM;
        n->loop = loop;
        n->mac = *mac;
        n->ready = ready;
        n->context = context;
        n->control_fd = n->link_fd = n->packet_fd = -EBADF;
        if (is_any(n))
                set_waits_for(n, "no wired interface: is its driver, or its firmware, missing?");
        else
                snprintf(n->waits_for, sizeof(n->waits_for),
                         "no interface has %s: is its driver, or its firmware, missing?",
                         mac_text(text, mac));

        rc = loop_add_timer(loop, on_timer, n, &n->timer);
        if (rc >= 0)
                rc = open_links(n);
        if (rc < 0) {
                network_free(n);
                return rc;
        }
        *ret = n;
        return 0;
}

struct network *network_free(struct network *network)
{
        if (!network)
                return NULL;
        loop_remove_fd(network->link_watch);
        loop_remove_fd(network->packet_watch);
        loop_remove_timer(network->timer);
        network6_free(network->six);
        dhcp_client_free(network->client);
        if (network->control_fd >= 0)
                close(network->control_fd);
        if (network->link_fd >= 0)
                close(network->link_fd);
        if (network->packet_fd >= 0)
                close(network->packet_fd);
        free(network);
        return NULL;
}

void network_use_ip6(struct network *network)
{
        network->is_6 = true;
}

struct ip_address network_address(const struct network *network)
{
        struct ip6_address six;

        if (!network->six)
                return ip_of4(network->address);
        six = network6_address(network->six);
        return ip_of6(&six);
}

struct mac_address network_mac(const struct network *network)
{
        return network->mac;
}

const char *network_waits_for(const struct network *network)
{
        return network->waits_for;
}
