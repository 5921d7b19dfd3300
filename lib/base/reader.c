/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/reader.h"

#include <errno.h>
#include <string.h>

int reader_take(struct reader *r, size_t len, struct reader *ret)
{
        if (len > reader_left(r))
                return -EBADMSG;

        *ret = reader_over(r->at, len);
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

        memcpy(to, b.at, len);
        return 0;
}

int reader_u8(struct reader *r, uint8_t *ret)
{
        struct reader b;
        int rc;

        rc = reader_take(r, 1, &b);
        if (rc < 0)
                return rc;

        *ret = b.at[0];
        return 0;
}

int reader_be16(struct reader *r, uint16_t *ret)
{
        struct reader b;
        int rc;

        rc = reader_take(r, 2, &b);
        if (rc < 0)
                return rc;

        *ret = (uint16_t)(b.at[0] << 8 | b.at[1]);
        return 0;
}

int reader_be32(struct reader *r, uint32_t *ret)
{
        struct reader b;
        int rc;

        rc = reader_take(r, 4, &b);
        if (rc < 0)
                return rc;

        *ret = (uint32_t)b.at[0] << 24 | (uint32_t)b.at[1] << 16 | (uint32_t)b.at[2] << 8 | b.at[3];
        return 0;
}
