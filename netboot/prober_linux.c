/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One message a question, one an answer, each of a fixed size, over a socket that keeps
 * them apart. While all places are taken the child does not listen: what is asked then
 * waits in the socket, and when that is full, the asker is told to come again.
 */
#include "netboot/prober.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/sanitizer.h"

/* Where the child has its socket: behind stdin, stdout, stderr. */
enum { CONTROL = 3, FIRST_CLOSED = 4 };

struct prober {
        pid_t pid;
        int control;
};

/* ---- the child ---- */

struct attempt {
        uint32_t id;
        int fd;
        uint64_t deadline_ms;
};

struct attempts {
        struct attempt at[PROBER_MAX];
        size_t count;
};

static void answer(uint32_t id, bool is_open)
{
        const struct prober_answer says = {id, is_open};

        while (write(CONTROL, &says, sizeof(says)) < 0)
                if (errno != EINTR)
                        _exit(EXIT_SUCCESS); /* the daemon is gone */
}

/* Its result comes later: -EINPROGRESS, and a place is taken. */
static int begin(struct attempts *attempts, const struct prober_question *question)
{
        struct sockaddr_storage to = {0};
        _close_ int fd = -EBADF;
        socklen_t size;

        if (question->port == 0 || question->port > UINT16_MAX || !ip_is_set(question->address))
                return -EINVAL;
        size = ip_to_socket(question->address, (uint16_t)question->port, 0, &to);
        fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&to, size) == 0)
                return 0;
        if (errno == EINPROGRESS)
                attempts->at[attempts->count++] = (struct attempt){
                        question->id, TAKE_FD(fd), clock_monotonic_ms() + PROBER_TIMEOUT_MS};
        return -errno;
}

static void take_question(struct attempts *attempts)
{
        struct prober_question question;
        const ssize_t got = read(CONTROL, &question, sizeof(question));
        int rc;

        if (got < 0 && errno == EINTR)
                return;
        if (got != (ssize_t)sizeof(question))
                _exit(EXIT_SUCCESS);
        rc = begin(attempts, &question);
        if (rc != -EINPROGRESS)
                answer(question.id, rc == 0);
}

static bool is_connected(int fd)
{
        int error = 0;
        socklen_t size = sizeof(error);

        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

static int wait_ms(const struct attempts *attempts, uint64_t now_ms)
{
        uint64_t first = UINT64_MAX;

        for (size_t i = 0; i < attempts->count; i++)
                if (attempts->at[i].deadline_ms < first)
                        first = attempts->at[i].deadline_ms;
        if (first == UINT64_MAX)
                return -1;
        return first > now_ms ? (int)(first - now_ms) : 0;
}

static _Noreturn void be_prober(void)
{
        struct attempts attempts = {0};
        struct pollfd watched[1 + PROBER_MAX];

        for (;;) {
                const size_t count = attempts.count;
                uint64_t now_ms;

                watched[0] =
                        (struct pollfd){.fd = count < PROBER_MAX ? CONTROL : -1, .events = POLLIN};
                for (size_t i = 0; i < count; i++)
                        watched[1 + i] =
                                (struct pollfd){.fd = attempts.at[i].fd, .events = POLLOUT};
                if (poll(watched, 1 + count, wait_ms(&attempts, clock_monotonic_ms())) < 0 &&
                    errno != EINTR)
                        _exit(EXIT_FAILURE);
                now_ms = clock_monotonic_ms();
                /* From the last on, as the last takes the place of the one that is done. */
                for (size_t i = count; i-- > 0;) {
                        const struct attempt done = attempts.at[i];

                        if (!watched[1 + i].revents && now_ms < done.deadline_ms)
                                continue;
                        answer(done.id, watched[1 + i].revents && is_connected(done.fd));
                        close(done.fd);
                        attempts.at[i] = attempts.at[--attempts.count];
                }
                if (watched[0].revents)
                        take_question(&attempts);
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

static _Noreturn void be_child(int control)
{
        static const struct confinement confinement = {
                .files = {.may_connect = true},
                .may_connect = true,
                .memory_bytes = (uint64_t)16 << 20,
        };

        /* The daemon decides when it is over: a manager signals all of its processes. */
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGINT, SIG_IGN);
        (void)signal(SIGPIPE, SIG_IGN);
        (void)prctl(PR_SET_NAME, "prober", 0, 0, 0);
        if (silence() < 0 || (control != CONTROL && dup2(control, CONTROL) < 0) ||
            confine_child(&confinement, FIRST_CLOSED) < 0)
                _exit(EXIT_FAILURE);
        be_prober();
}

/* ---- the daemon's side ---- */

int prober_start(struct prober **ret)
{
        struct prober *prober = malloc(sizeof(*prober));
        int pair[2], rc;

        if (!prober)
                return -ENOMEM;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
                rc = -errno;
                free(prober);
                return rc;
        }
        *prober = (struct prober){.pid = fork(), .control = pair[0]};
        if (prober->pid == 0)
                be_child(pair[1]);
        rc = prober->pid < 0 ? -errno : 0;
        close(pair[1]);
        if (rc < 0) {
                prober_stop(prober);
                return rc;
        }
        *ret = prober;
        return 0;
}

struct prober *prober_stop(struct prober *prober)
{
        if (!prober)
                return NULL;
        close(prober->control);
        while (prober->pid > 0 && waitpid(prober->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        free(prober);
        return NULL;
}

int prober_fd(const struct prober *prober)
{
        return prober->control;
}

static int why_not(void)
{
        return errno == ECONNRESET ? -EPIPE : -errno;
}

int prober_ask(const struct prober *prober, const struct prober_question *question)
{
        return send(prober->control, question, sizeof(*question), MSG_DONTWAIT | MSG_NOSIGNAL) < 0
                       ? why_not()
                       : 0;
}

int prober_hear(const struct prober *prober, struct prober_answer *ret)
{
        struct prober_answer heard;
        const ssize_t got = recv(prober->control, &heard, sizeof(heard), MSG_DONTWAIT);

        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : why_not();
        if (got == 0)
                return -EPIPE;
        if (got != (ssize_t)sizeof(heard) || heard.is_open > 1)
                return -EBADMSG;
        *ret = heard;
        return 1;
}
