/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Reader: a cursor over bytes that came from somebody else.
 *
 * Every take either yields what was asked for or fails and leaves the reader
 * where it was. A reader never owns its bytes and never copies them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
        const uint8_t *at;
        const uint8_t *end;
};

static inline struct reader reader_over(const void *bytes, size_t len)
{
        const uint8_t *p = bytes;

        return (struct reader){.at = p, .end = p + len};
}

static inline size_t reader_left(const struct reader *r)
{
        return (size_t)(r->end - r->at);
}

/**
 * reader_take() - split the next bytes off as a reader of their own
 * @r:       reader to advance
 * @len:     number of bytes wanted
 * @ret:     set to a reader over exactly @len bytes; untouched on failure
 *
 * The returned reader looks into the same memory as @r, and is valid for as
 * long as that memory is.
 *
 * Return: 0 on success.
 *         -EBADMSG if fewer than @len bytes are left; @r has not moved.
 */
int reader_take(struct reader *r, size_t len, struct reader *ret);

/* Copies exactly @len bytes out, or fails with -EBADMSG and copies none. */
int reader_copy(struct reader *r, void *to, size_t len);

/* Moves past @len bytes, or fails with -EBADMSG and stays. */
int reader_skip(struct reader *r, size_t len);

/* One number in the byte order of its name, or -EBADMSG and @ret untouched. */
int reader_u8(struct reader *r, uint8_t *ret);
int reader_be16(struct reader *r, uint16_t *ret);
int reader_be32(struct reader *r, uint32_t *ret);
int reader_be64(struct reader *r, uint64_t *ret);
int reader_le16(struct reader *r, uint16_t *ret);
int reader_le32(struct reader *r, uint32_t *ret);
int reader_le64(struct reader *r, uint64_t *ret);

/**
 * reader_text() - take a text that ends in a NUL byte
 * @r:    reader to advance past the NUL
 * @ret:  set to the text, inside the reader's memory; untouched on failure
 *
 * Return: 0 on success.
 *         -EBADMSG if there is no NUL byte; @r has not moved.
 */
int reader_text(struct reader *r, const char **ret);
