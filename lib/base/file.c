/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file is replaced by a rename, and a rename is on disk only when its folder
 * is synced: both syncs are needed, or a power cut leaves the old name with no
 * content behind it.
 */
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"

#define FIRST_SPACE 4096

static ssize_t read_some(int fd, char *to, size_t size)
{
        ssize_t len;

        do
                len = read(fd, to, size);
        while (len < 0 && errno == EINTR);
        return len < 0 ? -errno : len;
}

/* Reads to the end of the file; one byte more than @max is asked for, to see it come. */
static int read_all(int fd, size_t space, size_t max, char **ret, size_t *ret_size)
{
        _free_ char *bytes = NULL;
        size_t size = 0;
        ssize_t len;

        for (;;) {
                if (!bytes || size == space) {
                        char *more;

                        space = bytes ? space * 2 : space;
                        more = realloc(bytes, space + 1);
                        if (!more)
                                return -ENOMEM;
                        bytes = more;
                }
                len = read_some(fd, bytes + size, space - size);
                if (len < 0)
                        return (int)len;
                if (len == 0)
                        break;
                size += (size_t)len;
                if (size > max)
                        return -EFBIG;
        }
        bytes[size] = '\0';
        *ret = TAKE_PTR(bytes);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_read(int at, const char *path, size_t max, char **ret, size_t *ret_size)
{
        size_t space = FIRST_SPACE;
        _close_ int fd = -EBADF;
        struct stat st;

        fd = openat(at, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        /* A hint, no more: every file of sysfs says that it has 4096 bytes. */
        if (S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size <= max &&
            (size_t)st.st_size >= space)
                space = (size_t)st.st_size + 1; /* the last read sees the end at once */
        return read_all(fd, space, max, ret, ret_size);
}

static int write_all(int fd, const char *bytes, size_t size)
{
        while (size > 0) {
                ssize_t len = write(fd, bytes, size);

                if (len < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                bytes += len;
                size -= (size_t)len;
        }
        return 0;
}

static int fill(int fd, const void *bytes, size_t size, mode_t mode)
{
        int rc;

        rc = write_all(fd, bytes, size);
        if (rc < 0)
                return rc;
        /* mkostemp() made it 0600: it is opened wider only now that it is whole. */
        if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

int file_sync_folder(const char *path)
{
        const char *slash = strrchr(path, '/');
        _free_ char *folder = NULL;
        _close_ int fd = -EBADF;

        if (!slash)
                folder = strdup(".");
        else
                folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
        if (!folder)
                return -ENOMEM;
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

int file_replace(const char *path, const void *bytes, size_t size, mode_t mode)
{
        _free_ char *beside = NULL;
        _close_ int fd = -EBADF;
        int rc;

        if (asprintf(&beside, "%s.XXXXXX", path) < 0) {
                beside = NULL;
                return -ENOMEM;
        }
        fd = mkostemp(beside, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        rc = fill(fd, bytes, size, mode);
        if (rc == 0 && rename(beside, path) < 0)
                rc = -errno;
        if (rc < 0) {
                unlink(beside);
                return rc;
        }
        return file_sync_folder(path);
}

/* One folder; one that is there already is as good. */
static int make_folder(const char *path, mode_t mode)
{
        struct stat st;

        if (mkdir(path, mode) == 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_make_folders(const char *path, mode_t mode)
{
        _free_ char *part = strdup(path);
        int rc;

        if (!part)
                return -ENOMEM;
        for (char *p = part; *p; p++) {
                if (*p != '/' || p == part)
                        continue;
                *p = '\0';
                rc = make_folder(part, mode);
                *p = '/';
                if (rc < 0)
                        return rc;
        }
        return make_folder(part, mode);
}
