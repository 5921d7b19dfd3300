/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The file of a journal: reading it whole, growing it, writing batches that last. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/journal.h"

struct journal_file {
        int fd; /* -EBADF: none */
        uint32_t seed;
        uint64_t count; /* records in it */
        uint64_t end;   /* where the next one goes */
        uint64_t space; /* bytes up to here are on disk as zeros or records */
};

/* The lock of @path, in a file beside it: the journal itself is replaced now and then. -EBUSY. */
int journal_file_lock(const char *path, int *ret_fd);

/* A new one without records, its bytes synced; its name is not. 0 or -errno. */
int journal_file_create(const char *path, struct journal_file *ret);

/* Reads, replays, cuts a torn tail off. -ENOENT, -EBADMSG, -errno, or what @replay returned. */
int journal_file_open(const char *path, journal_replay_fn replay, void *context,
                      struct journal_file *ret);

/**
 * journal_file_write() - add records as one batch, and sync it
 * @records:  unsealed; sealed on return
 *
 * Return: 0, or -errno: then nobody knows what is on disk.
 */
int journal_file_write(struct journal_file *file, void *records, size_t size);

/* Reads what journal_file_write() wrote to @path back, where it can from the disk itself. 0; -EIO
 * if it is something else; -EBADMSG, -errno. */
int journal_file_verify(const struct journal_file *file, const char *path);

/* Gives @from the name @to, for good. */
int journal_file_rename(const char *from, const char *to);

void journal_file_close(struct journal_file *file);
