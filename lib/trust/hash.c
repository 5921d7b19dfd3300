/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 by OpenSSL (libsodium's is five times slower). */

#include "lib/trust/hash.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/base/text.h"

/* Large enough that read(2) costs nothing beside the hash, small enough for the cache. */
#define READ_SIZE ((size_t)128 << 10)

struct sha256_stream {
        EVP_MD_CTX *context;
};

int sha256_stream_new(struct sha256_stream **ret)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = calloc(1, sizeof(*stream));

        if (!stream)
                return -ENOMEM;
        stream->context = EVP_MD_CTX_new();
        if (!stream->context || EVP_DigestInit_ex(stream->context, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        *ret = TAKE_PTR(stream);
        return 0;
}

int sha256_stream_add(struct sha256_stream *stream, const void *bytes, size_t size)
{
        return EVP_DigestUpdate(stream->context, bytes, size) == 1 ? 0 : -EIO;
}

int sha256_stream_end(struct sha256_stream *stream, struct sha256 *ret)
{
        struct sha256 hash;

        if (EVP_DigestFinal_ex(stream->context, hash.bytes, NULL) != 1)
                return -EIO;
        *ret = hash;
        return 0;
}

struct sha256_stream *sha256_stream_free(struct sha256_stream *stream)
{
        if (stream)
                EVP_MD_CTX_free(stream->context);
        free(stream);
        return NULL;
}

int sha256_of(const void *bytes, size_t size, struct sha256 *ret)
{
        struct sha256 hash;

        if (EVP_Digest(bytes, size, hash.bytes, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        *ret = hash;
        return 0;
}

int sha256_of_fd(int fd, struct sha256 *ret, uint64_t *ret_size)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        _free_ uint8_t *bytes = malloc(READ_SIZE);
        uint64_t size = 0;
        int rc;

        if (!bytes)
                return -ENOMEM;
        rc = sha256_stream_new(&stream);
        if (rc < 0)
                return rc;
        for (;;) {
                ssize_t n = read(fd, bytes, READ_SIZE);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                rc = sha256_stream_add(stream, bytes, (size_t)n);
                if (rc < 0)
                        return rc;
                size += (uint64_t)n;
        }
        rc = sha256_stream_end(stream, ret);
        if (rc == 0 && ret_size)
                *ret_size = size;
        return rc;
}

const char *sha256_text(char to[static SHA256_TEXT_SIZE], const struct sha256 *hash)
{
        text_hex(to, hash->bytes, sizeof(hash->bytes));
        return to;
}

int sha256_parse(const char *text, struct sha256 *ret)
{
        struct sha256 hash;

        if (strlen(text) != SHA256_TEXT_SIZE - 1)
                return -EINVAL;
        if (text_unhex(text, hash.bytes, sizeof(hash.bytes)) < 0)
                return -EINVAL;
        *ret = hash;
        return 0;
}

bool sha256_is_equal(const struct sha256 *a, const struct sha256 *b)
{
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
