/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Two libarchive readers, one fed by the other: the ar archive is small enough
 * to walk, and its member data.tar.* streams into the tar reader, so that a
 * package is never unpacked twice and never held in memory.
 *
 * Formats and filters are named one by one: libarchive's support_*_all brings in
 * parsers (RAR, CAB, LHA, ...) that no package of Debian needs.
 */

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/deb.h"
#include "image/path.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define CHUNK_SIZE ((size_t)128 << 10)

CLEANUP_DEFINE(struct archive *, archive_read_free)
#define _archive_ CLEANUP(archive_read_free)

struct deb_content {
        struct archive *tar;
};

/* What the tar reader pulls: the ar member that the outer reader stands on. */
struct member {
        struct archive *ar;
        char chunk[CHUNK_SIZE];
};

static int fail(char *error, int rc, const char *what, struct archive *archive)
{
        const char *why = archive ? archive_error_string(archive) : NULL;

        snprintf(error, IMAGE_ERROR_SIZE, "%s%s%s", what, why ? ": " : "", why ? why : "");
        return rc;
}

static la_ssize_t member_read(struct archive *tar, void *context, const void **ret)
{
        struct member *member = context;
        la_ssize_t size = archive_read_data(member->ar, member->chunk, sizeof(member->chunk));

        if (size < 0) {
                archive_set_error(tar, EBADMSG, "%s", archive_error_string(member->ar));
                return ARCHIVE_FATAL;
        }
        *ret = member->chunk;
        return size;
}

static int open_ar(int fd, char *error, struct archive **ret)
{
        _archive_ struct archive *ar = archive_read_new();

        if (!ar)
                return fail(error, -ENOMEM, "no memory", NULL);
        if (archive_read_support_format_ar(ar) != ARCHIVE_OK ||
            archive_read_open_fd(ar, fd, CHUNK_SIZE) != ARCHIVE_OK)
                return fail(error, -EBADMSG, "not a Debian package", ar);

        *ret = TAKE_PTR(ar);
        return 0;
}

/* Leaves the reader at the content of the member that holds the files. */
static int find_data(struct archive *ar, char *error)
{
        struct archive_entry *entry;
        int rc;

        while ((rc = archive_read_next_header(ar, &entry)) == ARCHIVE_OK) {
                const char *name = archive_entry_pathname(entry);

                if (name && text_has_prefix(name, "data.tar"))
                        return 0;
        }
        return fail(error, -EBADMSG, "not a Debian package: it has no data.tar",
                    rc == ARCHIVE_EOF ? NULL : ar);
}

static int open_tar(struct member *member, char *error, struct archive **ret)
{
        _archive_ struct archive *tar = archive_read_new();

        if (!tar)
                return fail(error, -ENOMEM, "no memory", NULL);
        if (archive_read_support_format_tar(tar) != ARCHIVE_OK ||
            archive_read_support_filter_xz(tar) != ARCHIVE_OK ||
            archive_read_support_filter_zstd(tar) != ARCHIVE_OK ||
            archive_read_support_filter_gzip(tar) != ARCHIVE_OK ||
            archive_read_open(tar, member, NULL, member_read, NULL) != ARCHIVE_OK)
                return fail(error, -EBADMSG, "its data.tar is damaged", tar);

        *ret = TAKE_PTR(tar);
        return 0;
}

/* "./boot/x" -> "boot/x"; NULL for a path that leads out of the folder it is unpacked in. */
static const char *safe_path(const char *path)
{
        if (path && text_has_prefix(path, "./"))
                path += 2;
        return path && path_is_plain(path) ? path : NULL;
}

struct walk {
        deb_visit_fn visit;
        void *context;
        uint64_t bytes;
        size_t files;
};

