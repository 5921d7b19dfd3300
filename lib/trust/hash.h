/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* SHA-256 (FIPS 180-4), and the texts that bytes travel as. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define SHA256_SIZE      32
#define SHA256_TEXT_SIZE (2 * SHA256_SIZE + 1)

struct sha256 {
        uint8_t bytes[SHA256_SIZE];
};

struct sha256_stream;

int sha256_stream_new(struct sha256_stream **ret); /* -ENOMEM */
int sha256_stream_add(struct sha256_stream *stream, const void *bytes, size_t size);
int sha256_stream_end(struct sha256_stream *stream, struct sha256 *ret);
struct sha256_stream *sha256_stream_free(struct sha256_stream *stream);
CLEANUP_DEFINE(struct sha256_stream *, sha256_stream_free)

int sha256_of(const void *bytes, size_t size, struct sha256 *ret);

/* Of all that @fd yields from its current place on. 0 or -errno of read. @ret_size may be NULL. */
int sha256_of_fd(int fd, struct sha256 *ret, uint64_t *ret_size);

const char *sha256_text(char to[static SHA256_TEXT_SIZE], const struct sha256 *hash);
int sha256_parse(const char *text, struct sha256 *ret); /* -EINVAL */
bool sha256_is_equal(const struct sha256 *a, const struct sha256 *b);
