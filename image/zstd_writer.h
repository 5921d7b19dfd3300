/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One Zstandard stream into a descriptor, on all cores. libarchive's own filter
 * has one thread (3.6), and level 19 takes its time.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

struct zstd_writer;

/* @level: 1 to 19; 0: bytes pass as they are. -ENOMEM, -EINVAL. */
int zstd_writer_new(int fd, int level, struct zstd_writer **ret);
struct zstd_writer *zstd_writer_free(struct zstd_writer *writer);
CLEANUP_DEFINE(struct zstd_writer *, zstd_writer_free)

/* 0, -errno of writing, or -EIO. */
int zstd_writer_add(struct zstd_writer *writer, const void *bytes, size_t size);

/* Ends the stream; what was added is then all with the descriptor. */
int zstd_writer_end(struct zstd_writer *writer);
