/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * cpio: the archive that Linux unpacks as its first root (newc, the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Entries are collected in any order and written so that the same entries give
 * the same bytes: sorted, owned by root, time 0, inode numbers counted. Nothing
 * of it needs root: devices are only written down.
 *
 * Paths have no leading slash. Folders above an entry are made by themselves
 * (mode 0755). What is added is copied; a file added by name is read when the
 * archive is written.
 */

#include <stddef.h>
#include <sys/types.h>

#include "image/deb.h" /* IMAGE_ERROR_SIZE */
#include "lib/base/cleanup.h"

/* Far above any root of ours, although the folders above each entry count, too. */
#define CPIO_MAX_ENTRIES 262144

struct cpio;

int cpio_new(struct cpio **ret); /* -ENOMEM */
struct cpio *cpio_free(struct cpio *cpio);
CLEANUP_DEFINE(struct cpio *, cpio_free)

/* All of them: 0, -EINVAL for a path with a leading slash or an empty, "." or ".." part,
 * -E2BIG above CPIO_MAX_ENTRIES, -ENOMEM. @mode is permissions alone. */
int cpio_add_folder(struct cpio *cpio, const char *path, mode_t mode);
int cpio_add_file(struct cpio *cpio, const char *path, mode_t mode, const char *from);
int cpio_add_bytes(struct cpio *cpio, const char *path, mode_t mode, const void *bytes,
                   size_t size);
int cpio_add_link(struct cpio *cpio, const char *path, const char *target);
int cpio_add_device(struct cpio *cpio, const char *path, mode_t mode, unsigned major,
                    unsigned minor);

struct cpio_options {
        int level;        /* of zstd, 1 to 19; 0: not compressed */
        const char *last; /* the path that is written after all others; NULL: none */
};

/**
 * cpio_write() - write the archive
 * @fd:     where to, from its current place on
 * @error:  IMAGE_ERROR_SIZE bytes; one sentence on failure
 *
 * The bytes do not depend on the number of cores. Where an archive that is not
 * compressed follows a compressed one, it must lie at a multiple of 4: loaders
 * see to that, zero bytes between them are skipped by the kernel.
 *
 * Return: 0.
 *         -EEXIST if two entries have one path, or something lies below a file.
 *         -ENOENT if @options->last was never added.
 *         -errno of reading a file or of writing.
 */
int cpio_write(struct cpio *cpio, int fd, const struct cpio_options *options, char *error);
