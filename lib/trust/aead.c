/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/trust/aead.h"

#include <errno.h>
#include <string.h>

#include "lib/trust/openssl.h"
#include "lib/trust/secret.h"

CLEANUP_DEFINE(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free)

int aead_seal(const uint8_t key[static AEAD_KEY_SIZE], const uint8_t nonce[static AEAD_NONCE_SIZE],
              struct hpke_text aad, struct hpke_text plain, uint8_t *ret)
{
        CLEANUP(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        int size;

        if (!context)
                return openssl_fail(-ENOMEM);
        if (EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key, nonce) != 1 ||
            EVP_EncryptUpdate(context, NULL, &size, aad.bytes, (int)aad.size) != 1 ||
            EVP_EncryptUpdate(context, ret, &size, plain.bytes, (int)plain.size) != 1 ||
            EVP_EncryptFinal_ex(context, ret + plain.size, &size) != 1 ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, ret + plain.size) !=
                    1)
                return openssl_fail(-EIO);
        return 0;
}

int aead_open(const uint8_t key[static AEAD_KEY_SIZE], const uint8_t nonce[static AEAD_NONCE_SIZE],
              struct hpke_text aad, struct hpke_text cipher, uint8_t *ret)
{
        CLEANUP(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        const size_t plain_size = cipher.size - AEAD_TAG_SIZE;
        uint8_t tag[AEAD_TAG_SIZE];
        int size;

        if (!context)
                return openssl_fail(-ENOMEM);
        memcpy(tag, cipher.bytes + plain_size, sizeof(tag));
        if (EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), NULL, key, nonce) != 1 ||
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1 ||
            EVP_DecryptUpdate(context, NULL, &size, aad.bytes, (int)aad.size) != 1 ||
            EVP_DecryptUpdate(context, ret, &size, cipher.bytes, (int)plain_size) != 1)
                return openssl_fail(-EIO);
        if (EVP_DecryptFinal_ex(context, ret + plain_size, &size) == 1)
                return 0;
        secret_erase(ret, plain_size); /* what was not vouched for is not shown */
        return openssl_fail(-EKEYREJECTED);
}
