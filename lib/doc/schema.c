/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/doc/schema.h"

#include <stddef.h>

static struct doc *typed(const char *type)
{
        struct doc *schema = doc_object();

        (void)doc_set_text(schema, "type", type);
        return schema;
}

static struct doc *text_like(const char *pattern)
{
        struct doc *schema = typed("string");

        (void)doc_set_text(schema, "pattern", pattern);
        return schema;
}

static struct doc *number_up_to(uint64_t max)
{
        struct doc *schema = typed("integer");

        (void)doc_set_number(schema, "minimum", 0);
        if (max > 0 && max <= INT64_MAX)
                (void)doc_set_number(schema, "maximum", (int64_t)max);
        return schema;
}

static struct doc *one_of(const char *const *names)
{
        struct doc *schema = typed("string"), *list = doc_list();

        for (size_t i = names[0] ? 0 : 1; names[i]; i++)
                (void)doc_append_text(list, names[i]);
        (void)doc_set(schema, "enum", list);
        return schema;
}

static struct doc *list_of(struct doc *take_element, size_t most)
{
        struct doc *schema = typed("array");

        (void)doc_set(schema, "items", take_element);
        (void)doc_set_number(schema, "maxItems", (int64_t)most);
        return schema;
}

static struct doc *text_of(size_t size)
{
        struct doc *schema = typed("string");

        /* Bytes with the NUL: of characters there are no more. */
        (void)doc_set_number(schema, "maxLength", (int64_t)size - 1);
        return schema;
}

static struct doc *field_schema(const struct doc_field *field)
{
        switch (field->type) {
        case DOC_TEXT:
                return text_of(field->size);
        case DOC_U64:
                return number_up_to(field->max);
        case DOC_U32:
                return number_up_to(field->max > 0 ? field->max : UINT32_MAX);
        case DOC_BOOL:
                return typed("boolean");
        case DOC_ENUM:
                return one_of(field->names);
        case DOC_MAC:
                return text_like("^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$");
        case DOC_IP4:
                return text_like("^[0-9]{1,3}(\\.[0-9]{1,3}){3}$");
        case DOC_IP:
                return text_like("^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]+)$");
        case DOC_UUID:
                return text_like("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$");
        case DOC_OBJECT:
                return doc_table_schema(field->table);
        case DOC_TREE:
                return doc_object();
        case DOC_LIST:
                return list_of(doc_table_schema(field->table), field->size / field->element_size);
        case DOC_TEXTS:
                return list_of(text_of(field->element_size), field->size / field->element_size);
        }
        return NULL;
}

struct doc *doc_table_schema(const struct doc_table *table)
{
        struct doc *schema = typed("object"), *properties = doc_object(), *required = doc_list();

        for (size_t i = 0; i < table->count; i++) {
                const struct doc_field *field = &table->fields[i];
                struct doc *property = field_schema(field);

                (void)doc_set_text(property, "description", field->help);
                (void)doc_set(properties, field->name, property);
                if (field->flags & DOC_REQUIRED)
                        (void)doc_append_text(required, field->name);
        }
        (void)doc_set(schema, "properties", properties);
        if (doc_count(required) > 0)
                (void)doc_set(schema, "required", required);
        else
                (void)doc_free(required);
        if (table->is_strict)
                (void)doc_set_bool(schema, "additionalProperties", false);
        return schema;
}
