/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside lib/trust only: HPKE by its raw keys, as the test vectors of RFC 9180 have them. */

#include <stddef.h>
#include <stdint.h>

#include "lib/trust/signature.h"

#define HPKE_KEY_SIZE 32
#define HPKE_TAG_SIZE 16

struct hpke_text {
        const uint8_t *bytes;
        size_t size;
};

/* @ephemeral: a private key, used once. @enc: the public half. @ret: @plain.size + HPKE_TAG_SIZE
 * bytes. 0; -EINVAL: @to is a point of small order; -EIO. */
int hpke_seal(const uint8_t to[static HPKE_KEY_SIZE], const uint8_t ephemeral[static HPKE_KEY_SIZE],
              struct hpke_text info, struct hpke_text aad, struct hpke_text plain, uint8_t *ret);
/* @cipher: with its tag. @ret: as many bytes less. 0, -EKEYREJECTED, -EBADMSG, -EIO. */
int hpke_open(const uint8_t key[static HPKE_KEY_SIZE], const uint8_t enc[static HPKE_KEY_SIZE],
              struct hpke_text info, struct hpke_text aad, struct hpke_text cipher, uint8_t *ret);

/* The public half of a key of X25519. 0, -EIO. */
int x25519_public(const uint8_t key[static HPKE_KEY_SIZE], uint8_t ret[static HPKE_KEY_SIZE]);

/* Ed25519 as X25519. -EINVAL: no such point. */
int x25519_of_public(const struct public_key *key, uint8_t ret[static HPKE_KEY_SIZE]);
int x25519_of_signing(const struct signing_key *key, uint8_t ret[static HPKE_KEY_SIZE]);
