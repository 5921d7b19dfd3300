/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What lasts in the worker's state folder, besides its key. */

#include <stdbool.h>

#include "worker/seed.h"

#define KEEP_SEED "seed.json" /* in the state folder */

/* Did this node phone home in this generation? */
bool keep_was_told(const char *state, const struct worker_seed *seed);
/* It did. The worst of a failure, which the log tells, is one more call at the next start. */
void keep_told(const char *state, const struct worker_seed *seed);

/**
 * keep_seed() - a copy of the seed into the state folder, for its owner alone
 * @has_secret:  false: zeros take its place
 *
 * Who is root gives the file to the folder's owner.
 *
 * Return: 0, -ENOMEM, -errno.
 */
int keep_seed(const char *state, const struct worker_seed *seed, bool has_secret);

/* Is there a secret in it, or were zeros put in its place? */
bool keep_has_secret(const struct worker_seed *seed);
