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

#define DEFINE_NUMBER(name, type, take)                                                            \
        int name(struct reader *r, type *ret)                                                      \
        {                                                                                          \
                uint64_t value;                                                                    \
                int rc = take(r, sizeof(type), &value);                                            \
                                                                                                   \
                if (rc < 0)                                                                        \
                        return rc;                                                                 \
                *ret = (type)value;                                                                \
                return 0;                                                                          \
        }

DEFINE_NUMBER(reader_u8, uint8_t, take_be)
DEFINE_NUMBER(reader_be16, uint16_t, take_be)
DEFINE_NUMBER(reader_be32, uint32_t, take_be)
DEFINE_NUMBER(reader_be64, uint64_t, take_be)
DEFINE_NUMBER(reader_le16, uint16_t, take_le)
DEFINE_NUMBER(reader_le32, uint32_t, take_le)
DEFINE_NUMBER(reader_le64, uint64_t, take_le)

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
