/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shared files
 *
 * The copy is memory of our own, and no mapping of the file: a disk that cannot
 * be read, or a file that was cut short, is an error of read(2) to one transfer,
 * and not a SIGBUS to the daemon. Memory that nobody has read into costs nothing.
 */
#include "netboot/shared_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/list.h"

/* Read at once: what the kernel reads ahead by itself, so that no reader waits for more. */
#define CHUNK_SIZE (UINT64_C(128) << 10)

struct shared_files {
        struct list files;
        uint64_t bytes;
};

struct shared_file {
        struct list link;
        struct shared_files *files;
        unsigned int readers;
        int fd;
        uint64_t size;
        dev_t device;
        ino_t number;
        struct timespec changed;
        uint8_t *copy; /* NULL: there is none */
        bool is_there[];
};

struct shared_files *shared_files_new(void)
{
        struct shared_files *files = calloc(1, sizeof(*files));

        if (files)
                list_init(&files->files);
        return files;
}

struct shared_files *shared_files_free(struct shared_files *files)
{
        free(files);
        return NULL;
}

uint64_t shared_files_bytes(const struct shared_files *files)
{
        return files->bytes;
}

static struct shared_file *find(const struct shared_files *files, const struct stat *st,
                                uint64_t size)
{
        LIST_FOR_EACH(&files->files, at)
        {
                struct shared_file *file = container_of(at, struct shared_file, link);

                if (file->device == st->st_dev && file->number == st->st_ino &&
                    file->size == size && file->changed.tv_sec == st->st_mtim.tv_sec &&
                    file->changed.tv_nsec == st->st_mtim.tv_nsec)
                        return file;
        }
        return NULL;
}

static uint8_t *copy_new(struct shared_files *files, uint64_t size)
{
        void *copy;

        if (size == 0 || size > SHARED_FILES_MAX_BYTES - files->bytes)
                return NULL;
        copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (copy == MAP_FAILED)
                return NULL;
        files->bytes += size;
        return copy;
}

int shared_file_open(struct shared_files *files, int take_fd, uint64_t size,
                     struct shared_file **ret)
{
        const size_t chunks = (size_t)(size / CHUNK_SIZE + 1);
        _close_ int fd = take_fd;
        struct shared_file *file;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        file = find(files, &st, size);
        if (file) {
                file->readers++;
                *ret = file;
                return 0;
        }
        file = calloc(1, sizeof(*file) + chunks * sizeof(file->is_there[0]));
        if (!file)
                return -ENOMEM;
        file->files = files;
        file->readers = 1;
        file->fd = TAKE_FD(fd);
        file->size = size;
        file->device = st.st_dev;
        file->number = st.st_ino;
        file->changed = st.st_mtim;
        file->copy = copy_new(files, size);
        list_append(&files->files, &file->link);
        *ret = file;
        return 0;
}

struct shared_file *shared_file_close(struct shared_file *file)
{
        if (!file || --file->readers > 0)
                return NULL;
        if (file->copy) {
                file->files->bytes -= file->size;
                (void)munmap(file->copy, file->size);
        }
        list_remove(&file->link);
        close(file->fd);
        free(file);
        return NULL;
}

static int read_whole(int fd, uint64_t offset, void *to, size_t size)
{
        uint8_t *at = to;

        while (size > 0) {
                const ssize_t n = pread(fd, at, size, (off_t)offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                at += n;
                offset += (uint64_t)n;
                size -= (size_t)n;
        }
        return 0;
}

static int chunk_fill(struct shared_file *file, uint64_t chunk)
{
        const uint64_t offset = chunk * CHUNK_SIZE;
        const uint64_t left = file->size - offset;
        int rc;

        rc = read_whole(file->fd, offset, file->copy + offset,
                        left < CHUNK_SIZE ? left : CHUNK_SIZE);
        if (rc == 0)
                file->is_there[chunk] = true;
        return rc;
}

ssize_t shared_file_read(struct shared_file *file, uint64_t offset, void *to, size_t size)
{
        int rc = 0;

        if (offset > file->size || size > file->size - offset)
                return -EINVAL;
        if (size == 0)
                return 0;
        if (!file->copy) {
                rc = read_whole(file->fd, offset, to, size);
                return rc < 0 ? rc : (ssize_t)size;
        }
        for (uint64_t chunk = offset / CHUNK_SIZE;
             rc == 0 && chunk <= (offset + size - 1) / CHUNK_SIZE; chunk++)
                if (!file->is_there[chunk])
                        rc = chunk_fill(file, chunk);
        if (rc < 0)
                return rc;
        memcpy(to, file->copy + offset, size);
        return (ssize_t)size;
}
