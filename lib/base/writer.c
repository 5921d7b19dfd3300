/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One claim, claim(), hands out the bytes to be filled; all else is built on it. */
#include "lib/base/writer.h"

#include <errno.h>
#include <string.h>

/* The next @len bytes to fill, or NULL: there is no room, and the writer has failed. */
static uint8_t *claim(struct writer *w, size_t len)
{
        uint8_t *p = w->at;

        if (w->is_overrun || len > writer_left(w)) {
                w->is_overrun = true;
                return NULL;
        }
        w->at += len;
        return p;
}

void writer_bytes(struct writer *w, const void *bytes, size_t len)
{
        uint8_t *p = claim(w, len);

        if (p && len > 0)
                memcpy(p, bytes, len);
}

void writer_zero(struct writer *w, size_t len)
{
        uint8_t *p = claim(w, len);

        if (p && len > 0)
                memset(p, 0, len);
}

static void put_be(struct writer *w, uint64_t value, size_t len)
{
        uint8_t *p = claim(w, len);

        if (!p)
                return;
        for (size_t i = len; i > 0; i--) {
                p[i - 1] = (uint8_t)value;
                value >>= 8;
        }
}

static void put_le(struct writer *w, uint64_t value, size_t len)
{
        uint8_t *p = claim(w, len);

        if (!p)
                return;
        for (size_t i = 0; i < len; i++) {
                p[i] = (uint8_t)value;
                value >>= 8;
        }
}

void writer_u8(struct writer *w, uint8_t value)
{
        put_be(w, value, sizeof(value));
}

void writer_be16(struct writer *w, uint16_t value)
{
        put_be(w, value, sizeof(value));
}

void writer_be32(struct writer *w, uint32_t value)
{
        put_be(w, value, sizeof(value));
}

void writer_be64(struct writer *w, uint64_t value)
{
        put_be(w, value, sizeof(value));
}

void writer_le16(struct writer *w, uint16_t value)
{
        put_le(w, value, sizeof(value));
}

void writer_le32(struct writer *w, uint32_t value)
{
        put_le(w, value, sizeof(value));
}

void writer_le64(struct writer *w, uint64_t value)
{
        put_le(w, value, sizeof(value));
}

void writer_text(struct writer *w, const char *text)
{
        writer_bytes(w, text, strlen(text));
}

ssize_t writer_size(const struct writer *w)
{
        return w->is_overrun ? -ENOBUFS : (ssize_t)(w->at - w->start);
}
