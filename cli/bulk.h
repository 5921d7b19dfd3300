/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A command for all nodes that a filter chooses: what would be done is shown first. */

#include "cli/command.h"

/**
 * bulk_run() - run @command on the nodes that context->select chooses, in place of names
 *
 * Shows them on stderr (of an install: what it would do to each), leaves those in maintenance
 * or reserved for somebody else alone, and asks on a terminal; elsewhere --yes is needed.
 *
 * Return: as a command; EXIT_USAGE of an empty filter.
 */
int bulk_run(const struct command *command, const struct command_context *context);

/* Whether --yes was said, or on a terminal a person says so to @question; else it is told. */
bool bulk_is_agreed(const struct command_context *context, const char *question);

/* All nodes that context->select chooses, appended to @all; NULL: all. 0 or EXIT_FAILURE. */
int bulk_nodes(const struct command_context *context, struct doc *all);
