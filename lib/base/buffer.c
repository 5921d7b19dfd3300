/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Space doubles, so that n bytes added one by one cost n copies, not n squared. */
#include "lib/base/buffer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SPACE 256

/* Makes room for @len bytes and a NUL behind them, or notes why not. */
static bool reserve(struct buffer *b, size_t len)
{
        size_t limit = b->limit ? b->limit : BUFFER_DEFAULT_LIMIT;
        size_t space = b->space ? b->space : FIRST_SPACE;
        char *bytes;

        if (b->rc < 0)
                return false;
        if (b->size > limit || len > limit - b->size) {
                b->rc = -E2BIG;
                return false;
        }
        if (b->space > b->size && len < b->space - b->size)
                return true;

        while (space - b->size <= len) {
                if (space > SIZE_MAX / 2) {
                        b->rc = -ENOMEM;
                        return false;
                }
                space *= 2;
        }
        bytes = realloc(b->bytes, space);
        if (!bytes) {
                b->rc = -ENOMEM;
                return false;
        }
        b->bytes = bytes;
        b->space = space;
        return true;
}

void buffer_add(struct buffer *b, const void *bytes, size_t len)
{
        if (!reserve(b, len))
                return;

        if (len > 0)
                memcpy(b->bytes + b->size, bytes, len);
        b->size += len;
        b->bytes[b->size] = '\0';
}

void buffer_text(struct buffer *b, const char *text)
{
        buffer_add(b, text, strlen(text));
}

void buffer_vformat(struct buffer *b, const char *format, va_list args)
{
        va_list again;
        int len;

        va_copy(again, args);
        len = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (len < 0) {
                if (b->rc == 0)
                        b->rc = -E2BIG; /* only a text above INT_MAX gets here */
                return;
        }
        if (!reserve(b, (size_t)len))
                return;

        vsnprintf(b->bytes + b->size, (size_t)len + 1, format, args);
        b->size += (size_t)len;
}

void buffer_format(struct buffer *b, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        buffer_vformat(b, format, args);
        va_end(args);
}

void buffer_done(struct buffer *b)
{
        free(b->bytes);
        *b = (struct buffer){.limit = b->limit};
}

int buffer_take(struct buffer *b, char **ret)
{
        int rc;

        buffer_add(b, "", 0); /* an empty buffer gives away an empty text, not NULL */
        rc = b->rc;
        if (rc == 0) {
                *ret = b->bytes;
                b->bytes = NULL;
        }
        buffer_done(b);
        return rc;
}
