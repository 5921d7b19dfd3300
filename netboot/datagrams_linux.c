/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "netboot/datagrams.h"

uint8_t *datagrams_space(struct datagrams *datagrams, size_t *ret_size)
{
        *ret_size = sizeof(datagrams->bytes) - datagrams->used;
        return datagrams->count < DATAGRAMS_MAX ? datagrams->bytes + datagrams->used : NULL;
}

void datagrams_add(struct datagrams *datagrams, size_t size)
{
        datagrams->sizes[datagrams->count++] = (uint16_t)size;
        datagrams->used += size;
}

/* The kernel cuts into equal parts; only the last may be shorter. */
static bool is_even(const struct datagrams *datagrams)
{
        const size_t last = datagrams->count - 1;

        for (size_t i = 1; i < last; i++)
                if (datagrams->sizes[i] != datagrams->sizes[0])
                        return false;
        return datagrams->sizes[last] <= datagrams->sizes[0];
}

static int send_segments(struct datagrams *datagrams, int fd)
{
        const uint16_t size = datagrams->sizes[0];
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(size))];
        } control = {.bytes = {0}};
        struct iovec part = {.iov_base = datagrams->bytes, .iov_len = datagrams->used};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};

        control.header.cmsg_level = SOL_UDP;
        control.header.cmsg_type = UDP_SEGMENT;
        control.header.cmsg_len = CMSG_LEN(sizeof(size));
        memcpy(CMSG_DATA(&control.header), &size, sizeof(size));
        return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

static int send_each(struct datagrams *datagrams, int fd)
{
        struct mmsghdr messages[DATAGRAMS_MAX] = {0};
        struct iovec parts[DATAGRAMS_MAX];
        size_t at = 0;

        for (size_t i = 0; i < datagrams->count; i++) {
                parts[i] = (struct iovec){datagrams->bytes + at, datagrams->sizes[i]};
                messages[i].msg_hdr.msg_iov = &parts[i];
                messages[i].msg_hdr.msg_iovlen = 1;
                at += datagrams->sizes[i];
        }
        /* It stops at a refusal, too, and says of it nothing but how many went before. */
        for (size_t sent = 0; sent < datagrams->count;) {
                const int n =
                        sendmmsg(fd, messages + sent, (unsigned int)(datagrams->count - sent), 0);

                if (n < 0)
                        return sent > 0 ? 0 : -errno;
                sent += (size_t)n;
        }
        return 0;
}

static int send_all(struct datagrams *datagrams, int fd, bool *is_plain)
{
        int rc;

        if (datagrams->count == 1)
                return send(fd, datagrams->bytes, datagrams->used, 0) < 0 ? -errno : 0;
        if (*is_plain || !is_even(datagrams))
                return send_each(datagrams, fd);
        rc = send_segments(datagrams, fd);
        /* EIO: a card that sums nothing up; EINVAL: a path whose MTU is below a segment; the
         * others: a kernel that does not know it. */
        if (rc != -EIO && rc != -EINVAL && rc != -ENOPROTOOPT && rc != -EOPNOTSUPP)
                return rc;
        *is_plain = true;
        return send_each(datagrams, fd);
}

void datagrams_send(struct datagrams *datagrams, int fd, bool *is_plain)
{
        /* ECONNREFUSED is news of an older packet, which anybody can forge; nothing was sent. */
        if (datagrams->count > 0 && send_all(datagrams, fd, is_plain) == -ECONNREFUSED)
                (void)send_all(datagrams, fd, is_plain);
        datagrams->count = datagrams->used = 0;
}
