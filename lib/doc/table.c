/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes structs as objects by their tables, and frees what they own. decode.c reads. */

#include "lib/doc/table.h"

#include <string.h>

#include "lib/base/ip.h"
#include "lib/doc/tree.h"

/* A NULL name stands for "absent" at 0 and ends the names elsewhere. */
static const char *enum_name(const struct doc_field *field, unsigned value)
{
        for (unsigned i = 0; i <= value; i++)
                if (!field->names[i] && i > 0)
                        return NULL;
        return field->names[value];
}

static json_t *encode_number(const struct doc_field *field, uint64_t number)
{
        if (number == 0 && !(field->flags & DOC_ALWAYS))
                return json_null();
        return number > INT64_MAX ? NULL : json_integer((json_int_t)number);
}

static json_t *encode_u64(const struct doc_field *field, const void *member)
{
        uint64_t number;

        memcpy(&number, member, sizeof(number));
        return encode_number(field, number);
}

static json_t *encode_u32(const struct doc_field *field, const void *member)
{
        uint32_t number;

        memcpy(&number, member, sizeof(number));
        return encode_number(field, number);
}

static json_t *encode_bool(const struct doc_field *field, const void *member)
{
        bool truth;

        memcpy(&truth, member, sizeof(truth));
        return truth || (field->flags & DOC_ALWAYS) ? json_boolean(truth) : json_null();
}

static json_t *encode_text(const struct doc_field *field, const void *member)
{
        const char *text = member;

        return *text || (field->flags & DOC_ALWAYS) ? tree_text(text) : json_null();
}

static json_t *encode_enum(const struct doc_field *field, const void *member)
{
        const char *name;
        unsigned value;

        memcpy(&value, member, sizeof(value));
        name = value == 0 && field->flags & DOC_UNLESS_ZERO ? NULL : enum_name(field, value);
        return name ? tree_text(name) : json_null();
}

static bool is_zero(const void *bytes, size_t size)
{
        const unsigned char *at = bytes;

        while (size > 0 && at[size - 1] == 0)
                size--;
        return size == 0;
}

static json_t *encode_mac(const struct doc_field *field, const void *member)
{
        char text[MAC_TEXT_SIZE];

        if (is_zero(member, sizeof(struct mac_address)) && !(field->flags & DOC_ALWAYS))
                return json_null();
        return tree_text(mac_text(text, member));
}

static json_t *encode_ip4(const struct doc_field *field, const void *member)
{
        struct ip4_address ip;
        char text[IP4_TEXT_SIZE];

        memcpy(&ip, member, sizeof(ip));
        if (!ip4_is_set(ip) && !(field->flags & DOC_ALWAYS))
                return json_null();
        return tree_text(ip4_text(text, ip));
}

static json_t *encode_ip(const struct doc_field *field, const void *member)
{
        struct ip_address ip;
        char text[IP_TEXT_SIZE];

        memcpy(&ip, member, sizeof(ip));
        if (!ip_is_set(ip) && !(field->flags & DOC_ALWAYS))
                return json_null();
        return tree_text(ip_text(text, ip));
}

static json_t *encode_uuid(const struct doc_field *field, const void *member)
{
        char text[UUID_TEXT_SIZE];

        if (is_zero(member, sizeof(struct uuid)) && !(field->flags & DOC_ALWAYS))
                return json_null();
        return tree_text(uuid_text(text, member));
}

static json_t *encode_object(const struct doc_field *field, const void *member)
{
        struct doc *object = doc_encode(field->table, member);

        if (object && doc_count(object) == 0 && !(field->flags & DOC_ALWAYS)) {
                doc_free(object);
                return json_null();
        }
        return tree_json(object);
}

static json_t *encode_tree(const struct doc_field *field, const void *member)
{
        const struct doc *tree;

        (void)field;
        memcpy(&tree, member, sizeof(tree));
        return tree ? tree_json(doc_copy(tree)) : json_null();
}

/* DOC_LIST and DOC_TEXTS. */
static json_t *encode_list(const struct doc_field *field, const void *member, size_t count)
{
        const char *element = member;
        json_t *list;

        if (count == 0 && !(field->flags & DOC_ALWAYS))
                return json_null();
        list = json_array();
        for (size_t i = 0; i < count; i++, element += field->element_size) {
                json_t *json = field->type == DOC_TEXTS
                                       ? tree_text(element)
                                       : tree_json(doc_encode(field->table, element));

                if (json_array_append_new(list, json) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

/* The member as a value: null if it is absent, NULL on failure. */
static json_t *encode_field(const struct doc_field *field, const char *from)
{
        const void *member = from + field->offset;
        size_t count;

        switch (field->type) {
        case DOC_TEXT:
                return encode_text(field, member);
        case DOC_U64:
                return encode_u64(field, member);
        case DOC_U32:
                return encode_u32(field, member);
        case DOC_BOOL:
                return encode_bool(field, member);
        case DOC_ENUM:
                return encode_enum(field, member);
        case DOC_MAC:
                return encode_mac(field, member);
        case DOC_IP4:
                return encode_ip4(field, member);
        case DOC_IP:
                return encode_ip(field, member);
        case DOC_UUID:
                return encode_uuid(field, member);
        case DOC_OBJECT:
                return encode_object(field, member);
        case DOC_TREE:
                return encode_tree(field, member);
        case DOC_LIST:
        case DOC_TEXTS:
                memcpy(&count, from + field->count_offset, sizeof(count));
                return encode_list(field, member, count);
        }
        return NULL;
}

struct doc *doc_encode(const struct doc_table *table, const void *from)
{
        json_t *object = json_object();

        for (size_t i = 0; i < table->count; i++) {
                const struct doc_field *field = &table->fields[i];
                json_t *value = encode_field(field, from);

                if (json_is_null(value))
                        continue;
                if (json_object_set_new(object, field->name, value) < 0) {
                        json_decref(object);
                        return NULL;
                }
        }
        return tree_doc(object);
}

static void release_tree(void *member)
{
        struct doc *tree;

        memcpy(&tree, member, sizeof(tree));
        tree = doc_free(tree);
        memcpy(member, &tree, sizeof(tree));
}

void doc_release(const struct doc_table *table, void *of)
{
        for (size_t i = 0; i < table->count; i++) {
                const struct doc_field *field = &table->fields[i];
                char *member = (char *)of + field->offset;

                if (field->type == DOC_TREE)
                        release_tree(member);
                if (field->type == DOC_OBJECT)
                        doc_release(field->table, member);
                if (field->type != DOC_LIST)
                        continue;
                /* Every slot: a list that failed half-way has no count yet. */
                for (size_t at = 0; at < field->size; at += field->element_size)
                        doc_release(field->table, member + at);
        }
}

int doc_decode_text(const struct doc_table *table, const char *text, size_t size,
                    const struct doc_limits *limits, char *error, void *ret)
{
        CLEANUP(doc_free) struct doc *object = NULL;
        int rc = doc_parse(text, size, limits, error, &object);

        return rc < 0 ? rc : doc_decode(table, object, error, ret);
}
