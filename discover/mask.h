/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Mask: others in the place of serials, UUIDs, MACs and names.
 *
 * Of the same length and kind, digits for digits and letters for letters, so that
 * what read the original reads the mask; and the same for the same value, so that
 * two parts with one serial still have one. Nobody gets back without the key.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/base/siphash.h"

struct mask;

#define MASK_TEXT_MIN 4 /* shorter ones name nobody, and are everywhere */

/* @key: random, and kept nowhere. NULL without memory. */
struct mask *mask_new(const uint8_t key[static SIPHASH_KEY_SIZE]);
struct mask *mask_free(struct mask *mask); /* takes NULL */
CLEANUP_DEFINE(struct mask *, mask_free)

/**
 * mask_learn() - a value that is to be found wherever it stands
 *
 * As text in either case; of a MAC also with dashes, without, and as bytes; of a
 * UUID also without dashes and as bytes, in both orders; of all as hexadecimal
 * text. Values above MASK_TEXT_MAX are cut. 0, -ENOMEM, -E2BIG above a limit.
 */
int mask_learn(struct mask *mask, const char *value);
#define MASK_TEXT_MAX 250

/* Replaces, where they stand, all values that were learned, and what looks like a MAC or UUID. */
void mask_apply(const struct mask *mask, void *bytes, size_t size);

/* The same in a path: only what has a digit, as "block" may be somebody's asset tag. */
void mask_apply_path(const struct mask *mask, char *path);

/* Replaces the whole, which is one value, learned or not. */
void mask_value(const struct mask *mask, void *text, size_t len);
