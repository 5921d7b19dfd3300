/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Two questions to a TPM 2.0, and its answers (TPM 2.0 Library, part 3): who made
 * it, and which endorsement key it has. Bytes alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TPM2_COMMAND_MAX 22
#define TPM2_ANSWER_MAX  4096
#define TPM2_KEY_SIZE    140 /* "sha512:" and 128 digits */

/* TPM2_GetCapability (30.2) from the maker on. Bytes written to @to. */
size_t tpm2_ask_maker(uint8_t to[static TPM2_COMMAND_MAX]);

/* @vendor: four letters, blanks cut off; @firmware: "7.62.3126.0". False: no such answer. */
bool tpm2_maker_parse(const void *answer, size_t size, char vendor[static 5],
                      char firmware[static 32]);

/* TPM2_ReadPublic (12.4) of the endorsement key, where its maker or an installer left it. */
size_t tpm2_ask_key(uint8_t to[static TPM2_COMMAND_MAX]);

/* The key's name: the hash of its public part (part 1, 16), "sha256:00ab…". False: there is none.
 */
bool tpm2_key_parse(const void *answer, size_t size, char ret[static TPM2_KEY_SIZE]);
