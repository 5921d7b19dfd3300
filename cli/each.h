/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The same for each name of a command line, and for things of a kind that lie under one path. */

#include "cli/command.h"
#include "cli/print.h"

/* Behind what is done: of a node in maintenance, or of another one's, too. */
#define EACH_FORCE "?force=1"

/* "/api/v1/nodes", "a/b", "/accept" -> "/api/v1/nodes/a%2Fb/accept" */
void each_path(char *to, size_t size, const char *under, const char *name, const char *what);

/* One more {name, done}, for a script. Negative without memory. */
int each_result(struct doc *results, const char *name, bool is_done);

/* Calls @method on each name. What fails does not keep the others from being done. 0 or
 * EXIT_FAILURE; prints "NAME: @done". */
int each_do(const struct command_context *context, const char *under, const char *method,
            const char *what, const char *done);

/* A list as a table: all at once, {items: […]}. @none: what to say if there are none. */
int each_list(const struct command_context *context, const char *under,
              const struct column *columns, size_t count, const char *none);

/* The one that the command line names, as a tree. */
int each_show(const struct command_context *context, const char *under);
