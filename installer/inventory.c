/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "installer/child_linux.h"
#include "installer/deeds.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define INVENTORY_MAX ((size_t)8 << 20) /* what the controller takes */

int inventory_spawn(const char *program, int lldp_fd, int out, pid_t *ret)
{
        /* To hear switches, since their links came up and while the other slow probes go on:
         * nobody waits longer for that. */
        char name[] = "cloudie-discover", listen[] = "--listen", seconds[] = "0";
        char lldp[] = "--lldp-fd", number[12];
        char *argv[] = {name, listen, seconds, lldp_fd > 0 ? lldp : NULL, number, NULL};
        posix_spawn_file_actions_t actions;
        int rc;

        rc = -posix_spawn_file_actions_init(&actions);
        if (rc < 0)
                return rc;
        snprintf(number, sizeof(number), "%d", lldp_fd);
        rc = -posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        if (rc == 0 && lldp_fd > 0) /* onto itself: so it is not closed */
                rc = -posix_spawn_file_actions_adddup2(&actions, lldp_fd, lldp_fd);
        if (rc == 0)
                rc = child_spawn(program, &actions, argv, ret);
        posix_spawn_file_actions_destroy(&actions);
        return rc;
}

static int read_all(int fd, uint64_t deadline_ms, struct buffer *to)
{
        for (;;) {
                const uint64_t now = clock_monotonic_ms();
                struct pollfd wait = {.fd = fd, .events = POLLIN};
                char bytes[65536];
                ssize_t n;

                if (now >= deadline_ms)
                        return -ETIMEDOUT;
                if (poll(&wait, 1, (int)(deadline_ms - now)) < 0 && errno != EINTR)
                        return -errno;
                if (!wait.revents)
                        continue;
                n = read(fd, bytes, sizeof(bytes));
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return to->rc;
                buffer_add(to, bytes, (size_t)n);
                if (to->rc < 0)
                        return to->rc;
        }
}

struct looking {
        int deeds; /* -EBADF: the child is ours */
        pid_t pid;
};

static int begin(const char *program, int lldp_fd, int out, struct looking *l)
{
        const struct deed deed = {.kind = DEED_DISCOVER};
        struct deed_answer answer;
        int rc;

        if (l->deeds < 0)
                return inventory_spawn(program, lldp_fd, out, &l->pid);
        rc = deeds_ask(l->deeds, deed, &out, &answer);
        return rc < 0 ? rc : answer.rc;
}

/* Its end, which it is brought to if it @is_late. The status of waitpid(). */
static int end(const struct looking *l, bool is_late)
{
        struct deed_answer answer;
        int status = -1;

        if (l->deeds >= 0) {
                if (is_late)
                        (void)deeds_ask(l->deeds, (struct deed){DEED_KILL, SIGKILL}, NULL, &answer);
                return deeds_ask(l->deeds, (struct deed){.kind = DEED_WAIT}, NULL, &answer) < 0
                               ? -1
                               : answer.number;
        }
        if (is_late)
                kill(l->pid, SIGKILL);
        while (waitpid(l->pid, &status, 0) < 0 && errno == EINTR)
                ;
        return status;
}

static int look(const char *program, int lldp_fd, struct looking *l, char *error,
                struct buffer *text)
{
        _close_ int in = -EBADF, out = -EBADF;
        int pipes[2], status, rc;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        in = pipes[0];
        out = pipes[1];
        rc = begin(program, lldp_fd, out, l);
        if (rc < 0) {
                snprintf(error, 256, "%s cannot be started: %s", program, strerror(-rc));
                return rc;
        }
        close(TAKE_FD(out));

        rc = read_all(in, clock_monotonic_ms() + INVENTORY_DEADLINE_MS, text);
        status = end(l, rc < 0);
        if (rc == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
                rc = -EIO;
        if (rc < 0)
                snprintf(error, 256, "cloudie-discover failed: %s", strerror(-rc));
        return rc;
}

int inventory_run(const char *program, int lldp_fd, char *error, char **ret, size_t *ret_size)
{
        _buffer_ struct buffer text = {.limit = INVENTORY_MAX};
        struct looking l = {.deeds = -EBADF, .pid = -1};
        const int rc = look(program, lldp_fd, &l, error, &text);

        *ret_size = text.size;
        return rc < 0 ? rc : buffer_take(&text, ret);
}

int inventory_ask(int deeds, char *error, char **ret, size_t *ret_size)
{
        _buffer_ struct buffer text = {.limit = INVENTORY_MAX};
        struct looking l = {.deeds = deeds, .pid = -1};
        const int rc = look("cloudie-discover", -EBADF, &l, error, &text);

        *ret_size = text.size;
        return rc < 0 ? rc : buffer_take(&text, ret);
}
