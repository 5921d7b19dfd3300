/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Randomness comes from getrandom(2): it waits until the kernel's pool is
 * ready, which matters in a ramdisk that is two seconds old.
 */

#include "lib/trust/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/text.h"

int random_bytes(void *to, size_t size)
{
        uint8_t *at = to;

        while (size > 0) {
                ssize_t n = getrandom(at, size, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

int token_new(char to[static TOKEN_TEXT_SIZE])
{
        uint8_t bytes[(TOKEN_TEXT_SIZE - 1) / 2];
        int rc = random_bytes(bytes, sizeof(bytes));

        if (rc < 0)
                return rc;
        text_hex(to, bytes, sizeof(bytes));
        secret_erase(bytes, sizeof(bytes));
        return 0;
}

int token_hash(const char *token, struct sha256 *ret)
{
        return sha256_of(token, strlen(token), ret);
}

bool secret_is_equal(const void *a, const void *b, size_t size)
{
        return CRYPTO_memcmp(a, b, size) == 0;
}

void secret_erase(void *at, size_t size)
{
        explicit_bzero(at, size);
}
