/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int packet_receive(int fd, struct packet *ret, int level, int type, void *ret_info,
                   size_t info_size)
{
        union {
                struct cmsghdr header;
                char bytes[256]; /* a few of the kernel's, whichever were asked for */
        } control;
        struct iovec part = {.iov_base = ret->bytes, .iov_len = sizeof(ret->bytes)};
        struct msghdr message = {.msg_name = &ret->any,
                                 .msg_namelen = sizeof(ret->any),
                                 .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        const ssize_t size = recvmsg(fd, &message, 0);

        if (size < 0)
                return -errno;
        ret->size = (size_t)size;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
                if (c->cmsg_level != level || c->cmsg_type != type ||
                    c->cmsg_len != CMSG_LEN(info_size))
                        continue;
                memcpy(ret_info, CMSG_DATA(c), info_size);
                return 1;
        }
        return 0;
}
