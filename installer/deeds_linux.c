/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/deeds.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

static const size_t fd_counts[DEED_COUNT] = {
        [DEED_STAGE_TWO] = 3,
        [DEED_DISCOVER] = 1,
        [DEED_INSTALL] = 3,
};

size_t deed_fd_count(enum deed_kind kind)
{
        return fd_counts[kind];
}

int deeds_open(int *ret_asks, int *ret_does)
{
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        *ret_asks = ends[0];
        *ret_does = ends[1];
        return 0;
}

union control {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(DEED_FDS_MAX * sizeof(int))];
};

static int send_deed(int fd, struct deed deed, const int *fds, size_t count)
{
        struct iovec iov = {.iov_base = &deed, .iov_len = sizeof(deed)};
        union control control = {.bytes = {0}};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

        if (count > 0) {
                message.msg_control = control.bytes;
                message.msg_controllen = CMSG_SPACE(count * sizeof(int));
                control.head.cmsg_level = SOL_SOCKET;
                control.head.cmsg_type = SCM_RIGHTS;
                control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
                memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
        }
        return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(deed) ? 0 : -errno;
}

int deeds_ask(int fd, struct deed deed, const int *fds, struct deed_answer *ret)
{
        struct deed_answer answer;
        ssize_t size;
        int rc;

        if (deed.kind >= DEED_COUNT)
                return -EINVAL;
        rc = send_deed(fd, deed, fds, fd_counts[deed.kind]);
        if (rc < 0)
                return rc;
        do
                size = recv(fd, &answer, sizeof(answer), 0);
        while (size < 0 && errno == EINTR);
        if (size <= 0)
                return size < 0 ? -errno : -EPIPE;
        if (size != (ssize_t)sizeof(answer) || answer.rc > 0)
                return -EPROTO;
        answer.text[sizeof(answer.text) - 1] = '\0';
        *ret = answer;
        return 0;
}

/* The descriptors that came; -EBADMSG: something else did, too, or more than fit, which are closed:
 * the room for three has, for its alignment, place for four. */
static int take_fds(struct msghdr *message, int *fds, size_t *ret_count)
{
        size_t count = 0;
        int rc = message->msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                const bool is_fds = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
                const size_t came = is_fds ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

                if (!is_fds)
                        rc = -EBADMSG;
                for (size_t i = 0; i < came; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
                        if (count < DEED_FDS_MAX) {
                                fds[count++] = fd;
                        } else {
                                close(fd);
                                rc = -EBADMSG;
                        }
                }
        }
        *ret_count = count;
        return rc;
}

int deeds_receive(int fd, struct deed *ret, int ret_fds[static DEED_FDS_MAX])
{
        struct deed deed = {0};
        struct iovec iov = {.iov_base = &deed, .iov_len = sizeof(deed)};
        union control control;
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        size_t count = 0;
        ssize_t size;
        int rc;

        for (size_t i = 0; i < DEED_FDS_MAX; i++)
                ret_fds[i] = -EBADF;
        size = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size < 0)
                return -errno;
        rc = take_fds(&message, ret_fds, &count);
        if (size == 0) /* the end, or a message of no byte, which may have descriptors, too */
                rc = -EPIPE;
        if (rc == 0 && (size != (ssize_t)sizeof(deed) || deed.kind >= DEED_COUNT ||
                        count != fd_counts[deed.kind]))
                rc = -EBADMSG;
        if (rc == 0) {
                *ret = deed;
                return 0;
        }
        for (size_t i = 0; i < count; i++)
                close(TAKE_FD(ret_fds[i]));
        return rc;
}

int deeds_answer(int fd, const struct deed_answer *answer)
{
        const ssize_t sent = send(fd, answer, sizeof(*answer), MSG_NOSIGNAL | MSG_DONTWAIT);

        return sent == (ssize_t)sizeof(*answer) ? 0 : -errno;
}
