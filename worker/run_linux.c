/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "worker/run_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

static int spawn(const char *const *argv, int output, pid_t *ret)
{
        char locale[] = "LC_ALL=C.UTF-8";
        char *const environment[] = {locale, NULL};
        posix_spawn_file_actions_t actions;
        int rc = -posix_spawn_file_actions_init(&actions);

        if (rc < 0)
                return rc;
        rc = -posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (rc == 0)
                rc = -posix_spawn_file_actions_adddup2(&actions, output, 1);
        if (rc == 0)
                rc = -posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        if (rc == 0)
                rc = -posix_spawn(ret, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv,
                                  environment);
        posix_spawn_file_actions_destroy(&actions);
        return rc;
}

/* To the end of it, and no longer than until then. */
static int drain(int fd, uint64_t deadline_ms, char *to, size_t size)
{
        char scrap[512];
        size_t used = 0;

        for (;;) {
                const uint64_t now_ms = clock_monotonic_ms();
                struct pollfd ready = {.fd = fd, .events = POLLIN};
                const bool is_full = size - used < 2;
                ssize_t got;

                if (now_ms >= deadline_ms || poll(&ready, 1, (int)(deadline_ms - now_ms)) == 0)
                        return -ETIMEDOUT;
                got = read(fd, is_full ? scrap : to + used,
                           is_full ? sizeof(scrap) : size - used - 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                if (!is_full)
                        used += (size_t)got;
                to[used] = '\0';
        }
}

int run_read(const char *const *argv, unsigned timeout_ms, char *to, size_t size)
{
        _close_ int from = -EBADF, into = -EBADF;
        int ends[2], rc;
        pid_t child = 0;

        to[0] = '\0';
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        from = ends[0];
        into = ends[1];
        rc = spawn(argv, into, &child);
        if (rc < 0)
                return rc;
        close(TAKE_FD(into));
        rc = drain(from, clock_monotonic_ms() + timeout_ms, to, size);
        kill(child, SIGKILL); /* all is read: what it may still do is not waited for */
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
                ;
        return rc;
}
