/* SPDX-License-Identifier: GPL-3.0-or-later */

/* libarchive takes an empty stream for an archive without files; we do not. */

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "image/path.h"
#include "image/tar.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define CHUNK_SIZE ((size_t)128 << 10)
#define PATH_SIZE  4096 /* PATH_MAX of Linux */

CLEANUP_DEFINE(struct archive *, archive_read_free)
#define _archive_ CLEANUP(archive_read_free)

struct tar_content {
        struct archive *tar;
};

struct walk {
        tar_visit_fn visit;
        void *context;
        uint64_t bytes;
        size_t files;
        char path[PATH_SIZE], target[PATH_SIZE];
        struct tar_attribute attributes[TAR_MAX_ATTRIBUTES];
};

static int fail(char *error, int rc, const char *what, struct archive *archive)
{
        const char *why = archive ? archive_error_string(archive) : NULL;

        snprintf(error, TAR_ERROR_SIZE, "%s%s%s", what, why ? ": " : "", why ? why : "");
        return rc;
}

static const struct {
        unsigned type;
        enum tar_kind kind;
} kinds[] = {
        {AE_IFREG, TAR_FILE     },
        {AE_IFDIR, TAR_FOLDER   },
        {AE_IFLNK, TAR_SYMLINK  },
        {AE_IFCHR, TAR_CHARACTER},
        {AE_IFBLK, TAR_BLOCK    },
        {AE_IFIFO, TAR_FIFO     },
};

static int kind_of(struct archive_entry *entry, enum tar_kind *ret)
{
        if (archive_entry_hardlink(entry)) {
                *ret = TAR_HARD_LINK;
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (archive_entry_filetype(entry) == kinds[i].type) {
                        *ret = kinds[i].kind;
                        return 0;
                }
        return -EBADMSG;
}

/* "./etc/" -> "etc"; "" for the root folder. */
static int tidy_path(char to[static PATH_SIZE], const char *path)
{
        size_t len;

        if (!path)
                return -EBADMSG;
        while (text_has_prefix(path, "./"))
                path += 2;
        len = strlen(path);
        if (len > 0 && path[len - 1] == '/')
                len--;
        if (text_copy_bytes(to, PATH_SIZE, path, len) < 0)
                return -EBADMSG;
        if (strcmp(to, ".") == 0)
                to[0] = '\0';
        return to[0] == '\0' || path_is_plain(to) ? 0 : -EBADMSG;
}

/* Writers that speak both dialects of pax say an attribute twice. */
static bool is_said(const struct tar_entry *entry, const char *name)
{
        for (size_t i = 0; i < entry->attribute_count; i++)
                if (strcmp(entry->attributes[i].name, name) == 0)
                        return true;
        return false;
}

static int take_attributes(struct walk *walk, struct archive_entry *from, struct tar_entry *to)
{
        const char *name;
        const void *value;
        size_t size;

        to->attributes = walk->attributes;
        (void)archive_entry_xattr_reset(from);
        while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
                if (is_said(to, name))
                        continue;
                if (to->attribute_count == TAR_MAX_ATTRIBUTES)
                        return -E2BIG;
                walk->attributes[to->attribute_count++] =
                        (struct tar_attribute){.name = name, .value = value, .size = size};
        }
        return 0;
}

static int take_target(struct walk *walk, struct archive_entry *from, struct tar_entry *to)
{
        const char *target = archive_entry_symlink(from);

        if (to->kind == TAR_HARD_LINK) {
                if (tidy_path(walk->target, archive_entry_hardlink(from)) < 0 ||
                    walk->target[0] == '\0')
                        return -EBADMSG;
                to->target = walk->target;
        }
        if (to->kind == TAR_SYMLINK) {
                if (!target || *target == '\0' || strlen(target) >= PATH_SIZE)
                        return -EBADMSG;
                to->target = target;
        }
        return 0;
}

/* 1: the root folder. */
static int take_entry(struct walk *walk, struct archive_entry *from, struct tar_entry *to)
{
        const int64_t size = archive_entry_size(from), uid = archive_entry_uid(from),
                      gid = archive_entry_gid(from);
        int rc = tidy_path(walk->path, archive_entry_pathname(from));

        *to = (struct tar_entry){
                .path = walk->path,
                .mode = archive_entry_perm(from),
                .uid = (uint32_t)uid,
                .gid = (uint32_t)gid,
                .time_s = archive_entry_mtime(from),
        };
        if (rc == 0)
                rc = kind_of(from, &to->kind);
        if (rc < 0 || uid < 0 || gid < 0 || uid > UINT32_MAX || gid > UINT32_MAX)
                return -EBADMSG;
        if (walk->path[0] == '\0')
                return to->kind == TAR_FOLDER ? 1 : -EBADMSG;
        if (to->kind == TAR_FILE)
                to->size = size < 0 ? 0 : (uint64_t)size;
        if (to->kind == TAR_CHARACTER || to->kind == TAR_BLOCK) {
                to->major = (unsigned)archive_entry_rdevmajor(from);
                to->minor = (unsigned)archive_entry_rdevminor(from);
        }
        rc = take_target(walk, from, to);
        return rc < 0 ? rc : take_attributes(walk, from, to);
}

static int visit_entry(struct walk *walk, struct archive *tar, struct archive_entry *from,
                       char *error)
{
        struct tar_content content = {.tar = tar};
        struct tar_entry entry;
        int rc = take_entry(walk, from, &entry);

        if (rc == 1)
                return 0;
        if (rc < 0)
                return fail(error, rc,
                            rc == -E2BIG ? "it holds a file with too many attributes"
                                         : "it holds an entry with an unsafe path, or of no kind "
                                           "that a system has",
                            NULL);
        if (entry.size > TAR_MAX_BYTES - walk->bytes || walk->files == TAR_MAX_FILES)
                return fail(error, -E2BIG, "it unfolds to more than any system", NULL);
        walk->bytes += entry.size;
        walk->files++;
        return walk->visit(walk->context, &entry, &content);
}

static int open_tar(int fd, char *error, struct archive **ret)
{
        _archive_ struct archive *tar = archive_read_new();

        if (!tar)
                return fail(error, -ENOMEM, "no memory", NULL);
        if (archive_read_support_format_tar(tar) != ARCHIVE_OK ||
            archive_read_open_fd(tar, fd, CHUNK_SIZE) != ARCHIVE_OK)
                return fail(error, -EBADMSG, "it is no tar archive", tar);
        *ret = TAKE_PTR(tar);
        return 0;
}

int tar_read(int fd, tar_visit_fn visit, void *context, char *error)
{
        _free_ struct walk *walk = calloc(1, sizeof(*walk));
        _archive_ struct archive *tar = NULL;
        struct archive_entry *entry;
        int rc;

        if (!walk)
                return fail(error, -ENOMEM, "no memory", NULL);
        walk->visit = visit;
        walk->context = context;
        rc = open_tar(fd, error, &tar);
        if (rc < 0)
                return rc;
        while ((rc = archive_read_next_header(tar, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
                rc = visit_entry(walk, tar, entry, error);
                if (rc < 0)
                        return rc;
        }
        return rc == ARCHIVE_EOF ? 0 : fail(error, -EBADMSG, "it is damaged", tar);
}

ssize_t tar_content_read(struct tar_content *content, void *to, size_t size)
{
        const la_ssize_t got = archive_read_data(content->tar, to, size);

        return got < 0 ? -EBADMSG : got;
}
