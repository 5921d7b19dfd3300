/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A key is a sequence of strings, each with its length before it (RFC 4251 5). A
 * row says how many a type has, and which one is as long as what.
 */

#include "lib/node/ssh_key.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define RSA_MIN_BYTES 128  /* 1024 bits: what is shorter is no key of today */
#define RSA_MAX_BYTES 2049 /* 16,384 bits, and the byte of its sign */

/* clang-format off */
static const struct key_row {
        const char *type;
        const char *curve;   /* first string; NULL: any */
        unsigned strings;    /* behind the type */
        unsigned key;        /* which of them is the key; behind it is what is on a token: no server's */
        uint32_t min, max;   /* bytes of that */
} rows[] = {
        {"ssh-ed25519",                        NULL,       1, 0, 32,            32           },
        {"ecdsa-sha2-nistp256",                "nistp256", 2, 1, 65,            65           }, /* 04 X Y, SEC 1 2.3.3 */
        {"ecdsa-sha2-nistp384",                "nistp384", 2, 1, 97,            97           },
        {"ecdsa-sha2-nistp521",                "nistp521", 2, 1, 133,           133          },
        {"ssh-rsa",                            NULL,       2, 1, RSA_MIN_BYTES, RSA_MAX_BYTES}, /* e, n */
        {"sk-ssh-ed25519@openssh.com",         NULL,       2, 0, 32,            32           }, /* key, application */
        {"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 3, 1, 65,            65           },
};
/* clang-format on */

static bool is_text(const struct reader *string, const char *text)
{
        return reader_left(string) == strlen(text) && memcmp(string->at, text, strlen(text)) == 0;
}

static const struct key_row *row_of(struct reader type)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (is_text(&type, rows[i].type))
                        return &rows[i];
        return NULL;
}

static int take_string(struct reader *from, struct reader *ret)
{
        uint32_t size;
        int rc = reader_be32(from, &size);

        return rc < 0 ? rc : reader_take(from, size, ret);
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
                if (i == row->key &&
                    (reader_left(&string) < row->min || reader_left(&string) > row->max))
                        return -EBADMSG;
        }
        return reader_left(&blob) == 0 ? 0 : -EBADMSG;
}

/* @text: base64. -EILSEQ: it is none. */
static int check_text(const struct key_row *row, const char *text, size_t size)
{
        _free_ uint8_t *bytes = NULL;
        size_t bytes_size;
        int rc;

        rc = base64_decode(text, size, &bytes, &bytes_size);
        if (rc < 0)
                return rc == -EBADMSG ? -EILSEQ : rc;
        return check_blob(reader_over(bytes, bytes_size), row);
}

int ssh_key_check(const struct ssh_key *key)
{
        const struct key_row *row = row_of(reader_over(key->type, strlen(key->type)));
        int rc;

        if (!row || row->key + 1 < row->strings)
                return -EBADMSG;
        rc = check_text(row, key->key, strlen(key->key));
        return rc == -EILSEQ ? -EBADMSG : rc;
}

int ssh_key_check_line(const char *line)
{
        const size_t size = strcspn(line, " ");
        const struct key_row *row = row_of(reader_over(line, size));

        if (!row)
                return -EPROTONOSUPPORT;
        if (line[size] == '\0')
                return -ENODATA;
        line += size + 1;
        return check_text(row, line, strcspn(line, " "));
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
