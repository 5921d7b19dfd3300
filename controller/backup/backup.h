/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Backup: what of the state folder makes another controller this one, in one
 * file that only a passphrase opens. In it are the keys of the site: it is never
 * written in clear.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKUP_ERROR_SIZE 256

/* A file that does not lie where its name says. */
struct backup_part {
        const char *name; /* "cloudie.db", "images/debian.raw.zst" */
        int fd;           /* at its beginning; borrowed */
};

struct backup_order {
        const char *state; /* folder */
        const char *passphrase;
        const struct backup_part *parts; /* beside what is taken from the folder itself */
        size_t part_count;
        uint64_t made_ms;
};

/**
 * backup_make() - write one
 * @to:     a file, at its beginning; borrowed, not synced
 * @error:  BACKUP_ERROR_SIZE bytes: one sentence on failure
 *
 * Certificate and keys are taken from the folder; a database is a part, as its file is no
 * consistent one while it is used. A file that changes its size meanwhile is a failure.
 *
 * Return: 0, -errno.
 */
int backup_make(const struct backup_order *order, int to, char *error);

struct backup_about {
        char version[32]; /* of the controller that made it */
        uint64_t made_ms;
        uint64_t files, bytes; /* counted */
        bool has_database;     /* not where the database is a server's */
        bool has_images;
};

/**
 * backup_check() - read all of it
 *
 * Return: 0; -EBADMSG: this is no backup; -EKEYREJECTED: another passphrase, or it was changed or
 *         cut; -errno.
 */
int backup_check(int fd, const char *passphrase, char *error, struct backup_about *ret);

/**
 * backup_restore() - put it into a state folder
 * @state:  a folder that backup_may_restore() allowed
 *
 * The database gets its name last: until then BACKUP_MARK stands in the folder.
 *
 * Return: as backup_check(); -errno of writing.
 */
int backup_restore(int fd, const char *passphrase, const char *state, char *error);

/* A restore that did not end: nothing may be served from such a folder. */
#define BACKUP_MARK "cloudie.db.restoring"

/* Whether nothing of a controller lies in the folder. 0; -ENOTEMPTY with a sentence; -errno. */
int backup_may_restore(const char *state, char *error);
/* Whether a restore into it did not end. */
bool backup_is_half_restored(const char *state);
