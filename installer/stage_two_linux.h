/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Stage two: a squashfs with the other drivers. Fetched, verified, then mounted. */

#include <stdint.h>

#include "installer/site.h"
#include "lib/fetch/fetch.h"

#define STAGE_TWO_ROOT "/stage-two"

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

/* Mounts it on STAGE_TWO_ROOT through a loop device. 0 or -errno. */
int stage_two_mount(int fd);
