/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whole files, small ones. */

#include <stddef.h>
#include <sys/types.h>

/**
 * file_read() - a whole file into memory
 * @at:     folder descriptor for a relative @path, or AT_FDCWD
 * @max:    largest size accepted; files of sysfs and procfs report none, so it is counted
 * @ret:    the bytes, NUL-terminated, which the caller frees
 * @ret_size: may be NULL
 *
 * Return: 0, -EFBIG above @max, -ENOMEM, or -errno of open and read.
 */
int file_read(int at, const char *path, size_t max, char **ret, size_t *ret_size);

/**
 * file_replace() - put new content in the place of a file, whole or not at all
 * @mode:  permissions of the new file, 0600 for secrets
 *
 * Written beside it, synced, renamed over it, and the folder synced.
 *
 * Return: 0 or -errno; the old content then stands.
 */
int file_replace(const char *path, const void *bytes, size_t size, mode_t mode);

/* Makes a folder and the missing ones above it; 0 if it is there. */
int file_make_folders(const char *path, mode_t mode);

/* Syncs the folder that holds @path: after a rename or a new file, so that the name lasts too. */
int file_sync_folder(const char *path);
