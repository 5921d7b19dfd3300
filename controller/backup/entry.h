/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Inside a backup: one file after the other, each as the length of its name (be16),
 * its name, its size (be64), its bytes, and their SHA-256. A name of no bytes ends it.
 * All of it is locked (lib/trust/locked.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/reader.h"

#define BACKUP_ABOUT     "about.json"
#define BACKUP_DATABASE  "cloudie.db"
#define BACKUP_IMAGES    "images/"
#define BACKUP_NAME_SIZE 128
#define BACKUP_HEAD_MAX  (BACKUP_NAME_SIZE - 1 + 8) /* behind the length of the name */

struct backup_entry {
        char name[BACKUP_NAME_SIZE];
        uint64_t size;
        mode_t mode; /* that the file gets */
};

/* What stands in the state folder and is kept, the database last. NULL-ended. */
extern const char *const backup_names[];

/**
 * backup_entry_parse() - name and size
 * @bytes:  behind the length of the name: @name_size and 8 bytes
 *
 * Only names that a backup may have: no path leads anywhere else. Pure.
 *
 * Return: 0, -EBADMSG.
 */
int backup_entry_parse(struct reader bytes, size_t name_size, struct backup_entry *ret);

/* @ret: 2 + BACKUP_HEAD_MAX bytes. How many were written; -EINVAL for a name as above. */
ssize_t backup_entry_write(const struct backup_entry *entry, uint8_t *ret);
