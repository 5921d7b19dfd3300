/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Seed: the CIDATA volume, by which the installed system knows who it is. */

#include "installer/job.h"

#define SEED_VOLUME_SIZE (4 << 20) /* where the image has no partition for it */

/**
 * seed_make() - the whole volume
 * @time_s:  of its files, and when it was made
 * @sector_size: of the disk
 * @size:    a multiple of that
 * @ret:     @size bytes, the caller's; it holds secrets
 *
 * Return: 0, -ENOSPC: the files do not fit, -ENOMEM, -EINVAL.
 */
int seed_make(const struct job *job, uint64_t time_s, uint32_t sector_size, size_t size,
              uint8_t **ret);
