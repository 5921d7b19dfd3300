/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Rate: how often an address may try what costs us something or guesses a
 * secret. A fixed table of counters: addresses that fall on the same one share
 * it, which can only refuse too early, never let more through.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

struct auth_rate;

/* @per_minute: tries that an address has each minute. NULL without memory. */
struct auth_rate *auth_rate_new(unsigned per_minute);
struct auth_rate *auth_rate_free(struct auth_rate *rate);
CLEANUP_DEFINE(struct auth_rate *, auth_rate_free)

/* Counts one try of @peer (its numeric address); false: too many. Any thread. */
bool auth_rate_take(struct auth_rate *rate, const char *peer, uint64_t now_ms);
