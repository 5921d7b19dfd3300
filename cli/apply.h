/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The two halves of `apply`, which `load` has, too. */

#include "cli/command.h"
#include "cli/items.h"

/* Sees that what profiles name is there, or among them. 0, or EXIT_FAILURE after a sentence. */
int apply_check(struct call *call, const struct items *items);

/* Writes each whose @now says otherwise, in the order of the kinds; or with --dry-run says what
 * that would do. A line each; {kind, name, result} each into @results. A node that is not there is
 * loaded. 0, or EXIT_FAILURE if one failed. */
int apply_send(const struct command_context *context, const struct items *items,
               struct doc *results);
