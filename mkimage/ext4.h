/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An ext4 file system out of a folder, inside an image; without root, and always the same. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A character device, which only root could put into the folder. */
struct ext4_device {
        const char *folder, *name; /* "/dev", "console" */
        mode_t mode;
        unsigned major, minor; /* below 256 */
};

struct ext4_tree;

struct ext4_options {
        const char *folder; /* becomes its root; or NULL, and @fill is called */
        int (*fill)(void *context, struct ext4_tree *tree, char *error);
        void *context;
        uint64_t time_s;      /* with @fill: when the file system was made */
        unsigned journal_mib; /* 0: the least, for a file system that stays small */
        const char *label;    /* at most 16 bytes */
        const char *uuid;     /* of the file system */
        const char *seed;     /* UUID: of the hashes of its folders */
        uint64_t offset;      /* bytes into the image, where it begins */
        uint64_t size_kib;
        const struct ext4_device *devices;
        size_t device_count;
};

/**
 * ext4_write() - by mke2fs(8)
 * @image:  a file of zeros, large enough
 *
 * All of a folder belongs to root and has the time RUN_TIME; the modes are those in the folder.
 * What @fill adds (mkimage/ext4_tree.h) stays as it said; its errors are passed on.
 *
 * Return: 0 or negative errno, @error says what: -ENOENT if mke2fs is missing; -EIO if the
 * folder's content does not fit.
 */
int ext4_write(const struct ext4_options *options, const char *image, char *error);
