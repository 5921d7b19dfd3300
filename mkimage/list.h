/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The lists of modules that make up a stage, or go into a worker (mkimage/modules/): "[family]"
 * lines, below each a module's name or "kernel/PATH/" a line; "#" begins a comment.
 */

#include <stddef.h>

/* The committed lists, built into the program. */
extern const char list_stage_one[], list_stage_two[], list_stage_two_later[], list_worker_tiny[];

#define LIST_LINE_MAX 128

/* One entry. A negative return ends the walk. */
typedef int (*list_fn)(void *context, const char *family, const char *entry);

/**
 * list_walk() - call @fn for each entry, in order
 * @ret_line:  the line, counted from 1, on which the walk ended early; may be NULL
 *
 * Return: 0, -EBADMSG for a line that is too long, or an entry before any family; or what @fn
 * returned.
 */
int list_walk(const char *text, list_fn fn, void *context, size_t *ret_line);
