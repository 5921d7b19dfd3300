/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One message asks for one child, and brings its descriptors: its end of the
 * socket, the pipe that its end is told by, and what it is given. Nothing is
 * answered: a child that cannot be made has a pipe that says so.
 *
 * A pipe whose reader is gone asks to kill that child. It is the only way, as a number
 * of a process is another's as soon as the process was waited for.
 */

#include "lib/daemon/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/daemon/sanitizer.h"

/* How long an end is waited for that its socket has told of. */
#define END_MS 2000

enum { FD_SOCKET, FD_STATUS, FD_GIVEN, FD_COUNT };
/* Where a child finds them: behind stdin, stdout, stderr. */
enum { CHILD_SOCKET = 3, CHILD_GIVEN = 4, CHILD_CLOSED = 5, CHILD_SPARE = 10 };

struct spawner {
        pid_t pid;
        int control;
};

struct request {
        uint32_t kind;
};

struct end {
        int32_t error; /* why there was no child; 0: @status is waitpid(2)'s */
        int32_t status;
};

/* ---- the spawner's process ---- */

struct running {
        pid_t pid;
        int pidfd, status;
        bool is_killed;
};

struct nursery {
        const struct child_kind *kinds;
        size_t kind_count;
        int control;
        struct running children[SPAWNER_CHILDREN_MAX];
        size_t count;
};

static void tell(int status_fd, int error, int status)
{
        const struct end end = {error, status};
        /* Nobody may listen any more, and that is no fault. */
        const ssize_t done = write(status_fd, &end, sizeof(end));

        (void)done;
}

/* Each to its place, by way of places that none of them has. */
static int place_descriptors(const int fds[static FD_COUNT])
{
        const int spare = fcntl(fds[FD_SOCKET], F_DUPFD, CHILD_SPARE);
        const int given = fds[FD_GIVEN] < 0 ? -1 : fcntl(fds[FD_GIVEN], F_DUPFD, CHILD_SPARE);

        if (spare < 0 || (fds[FD_GIVEN] >= 0 && given < 0))
                return -errno;
        if (dup2(spare, CHILD_SOCKET) < 0)
                return -errno;
        if (given < 0)
                close(CHILD_GIVEN);
        else if (dup2(given, CHILD_GIVEN) < 0)
                return -errno;
        return 0;
}

static _Noreturn void be_child(const struct child_kind *kind, const int fds[static FD_COUNT])
{
        int rc;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void)prctl(PR_SET_NAME, kind->name, 0, 0, 0);
        rc = place_descriptors(fds);
        if (rc == 0)
                rc = confine_child(&kind->confinement, CHILD_CLOSED);
        if (rc < 0)
                _exit(CHILD_NOT_CONFINED);
        _exit(kind->run(CHILD_SOCKET, fds[FD_GIVEN] < 0 ? -EBADF : CHILD_GIVEN));
}

static int make_child(struct nursery *n, uint32_t kind, const int fds[static FD_COUNT])
{
        struct running child = {.status = fds[FD_STATUS]};

        if (kind >= n->kind_count)
                return -EINVAL;
        if (n->count >= SPAWNER_CHILDREN_MAX)
                return -EUSERS;
        child.pid = fork();
        if (child.pid < 0)
                return -errno;
        if (child.pid == 0)
                be_child(&n->kinds[kind], fds);
        child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0U);
        if (child.pidfd < 0) {
                const int rc = -errno;

                (void)kill(child.pid, SIGKILL);
                (void)waitpid(child.pid, NULL, 0);
                return rc;
        }
        n->children[n->count++] = child;
        return 0;
}

static ssize_t receive(int control, struct request *request, int fds[static FD_COUNT])
{
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(FD_COUNT * sizeof(int))];
        } extra;
        struct iovec bytes = {request, sizeof(*request)};
        struct msghdr message = {.msg_iov = &bytes,
                                 .msg_iovlen = 1,
                                 .msg_control = extra.room,
                                 .msg_controllen = sizeof(extra.room)};
        const ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
        const struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

        for (size_t i = 0; i < FD_COUNT; i++)
                fds[i] = -EBADF;
        if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len >= CMSG_LEN(2 * sizeof(int)) &&
            head->cmsg_len <= CMSG_LEN(FD_COUNT * sizeof(int)))
                memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
        return got;
}

/* 0, or -EPIPE: the daemon has ended. */
static int serve_request(struct nursery *n)
{
        struct request request;
        int fds[FD_COUNT], rc;
        const ssize_t got = receive(n->control, &request, fds);

        if (got <= 0)
                return got < 0 && errno == EINTR ? 0 : -EPIPE;
        rc = got == (ssize_t)sizeof(request) && fds[FD_STATUS] >= 0
                     ? make_child(n, request.kind, fds)
                     : -EINVAL;
        for (size_t i = 0; i < FD_COUNT; i++)
                if (fds[i] >= 0 && (i != FD_STATUS || rc < 0)) {
                        if (i == FD_STATUS)
                                tell(fds[i], rc, 0);
                        close(fds[i]);
                }
        return 0;
}

