/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Until what was begun has ended: a line for each step that a node takes. */

#include "cli/command.h"
#include "lib/node/operation.h"

struct waited {
        const char *name;
        uint64_t number; /* of the operation */
        struct operation operation;
        bool is_ended;
};

/* The controller's newest event, after which to listen: asked before anything is begun. */
int wait_mark(struct call *call, uint64_t *ret);

/**
 * wait_for() - look at the nodes until the operation of each has ended
 * @after:  of wait_mark()
 *
 * A controller that goes away is waited for, too, for some minutes. What failed is said on stderr,
 * with its cause and what to do.
 *
 * Return: 0 if all succeeded, else EXIT_FAILURE.
 */
int wait_for(const struct command_context *context, struct waited *nodes, size_t count,
             uint64_t after);
