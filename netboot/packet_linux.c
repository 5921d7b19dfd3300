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

union control {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void note_destination(struct msghdr *message, struct packet *packet)
{
        struct in_pktinfo info;

        packet->to.s_addr = INADDR_ANY;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO ||
                    c->cmsg_len != CMSG_LEN(sizeof(info)))
                        continue;
                memcpy(&info, CMSG_DATA(c), sizeof(info));
                packet->to = info.ipi_addr;
        }
}

ssize_t packet_receive_some(int fd, struct packet *const packets[], size_t count)
{
        union control controls[PACKET_BATCH];
        struct mmsghdr messages[PACKET_BATCH];
        struct iovec parts[PACKET_BATCH];
        int got;

        if (count > PACKET_BATCH)
                count = PACKET_BATCH;
        for (size_t i = 0; i < count; i++) {
                parts[i] = (struct iovec){packets[i]->bytes, sizeof(packets[i]->bytes)};
                messages[i].msg_hdr = (struct msghdr){.msg_name = &packets[i]->any,
                                                      .msg_namelen = sizeof(packets[i]->any),
                                                      .msg_iov = &parts[i],
                                                      .msg_iovlen = 1,
                                                      .msg_control = &controls[i],
                                                      .msg_controllen = sizeof(controls[i])};
        }
        got = recvmmsg(fd, messages, (unsigned int)count, MSG_DONTWAIT, NULL);
        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (int i = 0; i < got; i++) {
                packets[i]->size = messages[i].msg_len;
                note_destination(&messages[i].msg_hdr, packets[i]);
        }
        return got;
}
