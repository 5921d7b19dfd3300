/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * libarchive writes the format; this file sees to it that the same root gives
 * the same bytes, and that what must come last does. Where a compressed root
 * does not fit into memory, the kernel says so in one line and boots on with
 * what it has unpacked: init tells a whole root by the entry that is last.
 */

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/cpio.h"
#include "image/path.h"
#include "image/zstd_writer.h"

CLEANUP_DEFINE(struct archive *, archive_write_free)
CLEANUP_DEFINE(struct archive_entry *, archive_entry_free)

struct entry {
        char *path;
        mode_t mode;     /* with its type */
        bool is_implied; /* a folder that nobody asked for by name */
        bool is_last;
        char *from;  /* regular: file to copy, or NULL; link: its target */
        char *bytes; /* regular without @from */
        size_t size;
        unsigned major, minor;
};

struct cpio {
        struct entry *entries;
        size_t count, space;
};

int cpio_new(struct cpio **ret)
{
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

struct cpio *cpio_free(struct cpio *cpio)
{
        if (!cpio)
                return NULL;
        for (size_t i = 0; i < cpio->count; i++) {
                free(cpio->entries[i].path);
                free(cpio->entries[i].from);
                free(cpio->entries[i].bytes);
        }
        free(cpio->entries);
        free(cpio);
        return NULL;
}

/* An empty entry at the end of the list, with a copy of the path. */
static struct entry *append(struct cpio *cpio, const char *path, size_t path_len, mode_t mode)
{
        struct entry *entry;

        if (cpio->count == cpio->space) {
                const size_t space = cpio->space ? 2 * cpio->space : 256;
                struct entry *grown = reallocarray(cpio->entries, space, sizeof(*grown));

                if (!grown)
                        return NULL;
                cpio->entries = grown;
                cpio->space = space;
        }
        entry = &cpio->entries[cpio->count];
        *entry = (struct entry){.path = strndup(path, path_len), .mode = mode};
        if (!entry->path)
                return NULL;
        cpio->count++;
        return entry;
}

/* The entry and the folders above it; what is there twice goes when it is written. */
static int add(struct cpio *cpio, const char *path, mode_t mode, struct entry **ret)
{
        if (!path_is_plain(path))
                return -EINVAL;
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                struct entry *folder = append(cpio, path, (size_t)(slash - path), S_IFDIR | 0755);

                if (!folder)
                        return -ENOMEM;
                folder->is_implied = true;
        }
        if (cpio->count >= CPIO_MAX_ENTRIES)
                return -E2BIG;
        *ret = append(cpio, path, strlen(path), mode);
        return *ret ? 0 : -ENOMEM;
}

int cpio_add_folder(struct cpio *cpio, const char *path, mode_t mode)
{
        struct entry *entry;

        return add(cpio, path, S_IFDIR | (mode & 07777), &entry);
}

int cpio_add_file(struct cpio *cpio, const char *path, mode_t mode, const char *from)
{
        _free_ char *copy = strdup(from);
        struct entry *entry;
        int rc = copy ? add(cpio, path, S_IFREG | (mode & 07777), &entry) : -ENOMEM;

        if (rc == 0)
                entry->from = TAKE_PTR(copy);
        return rc;
}

int cpio_add_bytes(struct cpio *cpio, const char *path, mode_t mode, const void *bytes, size_t size)
{
        _free_ char *copy = malloc(size + 1);
        struct entry *entry;
        int rc = copy ? add(cpio, path, S_IFREG | (mode & 07777), &entry) : -ENOMEM;

        if (rc == 0) {
                memcpy(copy, bytes, size);
                entry->bytes = TAKE_PTR(copy);
                entry->size = size;
        }
        return rc;
}

int cpio_add_link(struct cpio *cpio, const char *path, const char *target)
{
        _free_ char *copy = strdup(target);
        struct entry *entry;
        int rc = copy ? add(cpio, path, S_IFLNK | 0777, &entry) : -ENOMEM;

        if (rc == 0)
                entry->from = TAKE_PTR(copy);
        return rc;
}

int cpio_add_device(struct cpio *cpio, const char *path, mode_t mode, unsigned major,
                    unsigned minor)
{
        struct entry *entry;
        int rc = add(cpio, path, S_IFCHR | (mode & 07777), &entry);

        if (rc == 0) {
                entry->major = major;
                entry->minor = minor;
        }
        return rc;
}

/* By path, so that folders come before what is in them; the last one last; implied ones after
 * the entry that says the same folder by name, which then wins. */
static int compare(const void *a, const void *b)
{
        const struct entry *one = a, *two = b;
        int order;

        if (one->is_last != two->is_last)
                return one->is_last ? 1 : -1;
        order = strcmp(one->path, two->path);
        if (order != 0)
                return order;
        return (int)one->is_implied - (int)two->is_implied;
}

static int fail(char *error, int rc, const char *path, const char *what)
{
        snprintf(error, IMAGE_ERROR_SIZE, "%s: %s", path, what);
        return rc;
}

static int mark_last(struct cpio *cpio, const char *last, char *error)
{
        bool is_there = !last;

        for (size_t i = 0; i < cpio->count; i++) {
                cpio->entries[i].is_last = last && strcmp(cpio->entries[i].path, last) == 0;
                is_there = is_there || cpio->entries[i].is_last;
        }
        return is_there ? 0 : fail(error, -ENOENT, last, "it was to come last and is not there");
}

