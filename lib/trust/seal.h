/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Seal: bytes that only the holder of a key can read. HPKE (RFC 9180) in base mode
 * with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305, one message a
 * context: a sealed text is the encapsulated key, then the ciphertext with its tag.
 *
 * The keys are those of signature.h: an Ed25519 key is the same point as a key of
 * X25519 (RFC 7748 4.1). docs/decisions/0009-what-a-seal-is.md says why.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/trust/signature.h"

#define SEAL_KEY_SIZE 32
#define SEAL_TAG_SIZE 16
#define SEAL_MORE     (SEAL_KEY_SIZE + SEAL_TAG_SIZE) /* bytes that a sealed text is longer */
#define SEAL_INFO_MAX 256

/**
 * seal() - for the holder of a key alone
 * @to:    who may open it
 * @info:  what it is for, at most SEAL_INFO_MAX bytes: it is opened with the same words only
 * @ret:   the caller's
 *
 * Says nothing of who sealed it.
 *
 * Return: 0; -EINVAL: @to is no point that anything can be sealed to, @info is too long; -ENOMEM,
 *         -EIO.
 */
int seal(const struct public_key *to, const char *info, const void *plain, size_t size,
         uint8_t **ret, size_t *ret_size);

/**
 * seal_open() - the other way
 * @ret:  the caller's, to be erased; NUL-terminated beyond its size
 *
 * Return: 0; -EKEYREJECTED: sealed for another key, with other words, or changed; -EBADMSG: too
 *         short; -EINVAL, -ENOMEM, -EIO.
 */
int seal_open(const struct signing_key *key, const char *info, const void *sealed, size_t size,
              uint8_t **ret, size_t *ret_size);
