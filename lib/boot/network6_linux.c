/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ramdisk's address of IPv6
 *
 * The engine of dhcp/v6_client.h says what to send and when; here are its socket, its
 * timer, and the ioctls that put an address on an interface. An address is not
 * ours before the kernel has asked whether another has it (RFC 4862 5.4); until
 * then it cannot be bound, and that is how we see when it can: first of the
 * link-local one, then of what DHCPv6 gave. What another has is declined.
 */
#include "lib/boot/network6_linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/ipv6.h> /* after netinet/in.h, which has half of it */

#include "dhcp/v6_client.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/boot/random_linux.h"
#include "lib/daemon/log.h"

#define LOOK_MS        50                   /* the kernel asks for a second */
#define ADDRESSES      "/proc/net/if_inet6" /* a line of 54 bytes and a name each */
#define ADDRESSES_SIZE 65536

struct network6 {
        struct loop *loop;
        char name[IFNAMSIZ];
        unsigned index;
        struct ip6_address link_local;
        loop_fn changed;
        void *context;

        int fd; /* UDP 546 of the link-local address */
        struct loop_fd *watch;
        struct loop_timer *timer; /* the client's */
        struct loop_timer *look;  /* is an address ours by now? */
        struct dhcp6_client *client;
        struct ip6_address given; /* on the interface */
        bool is_ready;            /* and ours */
        const char *waits_for;
};

static void say(struct network6 *n, const char *waits_for)
{
        n->waits_for = waits_for;
        n->changed(n->context);
}

