/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads like RFC 9180: sections 4 (labels), 4.1 (DHKEM), 5.1 (key schedule), 5.2 (seal, open). */

#include "lib/trust/hpke.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/hmac.h>
#include <string.h>

#include "lib/base/writer.h"
#include "lib/trust/aead.h"
#include "lib/trust/openssl.h"
#include "lib/trust/secret.h"

#define HASH_SIZE    32 /* Nh of the KDF, Nsecret of the KEM, Nk of the AEAD: all the same here */
#define NONCE_SIZE   AEAD_NONCE_SIZE
#define CONTEXT_SIZE (1 + 2 * HASH_SIZE)
#define LABELED_MAX  512 /* info of 256 bytes, or two keys, behind labels of some 30 */

CLEANUP_DEFINE(BN_CTX *, BN_CTX_free)
CLEANUP_DEFINE(BIGNUM *, BN_free)
CLEANUP_DEFINE(EVP_PKEY_CTX *, EVP_PKEY_CTX_free)

struct suite {
        const uint8_t *id;
        size_t size;
};

/* RFC 9180 7: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. */
static const uint8_t kem_id[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_id[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};
static const struct suite kem = {kem_id, sizeof(kem_id)};
static const struct suite hpke = {hpke_id, sizeof(hpke_id)};
static const struct hpke_text empty = {(const uint8_t *)"", 0};

/* Without a salt the key is empty (RFC 5869 2.2): HMAC pads it with zeros. */
static int hmac(struct hpke_text key, const struct writer *text, uint8_t ret[static HASH_SIZE])
{
        const ssize_t size = writer_size(text);
        unsigned ret_size = HASH_SIZE;

        if (size < 0)
                return -EINVAL;
        if (!HMAC(EVP_sha256(), key.bytes, (int)key.size, text->start, (size_t)size, ret,
                  &ret_size))
                return openssl_fail(-EIO);
        return 0;
}

static void write_label(struct writer *w, const struct suite *suite, const char *label,
                        struct hpke_text more)
{
        writer_text(w, "HPKE-v1");
        writer_bytes(w, suite->id, suite->size);
        writer_text(w, label);
        writer_bytes(w, more.bytes, more.size);
}

static int labeled_extract(const struct suite *suite, struct hpke_text salt, const char *label,
                           struct hpke_text material, uint8_t ret[static HASH_SIZE])
{
        uint8_t bytes[LABELED_MAX];
        struct writer w = writer_over(bytes, sizeof(bytes));
        int rc;

        write_label(&w, suite, label, material);
        rc = hmac(salt, &w, ret);
        secret_erase(bytes, sizeof(bytes));
        return rc;
}

/* Of one block at most: nothing here is longer (RFC 5869 2.3). @size: up to HASH_SIZE. */
static int labeled_expand(const struct suite *suite, const uint8_t secret[static HASH_SIZE],
                          const char *label, struct hpke_text info, uint8_t *ret, size_t size)
{
        uint8_t bytes[LABELED_MAX], block[HASH_SIZE];
        struct writer w = writer_over(bytes, sizeof(bytes));
        int rc;

        writer_be16(&w, (uint16_t)size);
        write_label(&w, suite, label, info);
        writer_u8(&w, 1);
        rc = hmac((struct hpke_text){secret, HASH_SIZE}, &w, block);
        if (rc == 0)
                memcpy(ret, block, size);
        secret_erase(block, sizeof(block));
        return rc;
}

/* DH() of RFC 9180 4.1. A result of zeros, of a point of small order, is refused (7.1.4). */
static int agree(const uint8_t key[static HPKE_KEY_SIZE], const uint8_t other[static HPKE_KEY_SIZE],
                 uint8_t ret[static HPKE_KEY_SIZE])
{
        CLEANUP(EVP_PKEY_free)
        EVP_PKEY *own = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, key, HPKE_KEY_SIZE);
        CLEANUP(EVP_PKEY_free)
        EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, other, HPKE_KEY_SIZE);
        CLEANUP(EVP_PKEY_CTX_free) EVP_PKEY_CTX *context = NULL;
        size_t size = HPKE_KEY_SIZE;

        if (own && peer)
                context = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
        if (!context)
                return openssl_fail(-ENOMEM);
        if (EVP_PKEY_derive_init(context) != 1 || EVP_PKEY_derive_set_peer(context, peer) != 1 ||
            EVP_PKEY_derive(context, ret, &size) != 1)
                return openssl_fail(-EINVAL);
        return 0;
}

int x25519_public(const uint8_t key[static HPKE_KEY_SIZE], uint8_t ret[static HPKE_KEY_SIZE])
{
        CLEANUP(EVP_PKEY_free)
        EVP_PKEY *own = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, key, HPKE_KEY_SIZE);
        size_t size = HPKE_KEY_SIZE;

        return own && EVP_PKEY_get_raw_public_key(own, ret, &size) == 1 ? 0 : openssl_fail(-EIO);
}

struct exchange {
        uint8_t enc[HPKE_KEY_SIZE];    /* public half of the ephemeral key */
        uint8_t to[HPKE_KEY_SIZE];     /* public key of the receiver */
        uint8_t shared[HPKE_KEY_SIZE]; /* DH(ephemeral, receiver) */
};

