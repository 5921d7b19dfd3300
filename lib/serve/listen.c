/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listen: MHD would open the socket itself, but only tell that it failed. The
 * operator is to read that the port is in use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/cleanup.h"
#include "lib/serve/private.h"

#define BACKLOG 512

static socklen_t address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};

        if (!text)
                six.sin6_addr = in6addr_any;
        if (!text || inet_pton(AF_INET6, text, &six.sin6_addr) == 1) {
                memcpy(ret, &six, sizeof(six));
                return sizeof(six);
        }
        if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
                memcpy(ret, &four, sizeof(four));
                return sizeof(four);
        }
        return 0;
}

static int listen_at(const struct sockaddr_storage *address, socklen_t len, int *ret_fd)
{
        _close_ int fd = -EBADF;
        static const int on = 1;
        static const int off = 0;

        fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* A port whose old connections linger may be taken again at once. */
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return -errno;
        if (address->ss_family == AF_INET6 &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *)address, len) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int listen_open(const char *address, uint16_t port, int *ret_fd)
{
        struct sockaddr_storage at = {0};
        socklen_t len = address_parse(address, port, &at);
        int rc;

        if (len == 0)
                return -EADDRNOTAVAIL;
        rc = listen_at(&at, len, ret_fd);
        if (!address && (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)) {
                /* A kernel without IPv6. */
                len = address_parse("0.0.0.0", port, &at);
                rc = listen_at(&at, len, ret_fd);
        }
        return rc;
}

uint16_t listen_port(int fd)
{
        union {
                struct sockaddr any;
                struct sockaddr_in four;
                struct sockaddr_in6 six;
        } at = {.six = {.sin6_family = AF_UNSPEC}};
        socklen_t len = sizeof(at);

        if (getsockname(fd, &at.any, &len) < 0)
                return 0;
        return ntohs(at.any.sa_family == AF_INET6 ? at.six.sin6_port : at.four.sin_port);
}
