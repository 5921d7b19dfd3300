/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What differs between two values: a line a place, for people. */

#include "lib/doc/value.h"

#define DIFF_PATH_SIZE 256 /* "spec.steps[2].image"; what is deeper is told where that ends */

/* One place. @before NULL: it is new; @after NULL: it is gone. Not 0 ends the walk with it. */
typedef int (*doc_diff_fn)(void *context, const char *path, const struct doc *before,
                           const struct doc *after);

/**
 * doc_diff() - tell each place at which two values differ, in the order of the first
 *
 * Of what is new or gone as a whole each place is told. Objects are compared by name. Of lists what
 * is the same at both ends is left out, and what is between is compared one by one. NULL is
 * nothing. Pure.
 */
int doc_diff(const struct doc *before, const struct doc *after, doc_diff_fn fn, void *context);

/* Same names with the same values, lists in the same order. */
bool doc_is_same(const struct doc *a, const struct doc *b);
