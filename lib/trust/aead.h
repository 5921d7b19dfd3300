/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside lib/trust only: ChaCha20-Poly1305 (RFC 8439 2.8), the tag behind the text. */

#include "lib/trust/hpke.h"

#define AEAD_KEY_SIZE   32
#define AEAD_NONCE_SIZE 12
#define AEAD_TAG_SIZE   16

/* A nonce is used once with a key. @ret: @plain.size + AEAD_TAG_SIZE bytes. 0, -ENOMEM, -EIO. */
int aead_seal(const uint8_t key[static AEAD_KEY_SIZE], const uint8_t nonce[static AEAD_NONCE_SIZE],
              struct hpke_text aad, struct hpke_text plain, uint8_t *ret);
/* @cipher: at least AEAD_TAG_SIZE bytes. @ret: as many less. 0, -EKEYREJECTED, -ENOMEM, -EIO. */
int aead_open(const uint8_t key[static AEAD_KEY_SIZE], const uint8_t nonce[static AEAD_NONCE_SIZE],
              struct hpke_text aad, struct hpke_text cipher, uint8_t *ret);
