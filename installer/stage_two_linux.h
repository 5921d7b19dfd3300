/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Stage two: a squashfs with the other drivers and cloudie-install. Fetched, verified, then
 * mounted. */

#include <stdint.h>

#include "installer/site.h"
#include "lib/fetch/fetch.h"

#define STAGE_ONE_FILE "/stage-one.squashfs" /* of the ramdisk, see mkimage/stage.h */
#define STAGE_ONE_ROOT "/stage-one"
#define STAGE_TWO_ROOT "/stage-two"

/* Below a root's lib/modules/VERSION: the devices for which a report waits for stage two. */
#define STAGE_TWO_AWAITED "stage-two.alias"

struct stage_two {
        uint64_t bytes, took_ms;
        char version[64]; /* of the kernel that it is for */
};

/**
 * stage_two_fetch() - get it from the edge into memory and check it
 * @site:   where the edge is, and whose signature counts
 * @error:  FETCH_ERROR_SIZE bytes
 * @ret:    what came
 * @ret_fd: a sealed memory file that nobody can change any more; the caller's
 *
 * The manifest is believed for its signature, the file for its size and SHA-256
 * in the manifest. Nothing that does not match is kept.
 *
 * Return: 0; -EKEYREJECTED: a forged manifest or file; -ENOENT: the manifest has none; as
 * fetch_do().
 */
int stage_two_fetch(struct fetch *fetch, const struct site *site, char *error,
                    struct stage_two *ret, int *ret_fd);

/* As memory files, for a process that mounts it and believes nobody; the caller's. */
struct stage_two_files {
        int file, manifest, signature;
};

/* The same without a look at the file's hash: that is for stage_two_check(). */
int stage_two_fetch_files(struct fetch *fetch, const struct site *site, char *error,
                          struct stage_two *ret, struct stage_two_files *ret_files);

/* Whether @version is of the kernel that runs: 0, -ENOEXEC and a sentence, -errno. */
int stage_two_check_kernel(const char *version, char *error);

/**
 * stage_two_check() - whether it may be mounted
 * @key:    whose signature counts
 * @error:  FETCH_ERROR_SIZE bytes
 *
 * The file must be sealed, have the size and the hash of the manifest, and be for the kernel that
 * runs; the manifest must be signed.
 *
 * Return: 0; -EKEYREJECTED: something is forged; -ENOENT: the manifest has none; -ENOEXEC: it is
 * for another kernel; -EBADMSG; -ENOMEM; -errno.
 */
int stage_two_check(const struct stage_two_files *files, const struct public_key *key, char *error);

/* Mounts a squashfs through a loop device; @root is made. 0 or -errno. */
int stage_mount(int fd, const char *root);
