/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A small FAT volume (Microsoft FAT32 File System Specification 1.03; FAT12 and
 * FAT16), with long names: made whole from a list of files, and read. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/reader.h"

#define FAT_MIN_SIZE  ((size_t)64 << 10)
#define FAT_MAX_SIZE  ((size_t)256 << 20)
#define FAT_MAX_FILES 64
/* A boot partition has 3; a system's own, some more. */
#define FAT_MAX_FOLDERS 16

struct fat_file {
        /* "grub.cfg", or a path, "EFI/debian/grub.cfg": its folders are made. Each part is 1 to 63
         * bytes of ASCII, as in long names. */
        const char *name;
        const void *bytes;
        size_t size;
};

struct fat_volume {
        const char *label; /* at most 11 bytes of ASCII, upper case; "" for none */
        uint32_t id;
        uint64_t time_s; /* of the files; seconds since 1970, or 0: 1980-01-01 */
        /* The disk's, 512 to 4,096, or 0: 512. No kernel mounts a volume with smaller ones than the
         * disk has. */
        uint32_t sector_size;
};

/**
 * fat_write() - a whole volume
 * @to:  @size bytes, a multiple of the sector size; all of it is written
 *
 * The same arguments give the same bytes.
 *
 * Return: 0, -EINVAL for such a size, sector size, label or name, -ENOSPC if the files do not fit
 * or are too many, -ENOMEM.
 */
int fat_write(const struct fat_file *files, size_t count, const struct fat_volume *volume, void *to,
              size_t size);

/**
 * fat_read() - the bytes of a file
 * @volume:  all of it, or its beginning
 * @name:    as of struct fat_file; ASCII case is ignored
 * @limit:   largest file accepted
 * @ret:     the caller's, NUL-terminated beyond its size
 *
 * Return: 0.
 *         -ENOENT: no such file.
 *         -EBADMSG: not a FAT12 or FAT16 volume, or a chain that ends early, loops or leaves it.
 *         -E2BIG above @limit, -ENOMEM.
 */
int fat_read(struct reader volume, const char *name, size_t limit, char **ret, size_t *ret_size);

/**
 * fat_find() - where a file lies
 * @volume, @name:  as of fat_read()
 * @ret_at:         bytes from the volume's beginning
 *
 * For who writes over a file, in its own size.
 *
 * Return: 0; what fat_read() returns; -EBADMSG as well if it is empty, or not in one piece.
 */
int fat_find(struct reader volume, const char *name, uint64_t *ret_at, size_t *ret_size);

/* 0 and the label, or -EBADMSG. @ret: 12 bytes. */
int fat_label(struct reader volume, char ret[static 12]);