static int bind_to(int fd, const struct ip6_address *ip, uint16_t port, unsigned scope)
{
        struct sockaddr_in6 at = {
                .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};

        memcpy(&at.sin6_addr, ip->bytes, sizeof(at.sin6_addr));
        return bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

static bool is_ours(const struct ip6_address *ip)
{
        _close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd >= 0 && bind_to(fd, ip, 0, 0) == 0;
}

/* Of a line "ADDRESS INDEX PREFIX SCOPE FLAGS NAME": is it @address of @name? Its flags. */
static bool is_line_of(const char *line, const char *address, const char *name, unsigned *ret_flags)
{
        const size_t size = strlen(address);
        unsigned long number = 0;
        char *at;

        if (strncmp(line, address, size) != 0)
                return false;
        line += size;
        for (int i = 0; i < 4; i++) {
                number = strtoul(line, &at, 16);
                line = at;
        }
        line += strspn(line, " ");
        *ret_flags = (unsigned)number;
        return strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == '\n';
}

/* The kernel asked, and another answered: it keeps such an address, with a mark. */
static bool is_another_s(const struct network6 *n, const struct ip6_address *ip)
{
        char address[2 * sizeof(ip->bytes) + 1];
        _free_ char *table = NULL;
        unsigned flags;

        if (file_read(AT_FDCWD, ADDRESSES, ADDRESSES_SIZE, &table, NULL) < 0)
                return false;
        for (size_t i = 0; i < sizeof(ip->bytes); i++)
                snprintf(address + 2 * i, 3, "%02x", ip->bytes[i]);
        for (const char *line = table; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (is_line_of(line, address, n->name, &flags))
                        return flags & IFA_F_DADFAILED;
        }
        return false;
}

/* A whole address, as its network is told by routers (RFC 5942 4). */
static int change_address(const struct network6 *n, const struct ip6_address *ip,
                          unsigned long request)
{
        _close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct in6_ifreq change = {.ifr6_prefixlen = 128, .ifr6_ifindex = (int)n->index};

        if (fd < 0)
                return -errno;
        memcpy(&change.ifr6_addr, ip->bytes, sizeof(change.ifr6_addr));
        return ioctl(fd, request, &change) < 0 && errno != EEXIST ? -errno : 0;
}

static void write_resolver(const struct dhcp6_client_lease *lease)
{
        _buffer_ struct buffer text = {0};
        char address[IP6_TEXT_SIZE];
        int rc;

        for (size_t i = 0; i < lease->dns.count; i++)
                buffer_format(&text, "nameserver %s\n", ip6_text(address, &lease->dns.at[i]));
        if (lease->domain[0])
                buffer_format(&text, "search %s\n", lease->domain);
        if (text.size == 0 || text.rc < 0)
                return;
        rc = file_replace("/etc/resolv.conf", text.bytes, text.size, 0644);
        if (rc < 0)
                log_warning("network.resolver", "error=%s", QUOTE(strerror(-rc)));
}

static void take_away(struct network6 *n)
{
        if (ip6_is_set(&n->given))
                (void)change_address(n, &n->given, SIOCDIFADDR);
        n->given = (struct ip6_address){{0}};
        n->is_ready = false;
}

static void configure(struct network6 *n)
{
        const struct dhcp6_client_lease *lease = dhcp6_client_get_lease(n->client);
        int rc;

        take_away(n);
        rc = change_address(n, &lease->address, SIOCSIFADDR);
        if (rc < 0) {
                log_error("network.address", "interface=%s error=%s", n->name,
                          QUOTE(strerror(-rc)));
                return;
        }
        n->given = lease->address;
        write_resolver(lease);
        loop_timer_arm(n->look, clock_monotonic_ms() + LOOK_MS);
        say(n, "the kernel asks whether another has its address");
}

static void obey(struct network6 *n, const struct dhcp6_client_action *action)
{
        struct sockaddr_in6 servers = {.sin6_family = AF_INET6,
                                       .sin6_port = htons(DHCP6_PORT_SERVER),
                                       .sin6_scope_id = n->index};

        inet_pton(AF_INET6, "ff02::1:2", &servers.sin6_addr); /* RFC 8415 7.1 */
        /* A message that is lost here is lost like one on the wire: the engine sends it again. */
        if (action->size > 0 && sendto(n->fd, action->bytes, action->size, 0,
                                       (const struct sockaddr *)&servers, sizeof(servers)) < 0)
                log_warning("network.send", "interface=%s error=%s", n->name,
                            QUOTE(strerror(errno)));
        loop_timer_arm(n->timer, action->deadline_ms);

        switch (action->event) {
        case DHCP_CLIENT_BOUND:
                configure(n);
                break;
        case DHCP_CLIENT_LOST:
                log_warning("network.lost", "interface=%s", n->name);
                take_away(n);
                say(n, "the lease ended, and no DHCPv6 server answers");
                break;
        case DHCP_CLIENT_NOTHING:
        case DHCP_CLIENT_RENEWED:
                break;
        }
}

static void on_timer(void *context)
{
        struct network6 *n = context;
        struct dhcp6_client_action action;

        dhcp6_client_expire(n->client, clock_monotonic_ms(), random_number(), &action);
        obey(n, &action);
}

static void on_message(void *context, uint32_t events)
{
        struct network6 *n = context;
        struct dhcp6_client_action action;
        uint8_t bytes[DHCP6_MESSAGE_MAX + 1]; /* one more: what is longer is seen to be so */
        ssize_t size;

        (void)events;
        while ((size = recv(n->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0)
                if (dhcp6_client_receive(n->client, bytes, (size_t)size, clock_monotonic_ms(),
                                         random_number(), &action) == 0)
                        obey(n, &action);
}

static int open_socket(struct network6 *n)
{
        _close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int rc;

        if (fd < 0)
                return -errno;
        rc = bind_to(fd, &n->link_local, DHCP6_PORT_CLIENT, n->index);
        if (rc == 0)
                rc = loop_add_fd(n->loop, fd, EPOLLIN, on_message, n, &n->watch);
        if (rc == 0)
                n->fd = TAKE_FD(fd);
        return rc;
}

static void ask(struct network6 *n)
{
        struct dhcp6_client_action action;

        say(n, "no DHCPv6 server answers");
        dhcp6_client_start(n->client, clock_monotonic_ms(), random_number(), &action);
        obey(n, &action);
}

static void decline(struct network6 *n)
{
        struct dhcp6_client_action action;
        char text[IP6_TEXT_SIZE];

        log_warning("network.taken", "interface=%s address=%s", n->name, ip6_text(text, &n->given));
        take_away(n);
        say(n, "another has the address that the DHCPv6 server gave");
        dhcp6_client_decline(n->client, clock_monotonic_ms(), random_number(), &action);
        obey(n, &action);
}

static void on_look(void *context)
{
        struct network6 *n = context;
        char text[IP6_TEXT_SIZE];

        if (n->fd < 0) {
                const int rc = open_socket(n);

                if (rc == 0) {
                        ask(n);
                        return;
                }
                if (rc != -EADDRNOTAVAIL)
                        n->waits_for = strerror(-rc);
        } else if (ip6_is_set(&n->given) && !n->is_ready && is_ours(&n->given)) {
                n->is_ready = true;
                log_info("network.ready", "interface=%s address=%s lease_s=%u", n->name,
                         ip6_text(text, &n->given), dhcp6_client_get_lease(n->client)->valid_s);
                say(n, "nothing");
                return;
        } else if (!ip6_is_set(&n->given) || n->is_ready) {
                return;
        } else if (is_another_s(n, &n->given)) {
                decline(n);
                return;
        }
        loop_timer_arm(n->look, clock_monotonic_ms() + LOOK_MS);
}

int network6_new(struct loop *loop, const char *name, const struct mac_address *mac,
                 loop_fn changed, void *context, struct network6 **ret)
{
        struct network6 *n = calloc(1, sizeof(*n));
        int rc;

        if (!n)
                return -ENOMEM;
        n->loop = loop;
        (void)text_copy(n->name, sizeof(n->name), name);
        n->index = if_nametoindex(name);
        n->link_local = ip6_link_local_of(mac);
        n->changed = changed;
        n->context = context;
        n->fd = -EBADF;
        n->waits_for = "the kernel has no link-local address of IPv6 yet";
        n->client = dhcp6_client_new(mac);
        rc = n->client ? loop_add_timer(loop, on_timer, n, &n->timer) : -ENOMEM;
        if (rc == 0)
                rc = loop_add_timer(loop, on_look, n, &n->look);
        if (rc < 0) {
                network6_free(n);
                return rc;
        }
        loop_timer_arm(n->look, clock_monotonic_ms());
        *ret = n;
        return 0;
}

struct network6 *network6_free(struct network6 *network)
{
        if (!network)
                return NULL;
        loop_remove_fd(network->watch);
        loop_remove_timer(network->timer);
        loop_remove_timer(network->look);
        dhcp6_client_free(network->client);
        if (network->fd >= 0)
                close(network->fd);
        free(network);
        return NULL;
}

struct ip6_address network6_address(const struct network6 *network)
{
        return network->is_ready ? network->given : (struct ip6_address){{0}};
}

const char *network6_waits_for(const struct network6 *network)
{
        return network->waits_for;
}
