/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stranger's sealed text is never opened, however long; our own is, unless a bit was changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/trust/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct signing_key *key;

static void try_own(const struct public_key *public, const uint8_t *data, size_t size)
{
        _free_ uint8_t *sealed = NULL, *plain = NULL, *wrong = NULL;
        size_t sealed_size, plain_size;
        const size_t at = size > 0 ? data[0] : 0;

        if (seal(public, "fuzz", data, size, &sealed, &sealed_size) < 0)
                abort();
        if (seal_open(key, "fuzz", sealed, sealed_size, &plain, &plain_size) < 0 ||
            plain_size != size || memcmp(plain, data, size) != 0)
                abort();
        sealed[at % sealed_size] ^= 1;
        if (seal_open(key, "fuzz", sealed, sealed_size, &wrong, &plain_size) != -EKEYREJECTED)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ uint8_t *plain = NULL;
        struct public_key public, any = {{0}};
        size_t plain_size;

        if (!key && signing_key_new(&key) < 0)
                return 0;
        if (seal_open(key, "fuzz", data, size, &plain, &plain_size) >= 0)
                abort();
        signing_key_public(key, &public);
        try_own(&public, data, size);
        /* Whatever a claim's key may be: sealed, or refused. */
        memcpy(any.bytes, data, size < sizeof(any.bytes) ? size : sizeof(any.bytes));
        if (seal(&any, "fuzz", data, size, &plain, &plain_size) < 0 && plain)
                abort();
        return 0;
}
