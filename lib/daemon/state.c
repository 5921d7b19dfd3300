/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two daemons on one state folder would each believe in their own leases. The
 * lock is flock(2)'s: it goes with the process, however that ends, and the file
 * stays. The pid in it is for the sentence only.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/daemon.h"

/* "4194304\n" */
#define PID_TEXT_SIZE 24

/* 0 if the other one has not written it yet. */
static uint64_t read_pid(int fd)
{
        char text[PID_TEXT_SIZE];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        uint64_t pid;

        if (n <= 0)
                return 0;
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return text_parse_u64(text, INT_MAX, &pid) < 0 ? 0 : pid;
}

static int write_pid(int fd)
{
        char text[PID_TEXT_SIZE];
        int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

        if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
                return errno ? -errno : -EIO;
        return 0;
}

static int fail(char *error, const char *path, int rc)
{
        snprintf(error, DAEMON_ERROR_SIZE, "cannot use the state folder %s: %s", path,
                 strerror(-rc));
        return rc;
}

static int fail_busy(char *error, const char *path, const char *program, uint64_t pid)
{
        if (pid > 0)
                snprintf(error, DAEMON_ERROR_SIZE, "another %s (pid %d) uses %s", program, (int)pid,
                         path);
        else
                snprintf(error, DAEMON_ERROR_SIZE, "another %s uses %s", program, path);
        return -EBUSY;
}

int state_lock(const char *path, const char *program, char *error, int *ret_fd)
{
        _close_ int folder = -EBADF, fd = -EBADF;
        int rc;

        rc = file_make_folders(path, 0700);
        if (rc < 0)
                return fail(error, path, rc);
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
                return fail(error, path, -errno);
        fd = openat(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return fail(error, path, -errno);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? fail_busy(error, path, program, read_pid(fd))
                                            : fail(error, path, -errno);
        rc = write_pid(fd);
        if (rc < 0)
                return fail(error, path, rc);
        *ret_fd = TAKE_FD(fd);
        return 0;
}
