/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/boot/reaper_linux.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

struct reaper {
        int fd;
        struct loop_fd *watch;
        reaper_fn ended;
        void *context;
};

static sigset_t ends(void)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        return set;
}

void reaper_prepare(void)
{
        const sigset_t set = ends();

        (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

void reaper_leave(void)
{
        const sigset_t set = ends();

        (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_end(void *context, uint32_t events)
{
        struct reaper *r = context;
        struct signalfd_siginfo said;
        int status;
        pid_t pid;

        (void)events;
        /* One signal may stand for many: what it says is not looked at. */
        while (read(r->fd, &said, sizeof(said)) > 0)
                ;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                r->ended(r->context, pid, status);
}

int reaper_new(struct loop *loop, reaper_fn ended, void *context)
{
        _free_ struct reaper *r = calloc(1, sizeof(*r));
        const sigset_t set = ends();
        int rc;

        if (!r)
                return -ENOMEM;
        r->ended = ended;
        r->context = context;
        r->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (r->fd < 0)
                return -errno;
        rc = loop_add_fd(loop, r->fd, EPOLLIN, on_end, r, &r->watch);
        if (rc < 0) {
                close(r->fd);
                return rc;
        }
        (void)TAKE_PTR(r); /* the loop has it */
        return 0;
}

const char *reaper_how(int status, char to[static REAPER_HOW_SIZE])
{
        if (WIFSIGNALED(status))
                snprintf(to, REAPER_HOW_SIZE, "was ended by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
        else
                snprintf(to, REAPER_HOW_SIZE, "ended with status %d", WEXITSTATUS(status));
        return to;
}
