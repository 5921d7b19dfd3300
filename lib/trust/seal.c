/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/trust/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/trust/hpke.h"
#include "lib/trust/secret.h"

static const struct hpke_text no_aad = {(const uint8_t *)"", 0};

static struct hpke_text text_of(const void *bytes, size_t size)
{
        return (struct hpke_text){bytes, size};
}

int seal(const struct public_key *to, const char *info, const void *plain, size_t size,
         uint8_t **ret, size_t *ret_size)
{
        uint8_t point[HPKE_KEY_SIZE], ephemeral[HPKE_KEY_SIZE];
        _free_ uint8_t *sealed = NULL;
        int rc;

        if (strlen(info) > SEAL_INFO_MAX || size > SIZE_MAX - SEAL_MORE)
                return -EINVAL;
        sealed = malloc(size + SEAL_MORE);
        if (!sealed)
                return -ENOMEM;
        rc = x25519_of_public(to, point);
        if (rc == 0)
                rc = random_bytes(ephemeral, sizeof(ephemeral));
        if (rc == 0)
                rc = x25519_public(ephemeral, sealed);
        if (rc == 0)
                rc = hpke_seal(point, ephemeral, text_of(info, strlen(info)), no_aad,
                               text_of(plain, size), sealed + HPKE_KEY_SIZE);
        secret_erase(ephemeral, sizeof(ephemeral));
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(sealed);
        *ret_size = size + SEAL_MORE;
        return 0;
}

int seal_open(const struct signing_key *key, const char *info, const void *sealed, size_t size,
              uint8_t **ret, size_t *ret_size)
{
        const uint8_t *enc = sealed;
        uint8_t scalar[HPKE_KEY_SIZE];
        _free_ uint8_t *plain = NULL;
        int rc;

        if (size < SEAL_MORE)
                return -EBADMSG;
        if (strlen(info) > SEAL_INFO_MAX)
                return -EINVAL;
        plain = calloc(1, size - SEAL_MORE + 1);
        if (!plain)
                return -ENOMEM;
        rc = x25519_of_signing(key, scalar);
        if (rc == 0)
                rc = hpke_open(scalar, enc, text_of(info, strlen(info)), no_aad,
                               text_of(enc + HPKE_KEY_SIZE, size - HPKE_KEY_SIZE), plain);
        secret_erase(scalar, sizeof(scalar));
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(plain);
        *ret_size = size - SEAL_MORE;
        return 0;
}
