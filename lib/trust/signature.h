/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Ed25519 (RFC 8032), and detached signatures that `minisign -V` accepts. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

#define ED25519_PUBLIC_SIZE    32
#define ED25519_SIGNATURE_SIZE 64

struct signing_key;

struct public_key {
        uint8_t bytes[ED25519_PUBLIC_SIZE];
};

int signing_key_new(struct signing_key **ret); /* fresh and random; -ENOMEM, -EIO */
struct signing_key *signing_key_free(struct signing_key *key);
CLEANUP_DEFINE(struct signing_key *, signing_key_free)

/* PEM (PKCS#8), mode 0600, whole or not at all. -EBADMSG if it is not an Ed25519 key. */
int signing_key_save(const struct signing_key *key, const char *path);
int signing_key_load(const char *path, struct signing_key **ret);

void signing_key_public(const struct signing_key *key, struct public_key *ret);

int signing_key_sign(const struct signing_key *key, const void *bytes, size_t size,
                     uint8_t ret[static ED25519_SIGNATURE_SIZE]);

/* 0, or -EKEYREJECTED. */
int signature_verify(const struct public_key *key, const void *bytes, size_t size,
                     const uint8_t signature[static ED25519_SIGNATURE_SIZE]);

/**
 * minisign_sign() - the text of a .minisig file over @bytes
 * @comment:  one line that is signed too; no control bytes
 * @ret:      NUL-terminated, the caller's
 *
 * The prehashed form ("ED": Ed25519 over BLAKE2b-512). The key id is the first 8
 * bytes of the SHA-256 of the public key.
 *
 * Return: 0, -EINVAL for such a comment, -ENOMEM, -EIO.
 */
int minisign_sign(const struct signing_key *key, const void *bytes, size_t size,
                  const char *comment, char **ret);

/*
 * 0; -EBADMSG: not such a text, or the old form ("Ed", not prehashed); -EKEYREJECTED: another key,
 * other bytes, or a forgery. The key id is not looked at: minisign's own keys have random ones.
 */
int minisign_verify(const struct public_key *key, const void *bytes, size_t size,
                    const char *signature, size_t signature_size);

/* The second line of a minisign .pub file: base64("Ed" id key). @ret is the caller's. */
int minisign_public_text(const struct public_key *key, char **ret);
/* That line alone, or the whole file. -EBADMSG */
int minisign_public_parse(const char *text, struct public_key *ret);
