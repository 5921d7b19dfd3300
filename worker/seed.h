/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The seed: which node this is, who its controllers are, and the secret that is
 * good for one call. The installer wrote it, but anyone may have since: it is
 * read as what a stranger says.
 */

#include <stddef.h>

#include "lib/base/reader.h"
#include "lib/node/install.h"

#define SEED_ERROR_SIZE 256

/**
 * seed_parse() - the text of cloudie.json
 * @error:  SEED_ERROR_SIZE bytes: one sentence on failure; never the secret
 *
 * Return: 0, -EBADMSG, -E2BIG, -ENOMEM.
 */
int seed_parse(const char *json, size_t size, char *error, struct worker_seed *ret);

/* Out of a FAT volume, or the beginning of one. As above; -ENOENT: it has no such file. */
int seed_read_volume(struct reader volume, char *error, struct worker_seed *ret);

/* A cloudie.json; a device or file that holds a FAT volume. As above, and -errno of reading. */
int seed_read_file(const char *path, char *error, struct worker_seed *ret);
int seed_read_device(const char *path, char *error, struct worker_seed *ret);

/**
 * seed_find() - the seed of this system
 * @root:  "" or where sys/ and dev/ are
 *
 * Partitions named "cidata" are looked at. If one is on the disk of the root
 * file system, that is the seed, good or bad: a disk beside it may be left from
 * another installation, or another machine. Else the one that was made last.
 *
 * Return: as seed_read_device(); -ENOENT: there is none.
 */
int seed_find(const char *root, char *error, struct worker_seed *ret);