static int write_bytes(struct archive *archive, const void *bytes, size_t size, char *error)
{
        if (archive_write_data(archive, bytes, size) == (la_ssize_t)size)
                return 0;
        return fail(error, -EIO, "cpio", archive_error_string(archive));
}

static int write_content(struct archive *archive, const struct entry *entry, int fd, size_t size,
                         char *error)
{
        char chunk[64 << 10];
        size_t left = size;
        int rc = 0;

        if (fd < 0)
                return write_bytes(archive, entry->bytes, entry->size, error);

        while (rc == 0 && left > 0) {
                const ssize_t got = read(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk));

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return fail(error, got < 0 ? -errno : -EIO, entry->from,
                                    got < 0 ? strerror(errno) : "it became shorter");
                left -= (size_t)got;
                rc = write_bytes(archive, chunk, (size_t)got, error);
        }
        return rc;
}

/* The file behind an entry, and its size. */
static int open_from(const struct entry *entry, char *error, int *ret_fd, size_t *ret_size)
{
        _close_ int fd = open(entry->from, O_RDONLY | O_CLOEXEC);
        struct stat status;

        if (fd < 0 || fstat(fd, &status) < 0)
                return fail(error, -errno, entry->from, strerror(errno));
        if (!S_ISREG(status.st_mode))
                return fail(error, -EINVAL, entry->from, "it is not a file");
        *ret_size = (size_t)status.st_size;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int write_entry(struct archive *archive, const struct entry *entry, int64_t inode,
                       char *error)
{
        CLEANUP(archive_entry_free) struct archive_entry *header = archive_entry_new();
        _close_ int fd = -EBADF;
        size_t size = entry->size;

        if (!header)
                return fail(error, -ENOMEM, entry->path, strerror(ENOMEM));
        if (S_ISREG(entry->mode) && entry->from) {
                const int rc = open_from(entry, error, &fd, &size);

                if (rc < 0)
                        return rc;
        }

        archive_entry_set_pathname(header, entry->path);
        archive_entry_set_mode(header, entry->mode);
        archive_entry_set_uid(header, 0);
        archive_entry_set_gid(header, 0);
        archive_entry_set_mtime(header, 0, 0);
        archive_entry_set_ino64(header, inode);
        archive_entry_set_nlink(header, S_ISDIR(entry->mode) ? 2 : 1);
        archive_entry_set_size(header, (int64_t)size);
        if (S_ISLNK(entry->mode))
                archive_entry_set_symlink(header, entry->from);
        if (S_ISCHR(entry->mode)) {
                archive_entry_set_rdevmajor(header, entry->major);
                archive_entry_set_rdevminor(header, entry->minor);
        }
        if (archive_write_header(archive, header) != ARCHIVE_OK)
                return fail(error, -EIO, entry->path, archive_error_string(archive));
        return S_ISREG(entry->mode) ? write_content(archive, entry, fd, size, error) : 0;
}

static int write_entries(struct cpio *cpio, struct archive *archive, char *error)
{
        const struct entry *before = NULL;
        int64_t inode = 1;

        for (size_t i = 0; i < cpio->count; i++) {
                const struct entry *entry = &cpio->entries[i];
                int rc;

                if (before && strcmp(before->path, entry->path) == 0) {
                        if (!entry->is_implied || !S_ISDIR(before->mode))
                                return fail(error, -EEXIST, entry->path, "it is there twice");
                        continue;
                }
                rc = write_entry(archive, entry, inode++, error);
                if (rc < 0)
                        return rc;
                before = entry;
        }
        return 0;
}

static la_ssize_t write_compressed(struct archive *archive, void *context, const void *bytes,
                                   size_t size)
{
        const int rc = zstd_writer_add(context, bytes, size);

        if (rc < 0) {
                archive_set_error(archive, -rc, "%s", strerror(-rc));
                return -1;
        }
        return (la_ssize_t)size;
}

int cpio_write(struct cpio *cpio, int fd, const struct cpio_options *options, char *error)
{
        CLEANUP(zstd_writer_free) struct zstd_writer *writer = NULL;
        CLEANUP(archive_write_free) struct archive *archive = NULL;
        int rc;

        error[0] = '\0';
        rc = mark_last(cpio, options->last, error);
        if (rc < 0)
                return rc;
        if (cpio->count > 0)
                qsort(cpio->entries, cpio->count, sizeof(*cpio->entries), compare);

        rc = zstd_writer_new(fd, options->level, &writer);
        if (rc < 0)
                return fail(error, rc, "zstd", strerror(-rc));
        archive = archive_write_new();
        if (!archive || archive_write_set_format_cpio_newc(archive) != ARCHIVE_OK ||
            archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
            archive_write_open(archive, writer, NULL, write_compressed, NULL) != ARCHIVE_OK)
                return fail(error, -ENOMEM, "cpio",
                            archive ? archive_error_string(archive) : strerror(ENOMEM));

        rc = write_entries(cpio, archive, error);
        if (rc == 0 && archive_write_close(archive) != ARCHIVE_OK)
                rc = fail(error, -EIO, "cpio", archive_error_string(archive));
        if (rc == 0) {
                rc = zstd_writer_end(writer);
                if (rc < 0)
                        fail(error, rc, "cpio", strerror(-rc));
        }
        return rc;
}
