/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * An ext4 file system that is filled entry by entry, with the owners, modes,
 * devices and attributes that they say: nothing of the kind has to be allowed to
 * whoever builds, as it would be in a folder.
 */

#include <ext2fs/ext2fs.h>
#include <limits.h>
#include <sys/types.h>

#include "image/tar.h"

struct ext4_tree {
        ext2_filsys system;
        /* The folder of the last entry: entries come sorted. */
        char folder[PATH_MAX];
        ext2_ino_t folder_number; /* 0: none yet */
};

/* The next bytes of a file: their number, 0 at its end, or negative errno. */
typedef ssize_t (*ext4_read_fn)(void *context, void *to, size_t size);

/**
 * ext4_tree_add() - add an entry; folders that are missing above it belong to root, mode 0755
 * @read:     gives a file's content
 * @context:  for @read
 *
 * A folder that is there already gets owner, mode and time.
 *
 * Return: 0; -EFBIG: the file system is full; -ENOSPC: the disk that it lies on is; -EEXIST:
 * another thing of that name is there; -ENOENT: the target of a hard link is not there; -ENOTDIR;
 * what @read said; -EIO.
 */
int ext4_tree_add(struct ext4_tree *tree, const struct tar_entry *entry, ext4_read_fn read,
                  void *context);
