/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fields
 *
 * A probe reads what firmware, drivers and disks say, and fills a document. What
 * leaves is made anew from it by the rows: a field that a probe misspelled, or
 * filled with the wrong type, does not reach those who trust the schema.
 */
#include "discover/field.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/text.h"
#include "lib/node/summary.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, as lib/doc puts where bytes are not UTF-8 */

/* Bytes of the control character at @text: C0, DEL, or C1 as UTF-8 has it. 0: it is none. */
static size_t control_size(const char *text)
{
        const unsigned char c = (unsigned char)text[0], next = c ? (unsigned char)text[1] : 0;

        if ((c > 0 && c < 0x20) || c == 0x7f)
                return 1;
        return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

static bool has_control(const char *text)
{
        for (; *text; text++)
                if (control_size(text) > 0)
                        return true;
        return false;
}

/* The caller's to free; NULL without memory. */
static char *without_control(const char *text)
{
        _buffer_ struct buffer b = {0};
        char *clean = NULL;

        while (*text) {
                const size_t skip = control_size(text);

                if (skip > 0)
                        buffer_text(&b, REPLACEMENT);
                else
                        buffer_add(&b, text, 1);
                text += skip > 0 ? skip : 1;
        }
        return buffer_take(&b, &clean) < 0 ? NULL : clean;
}

void field_set_text(struct doc *to, const char *name, const char *text)
{
        _free_ char *clean = NULL;

        if (!text || node_text_is_filler(text))
                return;
        if (has_control(text)) {
                clean = without_control(text);
                text = clean;
        }
        (void)doc_set_text(to, name, text);
}

void field_append_text(struct doc *list, const char *text)
{
        _free_ char *clean = NULL;

        if (has_control(text)) {
                clean = without_control(text);
                text = clean;
        }
        if (text)
                (void)doc_append_text(list, text);
}

void field_set_number(struct doc *to, const char *name, uint64_t number)
{
        if (number <= INT64_MAX)
                (void)doc_set_number(to, name, (int64_t)number);
}

static void read_field(struct tree *tree, const char *folder, const struct field *row,
                       struct doc *to)
{
        const uint32_t scale = row->scale > 0 ? row->scale : 1;
        char text[TREE_LINE_SIZE];
        uint64_t number;

        if (row->link) {
                if (tree_link(tree, text, "%s/%s", folder, row->link))
                        field_set_text(to, row->name, text);
        } else if (row->kind == FIELD_TEXT) {
                if (tree_line(tree, text, "%s/%s", folder, row->file))
                        field_set_text(to, row->name, text);
        } else if (tree_number(tree, &number, "%s/%s", folder, row->file)) {
                if (row->kind == FIELD_BOOL)
                        (void)doc_set_bool(to, row->name, number != 0);
                else if (row->kind == FIELD_NUMBER && number <= INT64_MAX / scale &&
                         (number > 0 || !row->none_is_zero))
                        field_set_number(to, row->name, number * scale);
        }
}

void fields_read(struct tree *tree, const char *folder, const struct field *rows, struct doc *to)
{
        for (const struct field *row = rows; row->name; row++)
                if (row->file || row->link)
                        read_field(tree, folder, row, to);
}

static struct doc *fit_list(const struct doc *from, const struct field *row, struct doc *refused);

static struct doc *fit_text(const struct doc *from)
{
        _doc_ struct doc *holder = doc_list();
        const char *text = doc_text(from);

        /* "" says nothing: it would be absent. */
        if (text && text[0])
                field_append_text(holder, text);
        return doc_copy(doc_at(holder, 0));
}

static struct doc *fit_map(const struct doc *from)
{
        struct doc *map = doc_object(), *value;
        const char *name;

        for (size_t at = 0; doc_next(from, &at, &name, &value) > 0;) {
                _free_ char *clean = without_control(name);

                if (clean && clean[0])
                        field_set_text(map, clean, doc_text(value));
        }
        return map;
}

/* NULL: it does not fit, or there is nothing in it. */
static struct doc *fit(const struct doc *from, const struct field *row, struct doc *refused)
{
        switch (row->kind) {
        case FIELD_TEXT:
                return fit_text(from);
        case FIELD_NUMBER:
                return doc_is_number(from) && doc_number(from) >= 0 ? doc_copy(from) : NULL;
        case FIELD_BOOL:
                return doc_is_bool(from) ? doc_copy(from) : NULL;
        case FIELD_MAP:
                return doc_is_object(from) ? fit_map(from) : NULL;
        case FIELD_OBJECT:
                return doc_is_object(from) ? fields_fit(from, row->inner, refused) : NULL;
        case FIELD_TEXTS:
        case FIELD_NUMBERS:
        case FIELD_ITEMS:
                return doc_is_list(from) ? fit_list(from, row, refused) : NULL;
        }
        return NULL;
}

static struct doc *fit_list(const struct doc *from, const struct field *row, struct doc *refused)
{
        struct field element = *row;
        struct doc *list = doc_list();

        element.kind = row->kind == FIELD_ITEMS     ? FIELD_OBJECT
                       : row->kind == FIELD_NUMBERS ? FIELD_NUMBER
                                                    : FIELD_TEXT;
        for (size_t i = 0; i < doc_count(from); i++) {
                struct doc *fitting = fit(doc_at(from, i), &element, refused);

                if (fitting)
                        (void)doc_append(list, fitting);
                else if (refused)
                        (void)doc_append_text(refused, row->name);
        }
        return list;
}

static const struct field *row_of(const struct field *rows, const char *name)
{
        for (; rows->name; rows++)
                if (strcmp(rows->name, name) == 0)
                        return rows;
        return NULL;
}

struct doc *fields_fit(const struct doc *from, const struct field *rows, struct doc *refused)
{
        struct doc *to = doc_object(), *value;
        const char *name;

        for (const struct field *row = rows; row->name; row++) {
                const struct doc *member = doc_get(from, row->name);
                struct doc *fitting = member ? fit(member, row, refused) : NULL;

                if (fitting && doc_is_object(fitting) && doc_count(fitting) == 0)
                        doc_free(fitting);
                else if (fitting)
                        (void)doc_set(to, row->name, fitting);
                else if (member && refused)
                        (void)doc_append_text(refused, row->name);
        }
        for (size_t at = 0; refused && doc_next(from, &at, &name, &value) > 0;)
                if (!row_of(rows, name))
                        (void)doc_append_text(refused, name);
        return to;
}

void fields_identities(const struct doc *from, const struct field *rows,
                       void (*take)(void *context, const char *text), void *context)
{
        for (; rows->name; rows++) {
                const struct doc *member = doc_get(from, rows->name);

                if (rows->kind == FIELD_OBJECT)
                        fields_identities(member, rows->inner, take, context);
                for (size_t i = 0; rows->kind == FIELD_ITEMS && i < doc_count(member); i++)
                        fields_identities(doc_at(member, i), rows->inner, take, context);
                if (!rows->is_identity)
                        continue;
                if (doc_is_text(member))
                        take(context, doc_text(member));
                for (size_t i = 0; doc_is_list(member) && i < doc_count(member); i++)
                        take(context, doc_text(doc_at(member, i)));
        }
}

/* ------------------------------------------------------------ the schema */

static struct doc *schema_of(const struct field *row);

static struct doc *typed(const char *type)
{
        struct doc *schema = doc_object();

        (void)doc_set_text(schema, "type", type);
        return schema;
}

static struct doc *text_schema(void)
{
        struct doc *schema = typed("string");

        (void)doc_set_number(schema, "minLength", 1);
        (void)doc_set_text(schema, "pattern", "^[^\\u0000-\\u001f\\u007f-\\u009f]*$");
        return schema;
}

static struct doc *number_schema(void)
{
        struct doc *schema = typed("integer");

        (void)doc_set_number(schema, "minimum", 0);
        return schema;
}

static struct doc *list_schema(struct doc *items)
{
        struct doc *schema = typed("array");

        (void)doc_set(schema, "items", items);
        return schema;
}

static struct doc *map_schema(void)
{
        struct doc *schema = typed("object");

        (void)doc_set(schema, "additionalProperties", text_schema());
        return schema;
}

static struct doc *schema_of(const struct field *row)
{
        switch (row->kind) {
        case FIELD_TEXT:
                return text_schema();
        case FIELD_NUMBER:
                return number_schema();
        case FIELD_BOOL:
                return typed("boolean");
        case FIELD_TEXTS:
                return list_schema(text_schema());
        case FIELD_NUMBERS:
                return list_schema(number_schema());
        case FIELD_MAP:
                return map_schema();
        case FIELD_OBJECT:
                return fields_schema(row->inner);
        case FIELD_ITEMS:
                return list_schema(fields_schema(row->inner));
        }
        return NULL;
}

struct doc *fields_schema(const struct field *rows)
{
        struct doc *schema = typed("object"), *properties = doc_object();

        for (; rows->name; rows++) {
                struct doc *property = schema_of(rows);

                (void)doc_set_text(property, "description", rows->help);
                (void)doc_set(properties, rows->name, property);
        }
        (void)doc_set(schema, "properties", properties);
        (void)doc_set_bool(schema, "additionalProperties", false);
        return schema;
}
