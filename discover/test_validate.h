/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A JSON Schema validator as small as what fields_schema() makes: type, properties,
 * required, additionalProperties, items, minLength, minimum, and the one pattern.
 * Written apart from the rows, so that a mistake in them does not hide itself.
 */
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/text.h"

static bool validate(const struct doc *value, const struct doc *schema, const char *where);

static bool refuse(const char *where, const char *why)
{
        fprintf(stderr, "%s: %s\n", where, why);
        return false;
}

static bool validate_text(const struct doc *value, const struct doc *schema, const char *where)
{
        const char *text = doc_text(value);

        if ((int64_t)strlen(text) < doc_get_number(schema, "minLength", 0))
                return refuse(where, "an empty text");
        if (!doc_get_text(schema, "pattern"))
                return true;
        for (const unsigned char *c = (const unsigned char *)text; *c; c++)
                if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
                        return refuse(where, "a control character");
        return true;
}

static bool validate_object(const struct doc *value, const struct doc *schema, const char *where)
{
        const struct doc *required = doc_get(schema, "required");
        const struct doc *properties = doc_get(schema, "properties");
        const struct doc *additional = doc_get(schema, "additionalProperties");
        struct doc *member;
        const char *name;

        for (size_t i = 0; i < doc_count(required); i++)
                if (!doc_get(value, doc_text(doc_at(required, i))))
                        return refuse(where, doc_text(doc_at(required, i)));
        for (size_t at = 0; doc_next(value, &at, &name, &member) > 0;) {
                const struct doc *rule = properties ? doc_get(properties, name) : additional;
                char path[512];

                snprintf(path, sizeof(path), "%s.%s", where, name);
                if (!doc_is_object(rule))
                        return refuse(path, "not in the schema");
                if (!validate(member, rule, path))
                        return false;
        }
        return true;
}

static bool validate(const struct doc *value, const struct doc *schema, const char *where)
{
        const char *type = doc_get_text(schema, "type");

        if (text_is_equal(type, "string"))
                return doc_is_text(value) ? validate_text(value, schema, where)
                                          : refuse(where, "no text");
        if (text_is_equal(type, "integer"))
                return doc_is_number(value) && doc_number(value) >=
                                                       doc_get_number(schema, "minimum", INT64_MIN)
                               ? true
                               : refuse(where, "no such number");
        if (text_is_equal(type, "boolean"))
                return doc_is_bool(value) ? true : refuse(where, "no truth");
        if (text_is_equal(type, "object"))
                return doc_is_object(value) ? validate_object(value, schema, where)
                                            : refuse(where, "no object");
        if (!text_is_equal(type, "array") || !doc_is_list(value))
                return refuse(where, "no list");
        for (size_t i = 0; i < doc_count(value); i++) {
                char path[512];

                snprintf(path, sizeof(path), "%s[%zu]", where, i);
                if (!validate(doc_at(value, i), doc_get(schema, "items"), path))
                        return false;
        }
        return true;
}

/* Also that no probe filled in what its rows do not have. */
static bool __attribute__((unused)) inventory_is_valid(const struct doc *inventory)
{
        _doc_ struct doc *schema = inventory_schema();

        for (size_t i = 0; i < probe_count; i++) {
                const struct doc *errors = doc_get(doc_get(inventory, probes[i].name), "errors");

                for (size_t j = 0; j < doc_count(errors); j++)
                        if (strstr(doc_text(doc_at(errors, j)), "left out"))
                                return refuse(probes[i].name, doc_text(doc_at(errors, j)));
        }
        return validate(inventory, schema, "inventory");
}
