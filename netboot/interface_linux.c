/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dhcp/message.h"
#include "dhcp/proxy.h"
#include "dhcp/v6_message.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "netboot/watch.h"
#include "tftp/packet.h"

__attribute__((format(printf, 3, 4))) static int fail(char *error, int rc, const char *sentence,
                                                      ...)
{
        va_list args;

        va_start(args, sentence);
        vsnprintf(error, DAEMON_ERROR_SIZE, sentence, args);
        va_end(args);
        return rc;
}

/* "UDP port 67 on br0: ..." for the reasons that an operator meets. */
static int fail_port(char *error, int rc, const char *what, const struct netboot_interface *i)
{
        if (rc == -EACCES || rc == -EPERM)
                return fail(error, rc,
                            "%s on %s: not permitted; start it as root (it gives root up)", what,
                            i->name);
        if (rc == -EADDRINUSE)
                return fail(error, rc,
                            "%s on %s is in use by another program; stop that one, or leave the "
                            "service out of 'services'",
                            what, i->name);
        return fail(error, rc, "%s on %s: %s", what, i->name, strerror(-rc));
}

static int query(int fd, const char *name, unsigned long what, struct ifreq *ret)
{
        memset(ret, 0, sizeof(*ret));
        (void)text_copy(ret->ifr_name, sizeof(ret->ifr_name), name);
        return ioctl(fd, what, ret) < 0 ? -errno : 0;
}

/* None is no failure. */
static void describe6(struct netboot_interface *i)
{
        struct ifaddrs *all = NULL;
        struct sockaddr_in6 six;

        if (getifaddrs(&all) < 0)
                return;
        for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
                struct ip6_address *next = &i->addresses6[i->address6_count];

                if (i->address6_count == NETBOOT_MAX_ADDRESSES6 || !at->ifa_addr ||
                    at->ifa_addr->sa_family != AF_INET6 || strcmp(at->ifa_name, i->name) != 0)
                        continue;
                memcpy(&six, at->ifa_addr, sizeof(six));
                memcpy(next->bytes, &six.sin6_addr, sizeof(next->bytes));
                if (!ip6_is_link_local(next))
                        i->address6_count++;
        }
        freeifaddrs(all);
}

/* RFC 3927: what a host calls itself while its DHCP server does not answer. */
static bool is_link_local4(struct in_addr address)
{
        return (ntohl(address.s_addr) >> 16) == 0xa9fe;
}

static enum interface_address find4(const struct netboot_interface *i)
{
        enum interface_address found = INTERFACE_HAS_NONE;
        struct ifaddrs *all = NULL;
        struct sockaddr_in four;

        if (getifaddrs(&all) < 0)
                return INTERFACE_HAS_IT; /* nothing is known */
        for (const struct ifaddrs *at = all; at && found != INTERFACE_HAS_IT; at = at->ifa_next) {
                if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET ||
                    strcmp(at->ifa_name, i->name) != 0)
                        continue;
                memcpy(&four, at->ifa_addr, sizeof(four));
                if (four.sin_addr.s_addr == i->address.be)
                        found = INTERFACE_HAS_IT;
                else if (!is_link_local4(four.sin_addr))
                        found = INTERFACE_HAS_ANOTHER;
        }
        freeifaddrs(all);
        return found;
}

bool netboot_interface_refresh(struct netboot_interface *interface,
                               enum interface_address *ret_four)
{
        struct netboot_interface now = *interface;
        bool is_same;

        memset(now.addresses6, 0, sizeof(now.addresses6));
        now.address6_count = 0;
        describe6(&now);
        is_same = now.address6_count == interface->address6_count &&
                  memcmp(now.addresses6, interface->addresses6,
                         now.address6_count * sizeof(now.addresses6[0])) == 0;
        memcpy(interface->addresses6, now.addresses6, sizeof(now.addresses6));
        interface->address6_count = now.address6_count;
        *ret_four = find4(interface);
        return !is_same;
}

static int describe(const char *name, char *error, struct netboot_interface *ret)
{
        _close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in address;
        struct ifreq request;

        if (fd < 0)
                return fail(error, -errno, "cannot make a socket: %s", strerror(errno));
        (void)text_copy(ret->name, sizeof(ret->name), name);
        ret->index = if_nametoindex(name);
        if (ret->index == 0)
                return fail(error, -ENODEV, "there is no network interface '%s'", name);
        if (query(fd, name, SIOCGIFADDR, &request) < 0)
                return fail(error, -EADDRNOTAVAIL,
                            "network interface '%s' has no IPv4 address; give it one first", name);
        memcpy(&address, &request.ifr_addr, sizeof(address));
        ret->address.be = address.sin_addr.s_addr;
        if (query(fd, name, SIOCGIFHWADDR, &request) == 0)
                memcpy(ret->mac.bytes, request.ifr_hwaddr.sa_data, sizeof(ret->mac.bytes));
        describe6(ret);
        ret->mtu = query(fd, name, SIOCGIFMTU, &request) == 0 ? (unsigned)request.ifr_mtu : 1500;
        return 0;
}

