/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every take goes through reader_take(), so there is one bounds check in the
 * program, and it compares by subtraction: a length near SIZE_MAX cannot wrap.
 */
#include "lib/base/reader.h"

#include <errno.h>
#include <string.h>

int reader_take(struct reader *r, size_t len, struct reader *ret)
{
        if (len > reader_left(r))
                return -EBADMSG;

        *ret = (struct reader){.at = r->at, .end = r->at + len};
        r->at += len;
        return 0;
}

int reader_copy(struct reader *r, void *to, size_t len)
{
        struct reader b;
        int rc;

        rc = reader_take(r, len, &b);
        if (rc < 0)
                return rc;

        if (len > 0)
                memcpy(to, b.at, len);
        return 0;
}

int reader_skip(struct reader *r, size_t len)
{
        struct reader b;

        return reader_take(r, len, &b);
}

/* @len bytes, the most significant one first. */
static int take_be(struct reader *r, size_t len, uint64_t *ret)
{
        struct reader b;
        uint64_t value = 0;
        int rc;

        rc = reader_take(r, len, &b);
        if (rc < 0)
                return rc;

        for (size_t i = 0; i < len; i++)
                value = value << 8 | b.at[i];
        *ret = value;
        return 0;
}

/* @len bytes, the least significant one first. */
static int take_le(struct reader *r, size_t len, uint64_t *ret)
{
        struct reader b;
        uint64_t value = 0;
        int rc;

        rc = reader_take(r, len, &b);
        if (rc < 0)
                return rc;

        for (size_t i = len; i > 0; i--)
                value = value << 8 | b.at[i - 1];
        *ret = value;
        return 0;
}

int reader_u8(struct reader *r, uint8_t *ret)
{
        uint64_t value;
        int rc = take_be(r, sizeof(*ret), &value);

        if (rc == 0)
                *ret = (uint8_t)value;
        return rc;
}

int reader_be16(struct reader *r, uint16_t *ret)
{
        uint64_t value;
        int rc = take_be(r, sizeof(*ret), &value);

        if (rc == 0)
                *ret = (uint16_t)value;
        return rc;
}

int reader_be32(struct reader *r, uint32_t *ret)
{
        uint64_t value;
        int rc = take_be(r, sizeof(*ret), &value);

        if (rc == 0)
                *ret = (uint32_t)value;
        return rc;
}

int reader_be64(struct reader *r, uint64_t *ret)
{
        return take_be(r, sizeof(*ret), ret);
}

int reader_le16(struct reader *r, uint16_t *ret)
{
        uint64_t value;
        int rc = take_le(r, sizeof(*ret), &value);

        if (rc == 0)
                *ret = (uint16_t)value;
        return rc;
}

int reader_le32(struct reader *r, uint32_t *ret)
{
        uint64_t value;
        int rc = take_le(r, sizeof(*ret), &value);

        if (rc == 0)
                *ret = (uint32_t)value;
        return rc;
}

int reader_le64(struct reader *r, uint64_t *ret)
{
        return take_le(r, sizeof(*ret), ret);
}

int reader_text(struct reader *r, const char **ret)
{
        size_t left = reader_left(r);
        const uint8_t *nul = left > 0 ? memchr(r->at, 0, left) : NULL;

        if (!nul)
                return -EBADMSG;

        *ret = (const char *)r->at;
        r->at = nul + 1;
        return 0;
}
