/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Parts of `image import` that need no controller. */

#include <stddef.h>
#include <stdint.h>

#include "image/frame.h"

/* "/tmp/worker.raw" -> "worker"; -EINVAL: what comes out is no name of an image. */
int import_name(const char *path, char ret[static IMAGE_NAME_SIZE]);

/* "worker: 12 of 512 frames, 2 %, 3.1 MiB sent" */
void import_progress(char *to, size_t size, const char *name, uint64_t done, uint64_t frames,
                     uint64_t sent);

/* What a disk image's partition table counts in: where "EFI PART" stands (UEFI 2.10 5.3.2). 512 for
 * one without. 0, -errno of reading. */
int import_sector_size(int fd, uint32_t *ret);

/**
 * import_read() - bytes of a disk image
 * @to:  filled with exactly @size bytes; holes are not read, they are zero
 *
 * Return: 0; -EPIPE: the file ends before; -errno of reading.
 */
int import_read(int fd, uint64_t offset, void *to, size_t size);
