/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Phoning home: the one call by which an installed system shows that it runs,
 * and that it is the one that was installed. Docs: docs/protocol.md.
 */

#include "worker/seed.h"

#define PHONE_ERROR_SIZE 256

struct phone_options {
        const struct worker_seed *seed;
        const char *state; /* folder; made when it is not there */
        const char *root;  /* "" or where etc/os-release is */
};

enum phone_outcome {
        PHONE_TOLD,
        PHONE_TOLD_BEFORE, /* this generation, by what the state folder says; nobody was called */
        PHONE_OUTCOME_COUNT,
};

/**
 * phone_home_run() - call, until a controller has answered
 * @error:  PHONE_ERROR_SIZE bytes: one sentence on failure
 *
 * Controllers are tried in turn, with pauses that grow, for ever. That it was
 * told is remembered in the state folder. Only what no further call can change
 * ends it otherwise.
 *
 * Return: an enum phone_outcome.
 *         -EACCES: the secret is not this node's; -ESTALE: its install does not run any more.
 *         -ENOMEM and -errno of this machine, which has no file for the CA.
 */
int phone_home_run(const struct phone_options *options, char *error);
