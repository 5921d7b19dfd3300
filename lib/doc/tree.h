/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside lib/doc only: a struct doc is jansson's json_t under another name. */

#include <jansson.h>
#include <stdint.h>

#include "lib/doc/value.h"

/* Jansson counts references inside, so its readers take pointers that are not const. */
static inline json_t *tree_json(const struct doc *value)
{
        return (json_t *)(uintptr_t)value;
}

static inline struct doc *tree_doc(json_t *json)
{
        return (struct doc *)json;
}

/* A text value; bytes that are not UTF-8 become U+FFFD. NULL without memory. */
json_t *tree_text(const char *text);

/* One sentence into @error (DOC_ERROR_SIZE bytes, or NULL); returns @rc. */
int tree_fail(char *error, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What doc_print() does for DOC_YAML. */
int tree_print_yaml(const json_t *json, char **ret);

/* Whether a plain scalar of YAML is a text, rather than null, a truth or a number. */
bool tree_yaml_is_plain_text(const char *text);