static void bury(struct nursery *n, size_t which)
{
        const struct running child = n->children[which];
        int status = 0;

        while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
                ;
        tell(child.status, 0, status);
        close(child.status);
        close(child.pidfd);
        n->children[which] = n->children[--n->count];
}

static _Noreturn void be_spawner(struct nursery *n)
{
        struct pollfd watched[1 + 2 * SPAWNER_CHILDREN_MAX];

        for (;;) {
                const size_t count = n->count;

                watched[0] = (struct pollfd){.fd = n->control, .events = POLLIN};
                for (size_t i = 0; i < count; i++) {
                        watched[1 + 2 * i] =
                                (struct pollfd){.fd = n->children[i].pidfd, .events = POLLIN};
                        /* Killed once: who waits for a disk dies when that answers. */
                        watched[2 + 2 * i] = (struct pollfd){
                                .fd = n->children[i].is_killed ? -1 : n->children[i].status};
                }
                if (poll(watched, 1 + 2 * count, -1) < 0 && errno != EINTR)
                        _exit(EXIT_FAILURE); /* the children end with us */
                /* From the last on, as the last takes the place of the one that is buried. */
                for (size_t i = count; i-- > 0;) {
                        if (watched[2 + 2 * i].revents & POLLERR)
                                n->children[i].is_killed = kill(n->children[i].pid, SIGKILL) == 0;
                        if (watched[1 + 2 * i].revents)
                                bury(n, i);
                }
                if (watched[0].revents && serve_request(n) < 0)
                        _exit(EXIT_SUCCESS);
        }
}

/* Nothing to read, and no log that a child could forge; a sanitizer says what it found. */
static int silence(void)
{
        _close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            (!HAS_LEAK_SANITIZER && dup2(null, STDERR_FILENO) < 0))
                return -errno;
        return 0;
}

/* It makes processes, and reads nothing but requests of the daemon. */
static _Noreturn void begin(const struct child_kind *kinds, size_t count, int control)
{
        struct nursery n = {.kinds = kinds, .kind_count = count, .control = CHILD_SOCKET};
        const struct confine_files none = {0};
        int rc;

        /* The daemon decides when it is over: a manager signals all of its processes. */
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGINT, SIG_IGN);
        (void)signal(SIGPIPE, SIG_IGN);
        (void)prctl(PR_SET_NAME, "spawner", 0, 0, 0);
        if (silence() < 0 || (control != CHILD_SOCKET && dup2(control, CHILD_SOCKET) < 0))
                _exit(EXIT_FAILURE);
        (void)syscall(SYS_close_range, CHILD_GIVEN, ~0U, 0U);
        rc = confine_files(&none);
        if (rc == 0 || rc == -EOPNOTSUPP)
                rc = confine_network(true);
        if (rc < 0)
                _exit(EXIT_FAILURE);
        be_spawner(&n);
}

/* ---- the daemon's side ---- */

int spawner_start(const struct child_kind *kinds, size_t count, struct spawner **ret)
{
        CLEANUP(spawner_stop) struct spawner *spawner = calloc(1, sizeof(*spawner));
        int pair[2];

        if (!spawner)
                return -ENOMEM;
        spawner->control = -EBADF;
        spawner->pid = -1;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        spawner->control = pair[0];
        spawner->pid = fork();
        if (spawner->pid == 0)
                begin(kinds, count, pair[1]);
        close(pair[1]);
        if (spawner->pid < 0)
                return -errno;
        *ret = TAKE_PTR(spawner);
        return 0;
}

struct spawner *spawner_stop(struct spawner *spawner)
{
        if (!spawner)
                return NULL;
        if (spawner->control >= 0)
                close(spawner->control);
        while (spawner->pid > 0 && waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        free(spawner);
        return NULL;
}

int spawner_fd(const struct spawner *spawner)
{
        return spawner->control;
}

static int ask(const struct spawner *spawner, size_t kind, const int *fds, size_t count)
{
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(FD_COUNT * sizeof(int))];
        } extra = {0};
        struct request request = {.kind = (uint32_t)kind};
        struct iovec bytes = {&request, sizeof(request)};
        struct msghdr message = {.msg_iov = &bytes,
                                 .msg_iovlen = 1,
                                 .msg_control = extra.room,
                                 .msg_controllen = CMSG_SPACE(count * sizeof(int))};

        extra.head.cmsg_level = SOL_SOCKET;
        extra.head.cmsg_type = SCM_RIGHTS;
        extra.head.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&extra.head), fds, count * sizeof(int));
        return sendmsg(spawner->control, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int spawner_spawn(struct spawner *spawner, size_t kind, int given, uint32_t patience_ms,
                  struct spawned *ret)
{
        _close_ int ours = -EBADF, theirs = -EBADF, status = -EBADF, status_write = -EBADF;
        int pair[2], rc;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];
        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        status = pair[0];
        status_write = pair[1];
        rc = ask(spawner, kind, (const int[]){theirs, status_write, given},
                 given < 0 ? FD_GIVEN : FD_COUNT);
        if (rc < 0)
                return rc == -ECONNRESET || rc == -ENOTCONN ? -EPIPE : rc;
        *ret = (struct spawned){
                .fd = TAKE_FD(ours), .status = TAKE_FD(status), .patience_ms = patience_ms};
        return 0;
}