static int visit_entry(struct walk *walk, struct archive *tar, struct archive_entry *entry,
                       char *error)
{
        const int64_t size = archive_entry_size(entry);
        struct deb_content content = {.tar = tar};
        struct deb_file file;

        /* A hard link's content has its place under another name. */
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
                return 0;

        file = (struct deb_file){
                .path = safe_path(archive_entry_pathname(entry)),
                .size = size < 0 ? 0 : (uint64_t)size,
                .is_executable = (archive_entry_perm(entry) & 0111) != 0,
        };
        if (!file.path)
                return fail(error, -EBADMSG, "it holds a file with an unsafe path", NULL);
        if (file.size > DEB_MAX_BYTES - walk->bytes || walk->files == DEB_MAX_FILES)
                return fail(error, -E2BIG, "it unfolds to more than any package of Debian", NULL);

        walk->bytes += file.size;
        walk->files++;
        return walk->visit(walk->context, &file, &content);
}

static int walk_tar(struct walk *walk, struct archive *tar, char *error)
{
        struct archive_entry *entry;
        int rc;

        while ((rc = archive_read_next_header(tar, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
                rc = visit_entry(walk, tar, entry, error);
                if (rc != 0)
                        return rc < 0 ? rc : 0;
        }
        if (rc != ARCHIVE_EOF)
                return fail(error, -EBADMSG, "its data.tar is damaged", tar);
        return 0;
}

int deb_read(int fd, deb_visit_fn visit, void *context, char *error)
{
        struct walk walk = {.visit = visit, .context = context};
        _archive_ struct archive *ar = NULL;
        _free_ struct member *member = NULL;
        _archive_ struct archive *tar = NULL;
        int rc;

        error[0] = '\0';
        rc = open_ar(fd, error, &ar);
        if (rc < 0)
                return rc;
        rc = find_data(ar, error);
        if (rc < 0)
                return rc;

        member = malloc(sizeof(*member));
        if (!member)
                return fail(error, -ENOMEM, "no memory", NULL);
        member->ar = ar;
        rc = open_tar(member, error, &tar);
        if (rc < 0)
                return rc;
        return walk_tar(&walk, tar, error);
}

ssize_t deb_content_read(struct deb_content *content, void *to, size_t size)
{
        const la_ssize_t got = archive_read_data(content->tar, to, size);

        return got < 0 ? -EBADMSG : got;
}

struct extraction {
        const char *folder;
        deb_wanted_fn wanted;
        void *context;
        char *error;
};

static int write_all(int fd, const char *bytes, size_t size)
{
        while (size > 0) {
                const ssize_t written = write(fd, bytes, size);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return -errno;
                bytes += written;
                size -= (size_t)written;
        }
        return 0;
}

static int save(struct deb_content *content, int fd)
{
        char chunk[32 << 10];
        ssize_t got;
        int rc = 0;

        while (rc == 0 && (got = deb_content_read(content, chunk, sizeof(chunk))) != 0)
                rc = got < 0 ? (int)got : write_all(fd, chunk, (size_t)got);
        return rc;
}

static int make_parent(const char *path)
{
        _free_ char *parent = strdup(path);

        if (!parent)
                return -ENOMEM;
        *strrchr(parent, '/') = '\0';
        return file_make_folders(parent, 0755);
}

static int extract_file(void *context, const struct deb_file *file, struct deb_content *content)
{
        const struct extraction *extraction = context;
        _free_ char *path = NULL;
        _close_ int fd = -EBADF;
        int rc;

        if (!extraction->wanted(extraction->context, file->path))
                return 0;

        if (asprintf(&path, "%s/%s", extraction->folder, file->path) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        rc = make_parent(path);
        if (rc == 0) {
                fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
                rc = fd < 0 ? -errno : save(content, fd);
        }
        /* After the content, whatever the umask says: the same package gives the same files. */
        if (rc == 0 && fchmod(fd, file->is_executable ? 0755 : 0644) < 0)
                rc = -errno;
        if (rc < 0)
                snprintf(extraction->error, IMAGE_ERROR_SIZE, "cannot unpack %s: %s", path,
                         strerror(-rc));
        return rc;
}

int deb_extract(int fd, const char *folder, deb_wanted_fn wanted, void *context, char *error)
{
        struct extraction extraction = {
                .folder = folder, .wanted = wanted, .context = context, .error = error};

        return deb_read(fd, extract_file, &extraction, error);
}
