/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Files that many read at the same time: one descriptor and one copy in memory
 * for all of them. The copy is made as it is read, and goes with its last reader.
 * On one thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of all copies. Kernel and ramdisk are 28 MB, and a package of a new version may be read beside
 * the old one. A file above it is read without a copy. */
#define SHARED_FILES_MAX_BYTES (UINT64_C(128) << 20)

struct shared_files;
struct shared_file;

struct shared_files *shared_files_new(void); /* NULL without memory */
/* All its files must be closed. Takes NULL; returns NULL. */
struct shared_files *shared_files_free(struct shared_files *files);
uint64_t shared_files_bytes(const struct shared_files *files); /* held by copies, at most */

/**
 * shared_file_open() - one more reader of a file
 * @take_fd:  closed when it is not needed, or with the last reader; also on failure
 * @size:     what may be read of it
 *
 * A file that took another's place under its name is another file.
 *
 * Return: 0; -ENOMEM; -errno of fstat(2).
 */
int shared_file_open(struct shared_files *files, int take_fd, uint64_t size,
                     struct shared_file **ret);
struct shared_file *shared_file_close(struct shared_file *file); /* takes NULL; returns NULL */

/**
 * shared_file_read() - @size bytes from @offset on
 *
 * Return: @size; -EINVAL for what is not within the size given; -EIO if the file is shorter than
 *         that; -errno of reading.
 */
ssize_t shared_file_read(struct shared_file *file, uint64_t offset, void *to, size_t size);