static int set(int fd, int level, int option, int value)
{
        return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int bind_to(int fd, struct ip4_address address, uint16_t port)
{
        const struct sockaddr_in at = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = address.be}};

        return bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

/* A room that is switched on at once: 2,000 messages. Less is no failure; FORCE, as the kernel's
 * own limit is 100 or so. */
static void hold_more(int fd)
{
        if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 2000 * 2048) < 0)
                (void)set(fd, SOL_SOCKET, SO_RCVBUF, 2000 * 2048);
}

static int open_dhcp(const struct netboot_interface *i, uint16_t port)
{
        _close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int rc;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, i->name, (socklen_t)strlen(i->name)) < 0)
                return -errno;
        rc = set(fd, SOL_SOCKET, SO_BROADCAST, 1);
        if (rc == 0)
                rc = set(fd, IPPROTO_IP, IP_PKTINFO, 1);
        hold_more(fd);
        if (rc == 0)
                rc = bind_to(fd, (struct ip4_address){INADDR_ANY}, port);
        return rc < 0 ? rc : TAKE_FD(fd);
}

/* For sending alone: protocol 0 receives nothing. */
static int open_packet(const struct netboot_interface *i)
{
        const struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)i->index};
        _close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Of ARP, answers alone: the kernel drops the rest, which is what a busy wire is full of. */
static int open_arp(const struct netboot_interface *i)
{
        static struct sock_filter answers[] = {
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20), /* the operation, RFC 826 */
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, 64),
                BPF_STMT(BPF_RET | BPF_K, 0),
        };
        const struct sock_fprog filter = {.len = ARRAY_SIZE(answers), .filter = answers};
        const struct sockaddr_ll at = {.sll_family = AF_PACKET,
                                       .sll_protocol = htons(ETH_P_ARP),
                                       .sll_ifindex = (int)i->index};
        _close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
            bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int open_router(const struct netboot_interface *i)
{
        struct ipv6_mreq group = {.ipv6mr_interface = i->index};
        struct icmp6_filter filter;
        _close_ int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);

        if (fd < 0)
                return -errno;
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
        inet_pton(AF_INET6, "ff02::2", &group.ipv6mr_multiaddr);
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, i->name, (socklen_t)strlen(i->name)) < 0 ||
            setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
            set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) < 0 ||
            set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255) < 0 ||
            set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int join(int fd, unsigned interface, const char *group)
{
        struct ipv6_mreq request = {.ipv6mr_interface = interface};

        inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr);
        return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)) < 0 ? -errno
                                                                                            : 0;
}

/* A socket of all addresses of IPv6 of one interface, those that it gets later among them. */
static int open6(const struct netboot_interface *i, int type, uint16_t port)
{
        const struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        _close_ int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int rc;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, i->name, (socklen_t)strlen(i->name)) < 0)
                return -errno;
        rc = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        if (rc == 0 && type == SOCK_STREAM)
                rc = set(fd, SOL_SOCKET, SO_REUSEADDR, 1); /* connections of our last run linger */
        if (rc == 0 && type == SOCK_DGRAM)
                rc = set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        if (rc == 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
                rc = -errno;
        if (rc == 0 && type == SOCK_STREAM && listen(fd, 1024) < 0)
                rc = -errno;
        return rc < 0 ? rc : TAKE_FD(fd);
}

/* RFC 8415 7.1: from clients and relays of this link, and from relays that know no server. */
static int open_dhcp6(const struct netboot_interface *i)
{
        _close_ int fd = open6(i, SOCK_DGRAM, DHCP6_PORT_SERVER);
        int rc;

        if (fd < 0)
                return fd;
        rc = join(fd, i->index, "ff02::1:2");
        if (rc == 0)
                rc = join(fd, i->index, "ff05::1:3");
        hold_more(fd);
        return rc < 0 ? rc : TAKE_FD(fd);
}

static int open_tftp(const struct netboot_interface *i)
{
        _close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int rc;

        if (fd < 0)
                return -errno;
        rc = bind_to(fd, i->address, TFTP_PORT);
        return rc < 0 ? rc : TAKE_FD(fd);
}

