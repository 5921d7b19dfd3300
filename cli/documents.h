/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A text with many documents, one after the other. */

#include <stddef.h>

#include "lib/doc/value.h"

struct document_part {
        const char *text; /* inside what was split; not NUL-terminated */
        size_t size;
        size_t line; /* where it begins, from 1 */
};

/**
 * document_next() - the next document of a text
 * @at:  0 first
 * @ret: zeroed first; then the one before
 *
 * Documents end at a line of three dashes (YAML 1.2.2 9.1.2), behind which there
 * may be blanks and a comment. A part with nothing but blanks and comments is
 * none.
 *
 * Return: 1, or 0 at the end.
 */
int document_next(const char *text, size_t size, size_t *at, struct document_part *ret);

/* JSON if it is that, else YAML. As doc_parse(); a line in @error is one of the whole text. */
int document_parse(const struct document_part *part, char *error, struct doc **ret);
