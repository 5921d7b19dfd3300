/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ed25519 keys, where they lie, and plain signatures. minisign.c wraps them. */

#include "lib/trust/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/trust/hpke.h"
#include "lib/trust/openssl.h"
#include "lib/trust/secret.h"

/* An Ed25519 key in PEM is 119 bytes; leave room for comments around it. */
#define KEY_FILE_MAX 4096

struct signing_key {
        EVP_PKEY *pair;
};

/* Takes @pair, also when it fails. */
static int key_take(EVP_PKEY *pair, struct signing_key **ret)
{
        struct signing_key *key = malloc(sizeof(*key));

        if (!key) {
                EVP_PKEY_free(pair);
                return -ENOMEM;
        }
        key->pair = pair;
        *ret = key;
        return 0;
}

int signing_key_new(struct signing_key **ret)
{
        EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

        return pair ? key_take(pair, ret) : openssl_fail(-EIO);
}

struct signing_key *signing_key_free(struct signing_key *key)
{
        if (key)
                EVP_PKEY_free(key->pair); /* erases the private half */
        free(key);
        return NULL;
}

int openssl_save_key(EVP_PKEY *key, const char *path)
{
        CLEANUP(BIO_free) BIO *pem = BIO_new(BIO_s_secmem()); /* erased when freed */
        char *bytes;
        long size;

        if (!pem || PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) != 1)
                return openssl_fail(-ENOMEM);
        size = BIO_get_mem_data(pem, &bytes);
        return file_replace(path, bytes, (size_t)size, 0600);
}

int signing_key_save(const struct signing_key *key, const char *path)
{
        return openssl_save_key(key->pair, path);
}

int signing_key_load(const char *path, struct signing_key **ret)
{
        CLEANUP(EVP_PKEY_free) EVP_PKEY *pair = NULL;
        CLEANUP(BIO_free) BIO *pem = NULL;
        _free_ char *bytes = NULL;
        size_t size;
        int rc;

        rc = file_read(AT_FDCWD, path, KEY_FILE_MAX, &bytes, &size);
        if (rc < 0)
                return rc == -EFBIG ? -EBADMSG : rc;
        pem = BIO_new_mem_buf(bytes, (int)size);
        if (pem)
                pair = PEM_read_bio_PrivateKey(pem, NULL, openssl_no_passphrase, NULL);
        secret_erase(bytes, size);
        if (!pem)
                return openssl_fail(-ENOMEM);
        if (!pair || !EVP_PKEY_is_a(pair, "ED25519"))
                return openssl_fail(-EBADMSG);
        return key_take(TAKE_PTR(pair), ret);
}

void signing_key_public(const struct signing_key *key, struct public_key *ret)
{
        size_t size = sizeof(ret->bytes);

        /* Cannot fail: the key is an Ed25519 one, and the room is what such a key needs. */
        EVP_PKEY_get_raw_public_key(key->pair, ret->bytes, &size);
}

/* The scalar that signs, which X25519 clamps as Ed25519 does (RFC 8032 5.1.5, RFC 7748 5). */
int x25519_of_signing(const struct signing_key *key, uint8_t ret[static HPKE_KEY_SIZE])
{
        uint8_t seed[HPKE_KEY_SIZE], hash[EVP_MAX_MD_SIZE];
        size_t size = sizeof(seed);
        int rc = 0;

        if (EVP_PKEY_get_raw_private_key(key->pair, seed, &size) != 1 ||
            EVP_Digest(seed, size, hash, NULL, EVP_sha512(), NULL) != 1)
                rc = openssl_fail(-EIO);
        else
                memcpy(ret, hash, HPKE_KEY_SIZE);
        secret_erase(seed, sizeof(seed));
        secret_erase(hash, sizeof(hash));
        return rc;
}

int signing_key_sign(const struct signing_key *key, const void *bytes, size_t size,
                     uint8_t ret[static ED25519_SIGNATURE_SIZE])
{
        CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t ret_size = ED25519_SIGNATURE_SIZE;

        if (!context)
                return openssl_fail(-ENOMEM);
        if (EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) != 1 ||
            EVP_DigestSign(context, ret, &ret_size, bytes, size) != 1)
                return openssl_fail(-EIO);
        return 0;
}

int signature_verify(const struct public_key *key, const void *bytes, size_t size,
                     const uint8_t signature[static ED25519_SIGNATURE_SIZE])
{
        CLEANUP(EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
        CLEANUP(EVP_PKEY_free) EVP_PKEY *public = NULL;

        public = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key->bytes,
                                                sizeof(key->bytes));
        if (!context || !public || EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) != 1 ||
            EVP_DigestVerify(context, signature, ED25519_SIGNATURE_SIZE, bytes, size) != 1)
                return openssl_fail(-EKEYREJECTED);
        return 0;
}
