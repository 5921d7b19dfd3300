/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How many bytes a file system uses of its partition, by its superblock. Bytes alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FS_SIZE_BLOCK 1024 /* bytes of a superblock that are looked at */

/* Where a kind of file system, as libblkid names it, has its superblock: a byte of its partition.
 * False for kinds that this file does not know. */
bool fs_size_place(const char *kind, uint64_t *ret_offset);

/**
 * fs_size_parse() - the size that a superblock tells
 * @block:  what stands at fs_size_place()
 * @ret:    bytes; written only on success
 *
 * Return: false if the block is none of that kind, or what it says cannot be.
 */
bool fs_size_parse(const char *kind, const void *block, size_t size, uint64_t *ret);
