/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Writer: a cursor over a fixed buffer of ours that is being filled.
 *
 * A write that does not fit writes nothing, and marks the writer as failed; all
 * later writes do nothing. So a message is built without a check on each line,
 * and writer_size() at its end says whether it fitted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct writer {
        uint8_t *start;
        uint8_t *at;
        uint8_t *end;
        bool is_overrun;
};

static inline struct writer writer_over(void *bytes, size_t size)
{
        uint8_t *p = bytes;

        return (struct writer){.start = p, .at = p, .end = p + size};
}

static inline size_t writer_left(const struct writer *w)
{
        return (size_t)(w->end - w->at);
}

void writer_bytes(struct writer *w, const void *bytes, size_t len);
void writer_zero(struct writer *w, size_t len);
void writer_u8(struct writer *w, uint8_t value);
void writer_be16(struct writer *w, uint16_t value);
void writer_be32(struct writer *w, uint32_t value);
void writer_be64(struct writer *w, uint64_t value);
void writer_le16(struct writer *w, uint16_t value);
void writer_le32(struct writer *w, uint32_t value);
void writer_le64(struct writer *w, uint64_t value);

/* The text without its NUL byte. */
void writer_text(struct writer *w, const char *text);

/* Bytes written so far, or -ENOBUFS once a write did not fit. */
ssize_t writer_size(const struct writer *w);
