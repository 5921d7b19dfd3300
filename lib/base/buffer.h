/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Buffer: bytes that grow, up to a limit that its owner names.
 *
 * Like the writer it remembers a failure, so that a text is put together
 * without a check on each line. @bytes is always followed by a NUL byte.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
        char *bytes; /* NULL while empty */
        size_t size;
        size_t space;
        size_t limit; /* 0: BUFFER_DEFAULT_LIMIT */
        int rc;       /* 0, -ENOMEM, or -E2BIG: more than limit; nothing is added any more */
};

/* What no message of ours comes near: a bug ends here, not in the machine's memory. */
#define BUFFER_DEFAULT_LIMIT ((size_t)64 << 20)

void buffer_add(struct buffer *b, const void *bytes, size_t len);
void buffer_text(struct buffer *b, const char *text);
void buffer_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vformat(struct buffer *b, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));

/* Frees the bytes; the buffer may be used again. */
void buffer_done(struct buffer *b);

/**
 * buffer_take() - end building, and give the bytes away
 * @b:    buffer; empty afterwards
 * @ret:  set to the bytes, NUL-terminated, which the caller frees; never NULL on success
 *
 * Return: 0 on success, else what went wrong while building: -ENOMEM or -E2BIG.
 */
int buffer_take(struct buffer *b, char **ret);

#define _buffer_ __attribute__((cleanup(buffer_done)))
