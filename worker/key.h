/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The key by which the controller knows this system: made at the first start,
 * never sent. Whoever reads it is this system.
 */

#include <stddef.h>

#include "lib/node/worker.h"

struct worker_key;

/**
 * worker_key_open() - read STATE/key.pem, or make it
 *
 * A key that cannot be kept is used all the same: until the next start it is as
 * good. What is there and is no key is replaced. The log tells.
 *
 * Return: 0, -ENOMEM, -EIO; -errno: one is there, and cannot be read now.
 */
int worker_key_open(const char *state, struct worker_key **ret);
struct worker_key *worker_key_free(struct worker_key *key);
CLEANUP_DEFINE(struct worker_key *, worker_key_free)

/* Its public half in base64, WIRE_KEY_SIZE. */
const char *worker_key_public(const struct worker_key *key);

/* "Cloudie-Signature: ..." over @prefix and @body; the caller's. 0, -ENOMEM, -EIO. */
int worker_key_sign(const struct worker_key *key, const char *prefix, const char *body, char **ret);