static int open_http(const struct netboot_interface *i, uint16_t port)
{
        _close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int rc;

        if (fd < 0)
                return -errno;
        rc = set(fd, SOL_SOCKET, SO_REUSEADDR, 1); /* connections of our last run linger */
        if (rc == 0)
                rc = bind_to(fd, i->address, port);
        if (rc == 0 && listen(fd, 1024) < 0)
                rc = -errno;
        return rc < 0 ? rc : TAKE_FD(fd);
}

static int open_services(const struct netbootd_config *config, char *error,
                         struct netboot_interface *i)
{
        char what[32];

        if (config->services & SERVICE_DHCP) {
                i->dhcp_fd = open_dhcp(i, DHCP_PORT_SERVER);
                if (i->dhcp_fd < 0)
                        return fail_port(error, i->dhcp_fd, "UDP port 67", i);
                i->packet_fd = open_packet(i);
                if (i->packet_fd < 0)
                        return fail_port(error, i->packet_fd, "a packet socket", i);
                i->proxy_fd =
                        open_dhcp(i, DHCP_PORT_BOOT); /* whose networks need it is told later */
                i->watch_fd = watch_open(i);
                i->arp_fd = open_arp(i);
                if (i->arp_fd < 0)
                        return fail_port(error, i->arp_fd, "a packet socket", i);
                i->router_fd = open_router(i); /* a host without IPv6 goes without */
                i->dhcp6_fd = open_dhcp6(i);
                /* Whether a network wants it is not known yet: IPv4 does not go without for it. */
                if (i->dhcp6_fd < 0 && i->router_fd >= 0)
                        log_warning("dhcp6.off", "on=%s reason=%s", i->name,
                                    QUOTE(strerror(-i->dhcp6_fd)));
        }
        if (config->services & SERVICE_TFTP) {
                i->tftp_fd = open_tftp(i);
                if (i->tftp_fd < 0)
                        return fail_port(error, i->tftp_fd, "UDP port 69", i);
                i->tftp6_fd = open6(i, SOCK_DGRAM, TFTP_PORT); /* as with DHCPv6 */
        }
        if (config->services & SERVICE_HTTP) {
                snprintf(what, sizeof(what), "TCP port %u", config->http_port);
                i->http_fd = open_http(i, (uint16_t)config->http_port);
                if (i->http_fd < 0)
                        return fail_port(error, i->http_fd, what, i);
                i->http6_fd = open6(i, SOCK_STREAM, (uint16_t)config->http_port);
        }
        if (config->services & SERVICE_HTTPS) {
                snprintf(what, sizeof(what), "TCP port %u", config->https_port);
                i->https_fd = open_http(i, (uint16_t)config->https_port);
                if (i->https_fd < 0)
                        return fail_port(error, i->https_fd, what, i);
                i->https6_fd = open6(i, SOCK_STREAM, (uint16_t)config->https_port);
        }
        return 0;
}

int netboot_interfaces_open(const struct netbootd_config *config, char *error,
                            struct netboot_interfaces *ret)
{
        struct netboot_interfaces all = {0};
        int rc = 0;

        for (size_t n = 0; n < config->interface_count && rc == 0; n++) {
                struct netboot_interface *i = &all.at[all.count++];

                i->dhcp_fd = i->proxy_fd = i->watch_fd = i->packet_fd = i->arp_fd = -1;
                i->router_fd = i->dhcp6_fd = i->tftp_fd = i->http_fd = i->https_fd = -1;
                i->tftp6_fd = i->http6_fd = i->https6_fd = -1;
                rc = describe(config->interfaces[n], error, i);
                if (rc == 0)
                        rc = open_services(config, error, i);
        }
        if (rc < 0) {
                netboot_interfaces_close(&all);
                return rc;
        }
        *ret = all;
        return 0;
}

void netboot_interfaces_close(struct netboot_interfaces *interfaces)
{
        for (size_t n = 0; n < interfaces->count; n++) {
                struct netboot_interface *i = &interfaces->at[n];
                int *const fds[] = {&i->dhcp_fd,  &i->proxy_fd,  &i->watch_fd, &i->packet_fd,
                                    &i->arp_fd,   &i->router_fd, &i->dhcp6_fd, &i->tftp_fd,
                                    &i->http_fd,  &i->https_fd,  &i->tftp6_fd, &i->http6_fd,
                                    &i->https6_fd};

                for (size_t f = 0; f < ARRAY_SIZE(fds); f++) {
                        if (*fds[f] >= 0)
                                close(*fds[f]);
                        *fds[f] = -1;
                }
        }
}
