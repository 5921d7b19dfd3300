/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A key is a sequence of strings, each with its length before it (RFC 4251 5). A
 * row says how many a type has, and how long the last one is.
 */

#include "lib/trust/ssh_key.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/trust/hash.h"

#define RSA_MIN_BYTES 128  /* 1024 bits: what is shorter is no key of today */
#define RSA_MAX_BYTES 1025 /* 8192 bits, and the byte of its sign */

/* clang-format off */
static const struct key_row {
        const char *type;
        const char *curve;           /* second string; NULL: any */
        unsigned strings;            /* behind the type */
        uint32_t last_min, last_max; /* bytes of the last string */
} rows[] = {
        {"ssh-ed25519",         NULL,       1, 32,            32           },
        {"ecdsa-sha2-nistp256", "nistp256", 2, 65,            65           }, /* 04 X Y, SEC 1 2.3.3 */
        {"ecdsa-sha2-nistp384", "nistp384", 2, 97,            97           },
        {"ecdsa-sha2-nistp521", "nistp521", 2, 133,           133          },
        {"ssh-rsa",             NULL,       2, RSA_MIN_BYTES, RSA_MAX_BYTES}, /* e, n */
};
/* clang-format on */

static const struct key_row *row_of(const char *type)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].type, type) == 0)
                        return &rows[i];
        return NULL;
}

static int take_string(struct reader *from, struct reader *ret)
{
        uint32_t size;
        int rc = reader_be32(from, &size);

        return rc < 0 ? rc : reader_take(from, size, ret);
}

static bool is_text(const struct reader *string, const char *text)
{
        return reader_left(string) == strlen(text) && memcmp(string->at, text, strlen(text)) == 0;
}

static int check_blob(struct reader blob, const struct key_row *row)
{
        struct reader string;

        if (take_string(&blob, &string) < 0 || !is_text(&string, row->type))
                return -EBADMSG;
        for (unsigned i = 0; i < row->strings; i++) {
                if (take_string(&blob, &string) < 0 || reader_left(&string) == 0)
                        return -EBADMSG;
                if (i == 0 && row->curve && !is_text(&string, row->curve))
                        return -EBADMSG;
        }
        if (reader_left(&string) < row->last_min || reader_left(&string) > row->last_max)
                return -EBADMSG;
        return reader_left(&blob) == 0 ? 0 : -EBADMSG;
}

int ssh_key_check(const struct ssh_key *key)
{
        const struct key_row *row = row_of(key->type);
        _free_ uint8_t *bytes = NULL;
        size_t size;
        int rc;

        if (!row)
                return -EBADMSG;
        rc = base64_decode(key->key, strlen(key->key), &bytes, &size);
        return rc < 0 ? rc : check_blob(reader_over(bytes, size), row);
}

int ssh_key_parse(const char *line, struct ssh_key *ret)
{
        struct ssh_key key = {0};
        size_t size = strcspn(line, " \t\r\n");
        int rc;

        if (text_copy_bytes(key.type, sizeof(key.type), line, size) < 0)
                return -EBADMSG;
        line += size;
        line += strspn(line, " \t");
        size = strcspn(line, " \t\r\n");
        if (text_copy_bytes(key.key, sizeof(key.key), line, size) < 0)
                return -EBADMSG;
        rc = ssh_key_check(&key);
        if (rc == 0)
                *ret = key;
        return rc;
}
