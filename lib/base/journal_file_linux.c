/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why the space is written with zeros, and not only reserved: a write into
 * reserved space turns its extents into written ones, which is metadata, and
 * fdatasync() would have to commit that as well. Into zeros it writes data
 * alone. fallocate() comes first, so that the space is in one piece, and so
 * that a full disk is noticed before a byte is written.
 *
 * A batch shares its first sector with the end of the one before. We rely on a
 * sector being written whole or not at all, as every journal does; the old
 * bytes in it are the same as before.
 */
#include "lib/base/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/journal_record.h"

/* 25,000 leases or so, and about 10 ms of writing when it is used up. */
#define GROW_SIZE ((uint64_t)4 << 20)

int journal_file_lock(const char *path, int *ret_fd)
{
        _free_ char *name = NULL;
        _close_ int fd = -EBADF;

        if (asprintf(&name, "%s.lock", path) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int write_at(int fd, const uint8_t *bytes, size_t size, uint64_t at)
{
        while (size > 0) {
                ssize_t len = pwrite(fd, bytes, size, (off_t)at);

                if (len < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                bytes += len;
                size -= (size_t)len;
                at += (uint64_t)len;
        }
        return 0;
}

static int sync_data(int fd)
{
        int rc;

        do
                rc = fdatasync(fd);
        while (rc < 0 && errno == EINTR);
        return rc < 0 ? -errno : 0;
}

/* Makes the space that @size more bytes need, and some more. */
static int grow(struct journal_file *file, uint64_t size)
{
        static const uint8_t zeros[64 << 10];
        uint64_t until;
        int rc;

        if (size <= file->space - file->end)
                return 0;
        until = (file->end + size) / GROW_SIZE * GROW_SIZE + GROW_SIZE;
        /* A file system that cannot reserve is slower, not wrong. */
        if (fallocate(file->fd, 0, (off_t)file->space, (off_t)(until - file->space)) < 0 &&
            errno != EOPNOTSUPP)
                return -errno;
        while (file->space < until) {
                uint64_t len = until - file->space;

                if (len > sizeof(zeros))
                        len = sizeof(zeros);
                rc = write_at(file->fd, zeros, (size_t)len, file->space);
                if (rc < 0)
                        return rc;
                file->space += len;
        }
        return sync_data(file->fd); /* the new size with it */
}

int journal_file_create(const char *path, struct journal_file *ret)
{
        struct journal_file file = {.fd = -EBADF};
        uint8_t header[JOURNAL_HEADER_SIZE];
        int rc;

        if (getentropy(&file.seed, sizeof(file.seed)) < 0)
                return -errno;
        file.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file.fd < 0)
                return -errno;
        journal_header_write(header, file.seed);
        rc = write_at(file.fd, header, sizeof(header), 0);
        file.end = file.space = sizeof(header);
        if (rc == 0)
                rc = grow(&file, 1);
        if (rc == 0 && fsync(file.fd) < 0)
                rc = -errno;
        if (rc < 0) {
                journal_file_close(&file);
                unlink(path);
                return rc;
        }
        *ret = file;
        return 0;
}

/* Takes the torn tail away, so that nothing of it can ever look like a record again. */
static int cut_tail(struct journal_file *file)
{
        if (ftruncate(file->fd, (off_t)file->end) < 0)
                return -errno;
        file->space = file->end;
        return 0;
}

int journal_file_open(const char *path, journal_replay_fn replay, void *context,
                      struct journal_file *ret)
{
        struct journal_extent extent;
        struct journal_file file;
        _free_ char *bytes = NULL;
        _close_ int fd = -EBADF;
        size_t size;
        int rc;

        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        rc = file_read(AT_FDCWD, path, SIZE_MAX, &bytes, &size);
        if (rc < 0)
                return rc;
        rc = journal_replay(bytes, size, replay, context, &extent);
        if (rc < 0)
                return rc;
        file = (struct journal_file){
                .fd = fd,
                .seed = extent.seed,
                .count = extent.count,
                .end = extent.end,
                .space = size,
        };
        if (extent.is_torn) {
                rc = cut_tail(&file);
                if (rc < 0)
                        return rc;
        }
        rc = grow(&file, 1);
        if (rc < 0)
                return rc;
        /*
         * A process that was killed before its sync left records that so far only memory holds.
         * They must be on disk before the next batch is, or a power cut then looks like damage.
         */
        if (fsync(fd) < 0)
                return -errno;
        file.fd = TAKE_FD(fd);
        *ret = file;
        return 0;
}

int journal_file_write(struct journal_file *file, void *records, size_t size)
{
        uint64_t count;
        int rc;

        if (size == 0)
                return 0;
        rc = grow(file, size);
        if (rc < 0)
                return rc;
        count = journal_records_seal(records, size, file->seed, file->count + 1);
        rc = write_at(file->fd, records, size, file->end);
        if (rc < 0)
                return rc;
        rc = sync_data(file->fd);
        if (rc < 0)
                return rc;
        file->count += count;
        file->end += size;
        return 0;
}

static int skip(void *context, const void *record, size_t size)
{
        (void)context;
        (void)record;
        (void)size;
        return 0;
}

int journal_file_verify(const struct journal_file *file, const char *path)
{
        struct journal_extent extent = {0};
        _free_ char *bytes = NULL;
        size_t size;
        int rc;

        /* It was synced, so no page of it is dirty, and the cache may forget all of them. */
        (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
        rc = file_read(AT_FDCWD, path, SIZE_MAX, &bytes, &size);
        if (rc == 0)
                rc = journal_replay(bytes, size, skip, NULL, &extent);
        if (rc < 0)
                return rc;
        return extent.count == file->count && extent.end == file->end ? 0 : -EIO;
}

int journal_file_rename(const char *from, const char *to)
{
        if (rename(from, to) < 0)
                return -errno;
        return file_sync_folder(to);
}

void journal_file_close(struct journal_file *file)
{
        if (file->fd >= 0)
                close(file->fd);
        file->fd = -EBADF;
}
