/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing the disk
 *
 * Frames are large and aligned, and never read again: around the page cache, they
 * cost no memory, and an error of the medium comes from the write that met it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "installer/disk_linux.h"
#include "lib/base/cleanup.h"

#define ZERO_STEP ((size_t)256 << 10)

void disk_set_direct(const struct disk *disk, bool is_direct)
{
        const int flags = fcntl(disk->fd, F_GETFL);

        if (flags >= 0)
                (void)fcntl(disk->fd, F_SETFL, is_direct ? flags | O_DIRECT : flags & ~O_DIRECT);
}

/* A file system may take the flag and refuse the write. True: it goes through the cache now. */
static bool has_left_direct(const struct disk *disk)
{
        const int flags = fcntl(disk->fd, F_GETFL);

        if (flags < 0 || !(flags & O_DIRECT))
                return false;
        return fcntl(disk->fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

int disk_write(const struct disk *disk, uint64_t offset, const void *bytes, size_t size)
{
        const uint8_t *at = bytes;
        bool was_refused = false;

        if (offset > disk->size || size > disk->size - offset)
                return -ENOSPC;
        while (size > 0) {
                const ssize_t n = pwrite(disk->fd, at, size, (off_t)offset);

                if (n < 0 && errno == EINTR)
                        continue;
                /* Another thread may have left it just now: once more in any case. */
                if (n < 0 && errno == EINVAL && (has_left_direct(disk) || !was_refused)) {
                        was_refused = true;
                        continue;
                }
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                at += n;
                offset += (uint64_t)n;
                size -= (size_t)n;
        }
        return 0;
}

static int write_zeros(const struct disk *disk, uint64_t offset, uint64_t size)
{
        _free_ void *zeros = aligned_alloc(DISK_ALIGN, ZERO_STEP);
        int rc;

        if (!zeros)
                return -ENOMEM;
        memset(zeros, 0, ZERO_STEP);
        while (size > 0) {
                const size_t step = size < ZERO_STEP ? (size_t)size : ZERO_STEP;

                rc = disk_write(disk, offset, zeros, step);
                if (rc < 0)
                        return rc;
                offset += step;
                size -= step;
        }
        return 0;
}

int disk_zero(const struct disk *disk, uint64_t offset, uint64_t size)
{
        const uint64_t range[2] = {offset, size};

        if (offset > disk->size || size > disk->size - offset)
                return -ENOSPC;
        if (size == 0)
                return 0;
        if (disk->is_regular) {
                if (fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                              (off_t)size) == 0)
                        return 0;
        } else if (ioctl(disk->fd, BLKZEROOUT, range) == 0) {
                return 0;
        }
        /* An error of the medium comes again from these writes. */
        return write_zeros(disk, offset, size);
}

int disk_sync(const struct disk *disk)
{
        return fsync(disk->fd) < 0 ? -errno : 0;
}

int disk_reread(const struct disk *disk)
{
        if (disk->is_regular)
                return 0;
        return ioctl(disk->fd, BLKRRPART) < 0 ? -errno : 0;
}
