/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Tar archives (pax, GNU, ustar; not compressed), with all that a file system wants to know. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAR_ERROR_SIZE 512

/* A Debian system with everything in it has a tenth of these. */
#define TAR_MAX_FILES      ((size_t)2 << 20)
#define TAR_MAX_BYTES      ((uint64_t)64 << 30)

#define TAR_MAX_ATTRIBUTES 16 /* of one file; Debian's have one at most, security.capability */

enum tar_kind {
        TAR_FILE,
        TAR_FOLDER,
        TAR_SYMLINK,
        TAR_HARD_LINK, /* to an entry that came before */
        TAR_CHARACTER,
        TAR_BLOCK,
        TAR_FIFO,
        TAR_KIND_COUNT,
};

struct tar_attribute {
        const char *name; /* "security.capability" */
        const void *value;
        size_t size;
};

/* Valid while it is visited. */
struct tar_entry {
        enum tar_kind kind;
        const char *path;   /* "etc/fstab"; no leading or trailing slash, no "." and no ".." */
        const char *target; /* of a symbolic link as it stands; of a hard link a path as above */
        mode_t mode;        /* of the permissions only */
        uint32_t uid, gid;
        uint64_t size; /* bytes; 0 but for files */
        int64_t time_s;
        unsigned major, minor; /* of devices */
        const struct tar_attribute *attributes;
        size_t attribute_count;
};

struct tar_content;

/* Called for each entry but the root folder's. A negative errno ends the walk. */
typedef int (*tar_visit_fn)(void *context, const struct tar_entry *entry,
                            struct tar_content *content);

/**
 * tar_read() - walk an archive
 * @fd:     the archive, to its end; need not be seekable
 * @error:  TAR_ERROR_SIZE bytes; on failure what is wrong, untouched if @visit failed
 *
 * Return: 0, or what @visit returned below 0.
 *         -EBADMSG if it is damaged, cut off, or holds a path that leads out of it.
 *         -E2BIG above one of the limits; -ENOMEM.
 */
int tar_read(int fd, tar_visit_fn visit, void *context, char *error);

/* The next bytes of the file being visited: their number, 0 at its end, -EBADMSG if damaged. */
ssize_t tar_content_read(struct tar_content *content, void *to, size_t size);
