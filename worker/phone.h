/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Phoning home: the one call by which an installed system shows that it runs,
 * and that it is the one that was installed; and then the beats, by which it
 * shows that it still does. Docs: docs/protocol.md.
 */

#include "worker/seed.h"

#define PHONE_ERROR_SIZE 256

struct phone_options {
        struct worker_seed *seed;      /* its secret is erased once it was used */
        const char *state;             /* folder; made when it is not there */
        const char *root;              /* "" or where etc/os-release, etc/ssh, proc and run are */
        bool is_seed_kept;             /* it lies in the state folder, too: see keep_seed() */
        void (*say)(const char *text); /* what people on a console want to know; NULL: nobody */
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
 *         -EACCES: the secret is not this node's; -ESTALE: its install does not run any more;
 *         -EEXIST: another key used it.
 *         -ENOMEM and -errno of this machine, which has no file for the CA.
 */
int phone_home_run(const struct phone_options *options, char *error);

/**
 * phone_run() - phone home, then beat, for ever
 *
 * No answer ends it, and no absence: what is refused is tried again, seldom.
 *
 * Return: only -ENOMEM and -errno of this machine, with a sentence.
 */
int phone_run(const struct phone_options *options, char *error);
