/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Fields: what a section of the inventory may hold, a row a field.
 *
 * The rows are the inventory's one definition. A field that is a file of sysfs is
 * read by its row; everything that is printed has passed through the rows, so that
 * the schema made from them is what the output is.
 */

#include "discover/tree.h"
#include "lib/doc/value.h"

enum field_kind {
        FIELD_TEXT,
        FIELD_NUMBER, /* whole, never below 0 */
        FIELD_BOOL,
        FIELD_TEXTS,   /* a list of texts */
        FIELD_NUMBERS, /* a list of numbers */
        FIELD_MAP,     /* an object with names of its own, each to a text */
        FIELD_OBJECT,  /* an object with the rows of @inner */
        FIELD_ITEMS,   /* a list of those */
};

struct field {
        const char *name;
        enum field_kind kind;
        const char *help;          /* one line, no dot */
        const char *file;          /* in the device's folder; NULL: the probe sets it */
        const char *link;          /* the same, and the value is where it leads: its last part */
        uint32_t scale;            /* of a number in a file; 0: 1 */
        bool is_identity;          /* tells this part or machine from others: a serial, a MAC */
        bool none_is_zero;         /* a number in a file that is 0 where it is not known */
        const struct field *inner; /* ends with a row without a name, as all tables of rows do */
};

/* Sets what the rows with a file or a link say. @folder without a slash at its end. */
void fields_read(struct tree *tree, const char *folder, const struct field *rows, struct doc *to);

/* Sets a text, without the bytes that no inventory holds, unless it says nothing ("N/A"). */
void field_set_text(struct doc *to, const char *name, const char *text);
void field_append_text(struct doc *list, const char *text);
void field_set_number(struct doc *to, const char *name, uint64_t number); /* above INT64_MAX: no */

/**
 * fields_fit() - a copy that is as the rows say, in their order
 * @refused:  names of what was left out are appended; a mistake of a probe; may be NULL
 *
 * Texts have no control characters afterwards; empty objects are left out. NULL without memory.
 */
struct doc *fields_fit(const struct doc *from, const struct field *rows, struct doc *refused);

/* Gives each text that is an identity to @take. */
void fields_identities(const struct doc *from, const struct field *rows,
                       void (*take)(void *context, const char *text), void *context);

/* JSON Schema (2020-12) of an object with these rows. */
struct doc *fields_schema(const struct field *rows);
