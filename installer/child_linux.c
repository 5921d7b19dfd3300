/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/child_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "installer/deeds.h"
#include "lib/base/cleanup.h"

/* A file in memory: a pipe would have to be fed while the child is already talking. */
static int put_in_memory(const char *document, size_t size)
{
        _close_ int fd = memfd_create("job", MFD_CLOEXEC);

        if (fd < 0)
                return -errno;
        while (size > 0) {
                const ssize_t n = write(fd, document, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                document += n;
                size -= (size_t)n;
        }
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int child_spawn(const char *program, const posix_spawn_file_actions_t *actions, char **argv,
                pid_t *ret)
{
        char *environment[] = {NULL};
        posix_spawnattr_t attributes;
        sigset_t none;
        int rc;

        rc = -posix_spawnattr_init(&attributes);
        if (rc < 0)
                return rc;
        sigemptyset(&none); /* the first process hears of ends by a descriptor */
        rc = -posix_spawnattr_setsigmask(&attributes, &none);
        if (rc == 0)
                rc = -posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        if (rc == 0)
                rc = -posix_spawn(ret, program, actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
        return rc;
}

int child_spawn_install(const char *program, const char *root, const int files[static 3],
                        pid_t *ret)
{
        char name[] = "cloudie-install", option[] = "--root", folder[4096];
        char *argv[] = {name, root ? option : NULL, folder, NULL};
        posix_spawn_file_actions_t actions;
        int rc;

        if (root && snprintf(folder, sizeof(folder), "%s", root) >= (int)sizeof(folder))
                return -ENAMETOOLONG;
        rc = -posix_spawn_file_actions_init(&actions);
        if (rc < 0)
                return rc;
        for (int i = 0; rc == 0 && i < 3; i++)
                rc = -posix_spawn_file_actions_adddup2(&actions, files[i], i);
        if (rc == 0)
                rc = child_spawn(program, &actions, argv, ret);
        posix_spawn_file_actions_destroy(&actions);
        return rc;
}

static int ask_for_install(int deeds, const int files[static 3])
{
        struct deed_answer answer;
        const int rc = deeds_ask(deeds, (struct deed){.kind = DEED_INSTALL}, files, &answer);

        return rc < 0 ? rc : answer.rc;
}

int child_start(int deeds, const char *program, const char *root, const char *document, size_t size,
                struct child *ret)
{
        _close_ int in = put_in_memory(document, size);
        _close_ int out_read = -EBADF, out_write = -EBADF, err_read = -EBADF, err_write = -EBADF;
        int pipes[2], rc;
        pid_t pid = -1;

        if (in < 0)
                return in;
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        out_read = pipes[0];
        out_write = pipes[1];
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        err_read = pipes[0];
        err_write = pipes[1];
        const int files[] = {in, out_write, err_write};

        rc = deeds < 0 ? child_spawn_install(program, root, files, &pid)
                       : ask_for_install(deeds, files);
        if (rc < 0)
                return rc;
        *ret = (struct child){
                .pid = pid, .deeds = deeds, .out = TAKE_FD(out_read), .err = TAKE_FD(err_read)};
        return 0;
}

void child_kill(const struct child *child, int signal)
{
        struct deed_answer answer;

        if (child->deeds < 0)
                kill(child->pid, signal);
        else
                (void)deeds_ask(child->deeds, (struct deed){DEED_KILL, signal}, NULL, &answer);
}

static int wait_for(const struct child *child)
{
        struct deed_answer answer;
        int status = 0;

        if (child->deeds >= 0)
                return deeds_ask(child->deeds, (struct deed){.kind = DEED_WAIT}, NULL, &answer) < 0
                               ? SIGKILL
                               : answer.number;
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
                ;
        return status;
}

int child_wait(struct child *child, char how[static 64])
{
        const int status = wait_for(child);

        child->pid = -1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (WIFSIGNALED(status))
                snprintf(how, 64, "ended by signal %d (%.30s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
        else
                snprintf(how, 64, "ended with status %d", WEXITSTATUS(status));
        return -EIO;
}
