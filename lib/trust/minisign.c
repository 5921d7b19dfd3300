/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text forms of minisign (https://jedisct1.github.io/minisign, "Signature
 * format"), so that an operator checks our files with a tool that is not ours:
 *
 *   untrusted comment: anything
 *   base64("ED" key-id[8] signature[64])           over BLAKE2b-512 of the bytes
 *   trusted comment: one line
 *   base64(signature[64])                          over the signature above and the comment
 *
 * The key id only helps to find the key; a signature is judged by the key alone.
 * "Ed", the old form over the bytes themselves, is refused: with both accepted,
 * a signature of a 64-byte text could pass for one of another file.
 */

#include <errno.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/reader.h"
#include "lib/trust/hash.h"
#include "lib/trust/openssl.h"
#include "lib/trust/signature.h"

#define KEY_ID_SIZE  8
#define PREHASH_SIZE 64   /* BLAKE2b-512, RFC 7693 */
#define COMMENT_MAX  8192 /* minisign's TRUSTEDCOMMENTMAXBYTES */
#define UNTRUSTED    "untrusted comment: "
#define TRUSTED      "trusted comment: "

static const uint8_t algorithm_key[2] = {'E', 'd'};
static const uint8_t algorithm_prehashed[2] = {'E', 'D'};

/* What the second line of a signature holds. */
struct signed_part {
        uint8_t algorithm[2];
        uint8_t key_id[KEY_ID_SIZE];
        uint8_t signature[ED25519_SIGNATURE_SIZE];
};

/* The second line of a .pub file. */
struct public_part {
        uint8_t algorithm[2];
        uint8_t key_id[KEY_ID_SIZE];
        struct public_key key;
};

static int prehash(const void *bytes, size_t size, uint8_t ret[static PREHASH_SIZE])
{
        if (EVP_Digest(bytes, size, ret, NULL, EVP_blake2b512(), NULL) != 1)
                return openssl_fail(-ENOMEM);
        return 0;
}

static int key_id_of(const struct public_key *key, uint8_t ret[static KEY_ID_SIZE])
{
        struct sha256 hash;
        int rc = sha256_of(key->bytes, sizeof(key->bytes), &hash);

        if (rc < 0)
                return rc;
        memcpy(ret, hash.bytes, KEY_ID_SIZE);
        return 0;
}

/* The bytes that the last line signs: the caller's. */
static int join_signed(const uint8_t signature[static ED25519_SIGNATURE_SIZE], const void *comment,
                       size_t comment_size, char **ret)
{
        _buffer_ struct buffer b = {0};

        buffer_add(&b, signature, ED25519_SIGNATURE_SIZE);
        buffer_add(&b, comment, comment_size);
        return buffer_take(&b, ret);
}

static bool is_comment(const char *comment)
{
        if (strlen(comment) > COMMENT_MAX - sizeof(TRUSTED) - 1)
                return false;
        for (const char *at = comment; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        return false;
        return true;
}

int minisign_sign(const struct signing_key *key, const void *bytes, size_t size,
                  const char *comment, char **ret)
{
        struct signed_part part;
        uint8_t whole[ED25519_SIGNATURE_SIZE], hash[PREHASH_SIZE];
        _free_ char *part_text = NULL, *whole_text = NULL, *joined = NULL;
        _buffer_ struct buffer b = {0};
        struct public_key public;
        int rc;

        if (!is_comment(comment))
                return -EINVAL;
        signing_key_public(key, &public);
        memcpy(part.algorithm, algorithm_prehashed, sizeof(part.algorithm));
        rc = key_id_of(&public, part.key_id);
        if (rc == 0)
                rc = prehash(bytes, size, hash);
        if (rc == 0)
                rc = signing_key_sign(key, hash, sizeof(hash), part.signature);
        if (rc == 0)
                rc = join_signed(part.signature, comment, strlen(comment), &joined);
        if (rc == 0)
                rc = signing_key_sign(key, joined, sizeof(part.signature) + strlen(comment), whole);
        if (rc == 0)
                rc = base64_encode(&part, sizeof(part), &part_text);
        if (rc == 0)
                rc = base64_encode(whole, sizeof(whole), &whole_text);
        if (rc < 0)
                return rc;
        buffer_format(&b, UNTRUSTED "signature made by cloudie\n%s\n" TRUSTED "%s\n%s\n", part_text,
                      comment, whole_text);
        return buffer_take(&b, ret);
}

/* Takes the bytes up to the next newline, or all that are left, and moves behind it. */
static struct reader take_line(struct reader *r)
{
        const uint8_t *newline = reader_left(r) > 0 ? memchr(r->at, '\n', reader_left(r)) : NULL;
        size_t len = newline ? (size_t)(newline - r->at) : reader_left(r);
        struct reader line = *r;

        reader_take(r, len, &line);
        if (newline)
                reader_skip(r, 1);
        return line;
}

static bool skip_prefix(struct reader *line, const char *prefix)
{
        size_t len = strlen(prefix);

        if (reader_left(line) < len || memcmp(line->at, prefix, len) != 0)
                return false;
        return reader_skip(line, len) == 0;
}

/* A line that is the base64 of exactly @size bytes. */
static int decode_line(struct reader line, void *to, size_t size)
{
        _free_ uint8_t *bytes = NULL;
        size_t bytes_size;
        int rc;

        if (reader_left(&line) != (size + 2) / 3 * 4)
                return -EBADMSG;
        rc = base64_decode((const char *)line.at, reader_left(&line), &bytes, &bytes_size);
        if (rc < 0)
                return rc;
        if (bytes_size != size)
                return -EBADMSG;
        memcpy(to, bytes, size);
        return 0;
}

/* The four lines, and nothing behind them. */
static int parse_signature(struct reader text, struct signed_part *ret_part,
                           struct reader *ret_comment,
                           uint8_t ret_whole[static ED25519_SIGNATURE_SIZE])
{
        struct reader line = take_line(&text);
        int rc;

        if (!skip_prefix(&line, UNTRUSTED))
                return -EBADMSG;
        rc = decode_line(take_line(&text), ret_part, sizeof(*ret_part));
        if (rc < 0)
                return rc;
        if (memcmp(ret_part->algorithm, algorithm_prehashed, sizeof(ret_part->algorithm)) != 0)
                return -EBADMSG;
        *ret_comment = take_line(&text);
        if (!skip_prefix(ret_comment, TRUSTED) || reader_left(ret_comment) > COMMENT_MAX)
                return -EBADMSG;
        rc = decode_line(take_line(&text), ret_whole, ED25519_SIGNATURE_SIZE);
        if (rc < 0)
                return rc;
        return reader_left(&text) > 0 ? -EBADMSG : 0;
}

int minisign_verify(const struct public_key *key, const void *bytes, size_t size,
                    const char *signature, size_t signature_size)
{
        uint8_t whole[ED25519_SIGNATURE_SIZE], hash[PREHASH_SIZE];
        _free_ char *joined = NULL;
        struct signed_part part;
        struct reader comment;
        int rc;

        rc = parse_signature(reader_over(signature, signature_size), &part, &comment, whole);
        if (rc < 0)
                return rc;
        rc = prehash(bytes, size, hash);
        if (rc < 0)
                return rc;
        rc = signature_verify(key, hash, sizeof(hash), part.signature);
        if (rc < 0)
                return rc;
        rc = join_signed(part.signature, comment.at, reader_left(&comment), &joined);
        if (rc < 0)
                return rc;
        return signature_verify(key, joined, sizeof(part.signature) + reader_left(&comment), whole);
}

int minisign_public_text(const struct public_key *key, char **ret)
{
        struct public_part part = {.key = *key};
        int rc;

        memcpy(part.algorithm, algorithm_key, sizeof(part.algorithm));
        rc = key_id_of(key, part.key_id);
        return rc < 0 ? rc : base64_encode(&part, sizeof(part), ret);
}

int minisign_public_parse(const char *text, struct public_key *ret)
{
        struct reader r = reader_over(text, strlen(text));
        struct reader line = take_line(&r);
        struct public_part part;
        int rc;

        if (skip_prefix(&line, UNTRUSTED))
                line = take_line(&r);
        rc = decode_line(line, &part, sizeof(part));
        if (rc < 0)
                return rc;
        if (reader_left(&r) > 0 ||
            memcmp(part.algorithm, algorithm_key, sizeof(part.algorithm)) != 0)
                return -EBADMSG;
        *ret = part.key;
        return 0;
}
