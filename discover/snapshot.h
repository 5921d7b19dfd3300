/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Snapshot: what the probes read of a machine, as an archive that --root reads
 * once it is unpacked, with the same answers.
 */

#include "discover/tree.h"
#include "lib/base/buffer.h"

struct snapshot;

struct snapshot *snapshot_new(void);                       /* NULL without memory */
struct snapshot *snapshot_free(struct snapshot *snapshot); /* takes NULL */
CLEANUP_DEFINE(struct snapshot *, snapshot_free)

/* Copies an entry. What the memory does not hold any more is remembered, and said at the end. */
void snapshot_add(struct snapshot *snapshot, enum tree_entry kind, const char *path,
                  const void *bytes, size_t size);

/* Paths, links and files may be changed, but for their sizes. */
struct snapshot_entry {
        enum tree_entry kind;
        char *path;
        uint8_t *bytes;
        size_t size;
};

/* One entry a path, in their order; only now are these known. NULL past the end. */
struct snapshot_entry *snapshot_at(struct snapshot *snapshot, size_t index);

/**
 * snapshot_tar() - the archive (POSIX.1-2001 pax), folders before what is in them
 *
 * The same snapshot gives the same bytes: no times and no owners are in it.
 *
 * Return: 0, -ENOMEM, -E2BIG above SNAPSHOT_SIZE_MAX.
 */
int snapshot_tar(struct snapshot *snapshot, struct buffer *ret);
#define SNAPSHOT_SIZE_MAX ((size_t)512 << 20)

/* The same, compressed (RFC 8878); the caller's. 0, or as above. */
int snapshot_pack(struct snapshot *snapshot, char **ret, size_t *ret_size);
