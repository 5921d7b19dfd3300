/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"
#include "mkimage/confine.h"

/* xz's window at its strongest is 64 MiB, zstd's may be 128. */
#define UNPACK_MEMORY ((uint64_t)512 << 20)

/* What the child says: how it ended, and why. */
struct result {
        int32_t rc;
        char error[IMAGE_ERROR_SIZE];
};

enum { RESULT = 3, PACKAGE = 4, FIRST_CLOSED = 5, FIRST_FREE = 10 };

static void say_once(void)
{
        static bool was_said;

        if (!was_said && confine_landlock() == 0)
                fputs("cloudie-mkimage: this kernel has no Landlock: every file can be reached\n",
                      stderr);
        was_said = true;
}

int confine_unpacking(const char *folder, unsigned first_closed)
{
        const struct confine_path path = {folder, CONFINE_READ | CONFINE_WRITE};
        const struct confinement how = {
                .files = {.paths = &path, .path_count = 1},
                .may_lack_landlock = true,
                .memory_bytes = UNPACK_MEMORY,
                .file_bytes = DEB_MAX_BYTES,
        };

        return confine_child(&how, first_closed);
}

int confine_making(const char *output, const char *programs)
{
        char folder[CONFINE_PATH_SIZE];
        const struct confine_path paths[] = {
                {confine_folder(folder, output), CONFINE_READ | CONFINE_WRITE},
                {programs,                     CONFINE_READ                    },
        };
        const struct confine_files files = {.paths = paths, .path_count = ARRAY_SIZE(paths)};

        return paths[0].path ? confine_program("cloudie-mkimage", &files, false, NULL)
                             : -ENAMETOOLONG;
}

/* Puts what the child has to where it stays open. */
static int keep(int result, int package)
{
        const int to = fcntl(result, F_DUPFD, FIRST_FREE);
        const int from = fcntl(package, F_DUPFD, FIRST_FREE);

        if (to < 0 || from < 0 || dup2(to, RESULT) < 0 || dup2(from, PACKAGE) < 0)
                return -errno;
        return 0;
}

struct unpacking {
        const char *folder;
        deb_wanted_fn wanted;
        void *context;
};

static _Noreturn void run_child(const struct unpacking *what, int to, int package)
{
        struct result result = {.rc = keep(to, package)};

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody wants its work any more then */
        (void)prctl(PR_SET_NAME, "mkimage-unpack");
        if (result.rc < 0)
                _exit(EXIT_FAILURE);
        result.rc = confine_unpacking(what->folder, FIRST_CLOSED);
        if (result.rc < 0)
                snprintf(result.error, sizeof(result.error), "its reader cannot be confined: %s",
                         strerror(-result.rc));
        else
                result.rc = deb_extract(PACKAGE, what->folder, what->wanted, what->context,
                                        result.error);
        /* _exit(): what is to be done at the parent's end is not the child's. */
        _exit(write(RESULT, &result, sizeof(result)) == (ssize_t)sizeof(result) ? EXIT_SUCCESS
                                                                                : EXIT_FAILURE);
}

/* All of it, or nothing. */
static bool take_result(int fd, struct result *ret)
{
        char *at = (char *)ret;
        size_t left = sizeof(*ret);

        while (left > 0) {
                const ssize_t got = read(fd, at, left);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return false;
                at += got;
                left -= (size_t)got;
        }
        ret->error[sizeof(ret->error) - 1] = '\0';
        return ret->rc <= 0 && ret->rc >= -4095;
}

static int complain(int status, char *error)
{
        if (WIFSIGNALED(status))
                snprintf(error, IMAGE_ERROR_SIZE, "its reader was ended by signal %d (%s)",
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
                snprintf(error, IMAGE_ERROR_SIZE, "its reader gave no answer");
        return -EOWNERDEAD;
}

int unpack_deb(int fd, const char *folder, deb_wanted_fn wanted, void *context, char *error)
{
        const struct unpacking what = {folder, wanted, context};
        _close_ int from = -EBADF, to = -EBADF;
        struct result result;
        int pipes[2], status;
        bool has_answer;
        pid_t child;

        error[0] = '\0';
        say_once();
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        from = pipes[0];
        to = pipes[1];
        child = fork();
        if (child < 0)
                return -errno;
        if (child == 0)
                run_child(&what, to, fd);
        close(TAKE_FD(to));
        has_answer = take_result(from, &result);
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (!has_answer)
                return complain(status, error);
        memcpy(error, result.error, sizeof(result.error));
        return result.rc;
}
