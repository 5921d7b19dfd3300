/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sent: how many bytes the kernel took from us on a connection. MHD does not
 * tell, and where a download broke off is what its timeline wants to show.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/serve/private.h"

uint64_t sent_count(int fd)
{
        struct tcp_info info = {0};
        socklen_t len = sizeof(info);
        int queued = 0;

        /* Linux 4.1 and later: what the peer has acknowledged, and what still waits for it. */
        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
            len < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
                return 0;
        if (ioctl(fd, SIOCOUTQ, &queued) < 0 || queued < 0)
                queued = 0;
        return info.tcpi_bytes_acked + (uint64_t)queued;
}
