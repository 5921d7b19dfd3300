/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * SipHash-2-4: a hash that nobody can steer without its key.
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16

uint64_t siphash(const uint8_t key[static SIPHASH_KEY_SIZE], const void *bytes, size_t len);
