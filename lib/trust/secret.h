/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Randomness, tokens, and comparing without telling how far it matched. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/trust/hash.h"

/* Fills with bytes that nobody can guess; 0 or -errno. */
int random_bytes(void *to, size_t size);

/* A token: 256 bits in hex. What is stored is its hash, never itself. */
#define TOKEN_TEXT_SIZE 65
int token_new(char to[static TOKEN_TEXT_SIZE]);
int token_hash(const char *token, struct sha256 *ret);

/* In a time that depends on @size alone. */
bool secret_is_equal(const void *a, const void *b, size_t size);

/* Overwrites, in a way that the compiler keeps. */
void secret_erase(void *at, size_t size);