/* ExtractAndExpand() of 4.1, then KeySchedule() of 5.1 in base mode. */
static int schedule(const struct exchange *x, struct hpke_text info, uint8_t key[static HASH_SIZE],
                    uint8_t nonce[static NONCE_SIZE])
{
        uint8_t prk[HASH_SIZE], shared[HASH_SIZE], secret[HASH_SIZE], context[CONTEXT_SIZE] = {0};
        uint8_t keys[2 * HPKE_KEY_SIZE];
        const struct hpke_text both = {keys, sizeof(keys)}, all = {context, sizeof(context)};
        int rc;

        memcpy(keys, x->enc, HPKE_KEY_SIZE);
        memcpy(keys + HPKE_KEY_SIZE, x->to, HPKE_KEY_SIZE);
        rc = labeled_extract(&kem, empty, "eae_prk",
                             (struct hpke_text){x->shared, sizeof(x->shared)}, prk);
        if (rc == 0)
                rc = labeled_expand(&kem, prk, "shared_secret", both, shared, sizeof(shared));
        if (rc == 0)
                rc = labeled_extract(&hpke, empty, "psk_id_hash", empty, context + 1);
        if (rc == 0)
                rc = labeled_extract(&hpke, empty, "info_hash", info, context + 1 + HASH_SIZE);
        if (rc == 0)
                rc = labeled_extract(&hpke, (struct hpke_text){shared, sizeof(shared)}, "secret",
                                     empty, secret);
        if (rc == 0)
                rc = labeled_expand(&hpke, secret, "key", all, key, HASH_SIZE);
        if (rc == 0)
                rc = labeled_expand(&hpke, secret, "base_nonce", all, nonce, NONCE_SIZE);
        secret_erase(prk, sizeof(prk));
        secret_erase(shared, sizeof(shared));
        secret_erase(secret, sizeof(secret));
        return rc;
}

int hpke_seal(const uint8_t to[static HPKE_KEY_SIZE], const uint8_t ephemeral[static HPKE_KEY_SIZE],
              struct hpke_text info, struct hpke_text aad, struct hpke_text plain, uint8_t *ret)
{
        struct exchange x;
        uint8_t key[HASH_SIZE], nonce[NONCE_SIZE];
        int rc;

        if (plain.size > INT_MAX - HPKE_TAG_SIZE)
                return -EINVAL;
        memcpy(x.to, to, HPKE_KEY_SIZE);
        rc = x25519_public(ephemeral, x.enc);
        if (rc == 0)
                rc = agree(ephemeral, to, x.shared);
        if (rc == 0)
                rc = schedule(&x, info, key, nonce);
        if (rc == 0)
                rc = aead_seal(key, nonce, aad, plain, ret);
        secret_erase(&x, sizeof(x));
        secret_erase(key, sizeof(key));
        return rc;
}

int hpke_open(const uint8_t key[static HPKE_KEY_SIZE], const uint8_t enc[static HPKE_KEY_SIZE],
              struct hpke_text info, struct hpke_text aad, struct hpke_text cipher, uint8_t *ret)
{
        struct exchange x;
        uint8_t aead_key[HASH_SIZE], nonce[NONCE_SIZE];
        int rc;

        if (cipher.size < HPKE_TAG_SIZE || cipher.size > INT_MAX)
                return -EBADMSG;
        memcpy(x.enc, enc, HPKE_KEY_SIZE);
        rc = x25519_public(key, x.to);
        if (rc == 0)
                rc = agree(key, enc, x.shared);
        if (rc == -EINVAL)
                rc = -EKEYREJECTED; /* nobody seals with such a key */
        if (rc == 0)
                rc = schedule(&x, info, aead_key, nonce);
        if (rc == 0)
                rc = aead_open(aead_key, nonce, aad, cipher, ret);
        secret_erase(&x, sizeof(x));
        secret_erase(aead_key, sizeof(aead_key));
        return rc;
}

/* u = (1 + y) / (1 - y), modulo 2^255 - 19 (RFC 7748 4.1). */
static int map_point(BIGNUM *y, BIGNUM *p, BIGNUM *u, BN_CTX *context)
{
        CLEANUP(BN_free) BIGNUM *below = BN_new();

        if (!below || BN_set_word(p, 1) != 1 || BN_lshift(p, p, 255) != 1 ||
            BN_sub_word(p, 19) != 1)
                return -ENOMEM;
        if (BN_cmp(y, p) >= 0)
                return -EINVAL; /* two names of one point */
        if (BN_set_word(below, 1) != 1 || BN_mod_sub(below, below, y, p, context) != 1)
                return -ENOMEM;
        if (BN_is_zero(below))
                return -EINVAL; /* the neutral point */
        if (!BN_mod_inverse(below, below, p, context) || BN_add_word(y, 1) != 1 ||
            BN_mod_mul(u, y, below, p, context) != 1)
                return -ENOMEM;
        return 0;
}

int x25519_of_public(const struct public_key *key, uint8_t ret[static HPKE_KEY_SIZE])
{
        CLEANUP(BN_CTX_free) BN_CTX *context = BN_CTX_new();
        CLEANUP(BN_free) BIGNUM *p = BN_new(), *u = BN_new(), *y = NULL;
        uint8_t bytes[ED25519_PUBLIC_SIZE];
        int rc;

        memcpy(bytes, key->bytes, sizeof(bytes));
        bytes[sizeof(bytes) - 1] &= 0x7f; /* the sign of x (RFC 8032 5.1.2), which u has not */
        y = BN_lebin2bn(bytes, sizeof(bytes), NULL);
        if (!context || !p || !u || !y)
                return openssl_fail(-ENOMEM);
        rc = map_point(y, p, u, context);
        if (rc == 0 && BN_bn2lebinpad(u, ret, HPKE_KEY_SIZE) != HPKE_KEY_SIZE)
                rc = -EIO;
        return rc < 0 ? openssl_fail(rc) : 0;
}
