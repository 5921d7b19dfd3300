/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The child's words go into memory files, not pipes: nothing to poll, and no
 * child that blocks on a full one.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "mkimage/error.h"
#include "mkimage/run.h"

#define OUTPUT_MAX ((size_t)8 << 20) /* apt-cache's answers have a few kB */

enum { EXIT_NO_PROGRAM = 127 };

static _Noreturn void become(const char *const argv[], const char *folder, int out, int err)
{
        const char *path = getenv("PATH");
        char wide[4096];

        snprintf(wide, sizeof(wide), "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
        setenv("PATH", wide, 1);
        setenv("LC_ALL", "C", 1);
        unsetenv("SOURCE_DATE_EPOCH");
        setenv("E2FSPROGS_FAKE_TIME", RUN_TIME_TEXT, 1);
        setenv("MKE2FS_CONFIG", "/dev/null", 1); /* what a file system is made of, we say */
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);  /* nobody wants its work any more then */
        if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0 ||
            (folder && chdir(folder) < 0))
                _exit(EXIT_FAILURE);
        /* exec takes the words as they are and changes none. */
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(EXIT_NO_PROGRAM);
}

/* All that a memory file holds. */
static int recall(int fd, char **ret)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return file_read(AT_FDCWD, path, OUTPUT_MAX, ret, NULL);
}

/* The last line that is not empty; @text is cut. */
static const char *last_line(char *text)
{
        size_t len = strlen(text);
        char *start;

        while (len > 0 && text[len - 1] == '\n')
                text[--len] = '\0';
        start = strrchr(text, '\n');
        return start ? start + 1 : text;
}

static int complain(const char *name, int status, int err, char *error)
{
        _free_ char *said = NULL;

        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
                return mkimage_fail(error, -ENOENT, "the program %s is missing", name);
        if (WIFSIGNALED(status))
                return mkimage_fail(error, -EIO, "%s was ended by signal %d", name,
                                    WTERMSIG(status));
        if (recall(err, &said) < 0 || said[0] == '\0')
                return mkimage_fail(error, -EIO, "%s failed", name);
        return mkimage_fail(error, -EIO, "%s failed: %s", name, last_line(said));
}

int run_program(const char *const argv[], const char *folder, char *error, char **ret_output)
{
        _close_ int out = memfd_create("stdout", MFD_CLOEXEC);
        _close_ int err = memfd_create("stderr", MFD_CLOEXEC);
        pid_t child;
        int status;

        if (out < 0 || err < 0)
                return mkimage_fail(error, -errno, "cannot run %s: %s", argv[0], strerror(errno));
        child = fork();
        if (child < 0)
                return mkimage_fail(error, -errno, "cannot run %s: %s", argv[0], strerror(errno));
        if (child == 0)
                become(argv, folder, out, err);

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return mkimage_fail(error, -errno, "%s was lost: %s", argv[0],
                                            strerror(errno));
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return complain(argv[0], status, err, error);

        if (ret_output) {
                const int rc = recall(out, ret_output);

                if (rc < 0)
                        return mkimage_fail(error, rc, "cannot read what %s said: %s", argv[0],
                                            strerror(-rc));
        }
        return 0;
}