static uint64_t deadline_of(const struct spawned *child)
{
        return child->patience_ms ? clock_monotonic_ms() + child->patience_ms : UINT64_MAX;
}

/* 0: something can be moved; -ETIMEDOUT. */
static int wait_for(const struct spawned *child, short event, uint64_t deadline_ms)
{
        struct pollfd ready = {.fd = child->fd, .events = event};

        for (;;) {
                const uint64_t now_ms = clock_monotonic_ms();
                int rc;

                if (now_ms >= deadline_ms)
                        return -ETIMEDOUT;
                rc = poll(&ready, 1, child->patience_ms ? (int)(deadline_ms - now_ms) : -1);
                if (rc > 0)
                        return 0;
                if (rc < 0 && errno != EINTR)
                        return -errno;
        }
}

/* Of a read or write that has moved nothing. 0: it may be tried again. */
static int why_not(ssize_t done)
{
        if (done == 0 || errno == ECONNRESET)
                return -EPIPE;
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int spawned_write(const struct spawned *child, const void *bytes, size_t size)
{
        const uint64_t deadline_ms = deadline_of(child);
        const uint8_t *at = bytes;

        while (size > 0) {
                int rc = wait_for(child, POLLOUT, deadline_ms);
                ssize_t done;

                if (rc < 0)
                        return rc;
                done = send(child->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (done > 0) {
                        at += done;
                        size -= (size_t)done;
                } else if ((rc = why_not(done)) < 0) {
                        return rc;
                }
        }
        return 0;
}

int spawned_read(const struct spawned *child, void *to, size_t size)
{
        const uint64_t deadline_ms = deadline_of(child);
        uint8_t *at = to;

        while (size > 0) {
                int rc = wait_for(child, POLLIN, deadline_ms);
                ssize_t done;

                if (rc < 0)
                        return rc;
                done = recv(child->fd, at, size, MSG_DONTWAIT);
                if (done > 0) {
                        at += done;
                        size -= (size_t)done;
                } else if ((rc = why_not(done)) < 0) {
                        return rc;
                }
        }
        return 0;
}

static void describe(const struct end *end, char how[static SPAWNER_HOW_SIZE])
{
        const int status = end->status;

        if (end->error)
                snprintf(how, SPAWNER_HOW_SIZE, "it could not be made: %.60s",
                         strerror(-end->error));
        else if (WIFSIGNALED(status))
                snprintf(how, SPAWNER_HOW_SIZE, "it was ended by signal %d (%.50s)",
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
        else if (WEXITSTATUS(status) == CHILD_NOT_CONFINED)
                snprintf(how, SPAWNER_HOW_SIZE, "this kernel did not let it be confined");
        else
                snprintf(how, SPAWNER_HOW_SIZE, "it ended with status %d", WEXITSTATUS(status));
}

const char *spawned_end(struct spawned *child, char how[static SPAWNER_HOW_SIZE])
{
        struct pollfd wait = {.fd = child->status, .events = POLLIN};
        struct end end;

        snprintf(how, SPAWNER_HOW_SIZE, "it does not end");
        if (child->fd >= 0)
                close(TAKE_FD(child->fd)); /* it reads an end, if it still reads */
        if (child->status >= 0 && poll(&wait, 1, END_MS) > 0) {
                if (read(child->status, &end, sizeof(end)) == (ssize_t)sizeof(end))
                        describe(&end, how);
                else
                        snprintf(how, SPAWNER_HOW_SIZE,
                                 "the process that makes children has ended");
        }
        spawned_kill(child);
        return how;
}

void spawned_kill(struct spawned *child)
{
        if (child->fd >= 0)
                close(child->fd);
        if (child->status >= 0)
                close(child->status);
        *child = SPAWNED_NONE;
}

/* ---- the child's side ---- */

int child_read(int fd, void *to, size_t size)
{
        return spawned_read(&(struct spawned){.fd = fd}, to, size);
}

int child_write(int fd, const void *bytes, size_t size)
{
        const uint8_t *at = bytes;

        /* Not send(): the list of a child has no call that takes an address. */
        while (size > 0) {
                const ssize_t done = write(fd, at, size);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                at += done;
                size -= (size_t)done;
        }
        return 0;
}
