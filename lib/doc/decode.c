/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads objects into structs by their tables. What is wrong is said with the
 * dotted path of the key and with what was expected there, in one sentence that
 * an operator can act on.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ip.h"
#include "lib/base/text.h"
#include "lib/doc/table.h"
#include "lib/doc/tree.h"

/* A path in an error sentence; a longer one is cut. */
#define PATH_SIZE 96

/* Names longer than this have no near one. */
#define NAME_MAX_HINT 31

struct decoding {
        const char *what; /* the outermost table's; NULL: the caller says it */
        char *error;
        bool is_strict;
        char path[PATH_SIZE]; /* of the value that is being read */
};

/* "claim: 'a.b' SENTENCE" */
static int complain(const struct decoding *d, const char *sentence)
{
        const char *what = d->what ? d->what : "";
        const char *colon = d->what ? ": " : "";
        char shown[PATH_SIZE];

        if (d->path[0] == '\0')
                return tree_fail(d->error, -EBADMSG, "%s%sthe document %s", what, colon, sentence);
        return tree_fail(d->error, -EBADMSG, "%s%s'%s' %s", what, colon,
                         text_escape(shown, sizeof(shown), d->path), sentence);
}

static size_t path_enter(struct decoding *d, const char *name)
{
        size_t before = strlen(d->path);

        snprintf(d->path + before, sizeof(d->path) - before, "%s%s", before > 0 ? "." : "", name);
        return before;
}

static size_t path_enter_index(struct decoding *d, size_t index)
{
        size_t before = strlen(d->path);

        snprintf(d->path + before, sizeof(d->path) - before, "[%zu]", index);
        return before;
}

static void path_leave(struct decoding *d, size_t before)
{
        d->path[before] = '\0';
}

static int decode_object(struct decoding *d, const struct doc_table *table, const json_t *object,
                         char *to);

static int decode_text(const struct decoding *d, const json_t *value, char *to, size_t size)
{
        const char *text = json_string_value(value);
        char sentence[64];

        if (!text)
                return complain(d, json_is_number(value) || json_is_boolean(value)
                                           ? "must be a text; put it in quotes"
                                           : "must be a text");
        if (text_copy(to, size, text) == 0)
                return 0;
        snprintf(sentence, sizeof(sentence), "must be a text of at most %zu bytes", size - 1);
        return complain(d, sentence);
}

/* The largest number that the row takes. */
static uint64_t number_max(const struct doc_field *field)
{
        uint64_t fits = field->type == DOC_U32 ? UINT32_MAX : INT64_MAX;

        return field->max > 0 && field->max < fits ? field->max : fits;
}

static int decode_number(const struct decoding *d, const struct doc_field *field,
                         const json_t *value, char *member)
{
        json_int_t number = json_integer_value(value);
        uint64_t max = number_max(field);
        char sentence[64];

        if (!json_is_integer(value) || number < 0 || (uint64_t)number > max) {
                snprintf(sentence, sizeof(sentence), "must be a whole number from 0 to %" PRIu64,
                         max);
                return complain(d, sentence);
        }
        if (field->type == DOC_U32) {
                uint32_t small = (uint32_t)number;

                memcpy(member, &small, sizeof(small));
        } else {
                uint64_t large = (uint64_t)number;

                memcpy(member, &large, sizeof(large));
        }
        return 0;
}

static int decode_bool(const struct decoding *d, const json_t *value, char *member)
{
        bool truth = json_is_true(value);

        if (!json_is_boolean(value))
                return complain(d, "must be true or false");
        memcpy(member, &truth, sizeof(truth));
        return 0;
}

/* "must be 'http' or 'tftp'"; the first name may be NULL, for "absent". */
static int complain_names(const struct decoding *d, const char *const *names)
{
        char sentence[DOC_ERROR_SIZE] = "must be ";
        size_t len = strlen(sentence);

        for (size_t i = names[0] ? 0 : 1; names[i] && len < sizeof(sentence); i++) {
                const char *between = i == 0 || (i == 1 && !names[0]) ? ""
                                      : names[i + 1]                  ? ", "
                                                                      : " or ";

                len += (size_t)snprintf(sentence + len, sizeof(sentence) - len, "%s'%s'", between,
                                        names[i]);
        }
        return complain(d, sentence);
}

static int decode_enum(const struct decoding *d, const struct doc_field *field, const json_t *value,
                       char *member)
{
        const char *text = json_string_value(value);

        for (unsigned i = 0; i == 0 || field->names[i]; i++) {
                if (!text_is_equal(field->names[i], text) || !text)
                        continue;
                memcpy(member, &i, sizeof(i));
                return 0;
        }
        return complain_names(d, field->names);
}

static int decode_mac(const struct decoding *d, const json_t *value, char *member)
{
        const char *text = json_string_value(value);
        struct mac_address mac;

        if (!text || mac_parse(text, &mac) < 0)
                return complain(d, "must be a MAC address such as \"52:54:00:77:00:01\"");
        memcpy(member, &mac, sizeof(mac));
        return 0;
}

static int decode_ip4(const struct decoding *d, const json_t *value, char *member)
{
        const char *text = json_string_value(value);
        struct ip4_address ip;

        if (!text || ip4_parse(text, &ip) < 0)
                return complain(d, "must be an IPv4 address such as \"10.77.0.1\"");
        memcpy(member, &ip, sizeof(ip));
        return 0;
}

static int decode_ip(const struct decoding *d, const json_t *value, char *member)
{
        const char *text = json_string_value(value);
        struct ip_address ip;

        if (!text || ip_parse(text, &ip) < 0)
                return complain(d, "must be an IP address such as \"10.77.0.1\" or \"fd77::1\"");
        memcpy(member, &ip, sizeof(ip));
        return 0;
}

static int decode_uuid(const struct decoding *d, const json_t *value, char *member)
{
        const char *text = json_string_value(value);
        struct uuid uuid;

        if (!text || uuid_parse(text, &uuid) < 0)
                return complain(d, "must be a UUID");
        memcpy(member, &uuid, sizeof(uuid));
        return 0;
}

static int decode_tree(const struct decoding *d, const json_t *value, char *member)
{
        json_t *copy = json_deep_copy(value);
        struct doc *old;

        if (!copy)
                return tree_fail(d->error, -ENOMEM, "out of memory");
        memcpy(&old, member, sizeof(old));
        doc_free(old);
        memcpy(member, &copy, sizeof(copy));
        return 0;
}

static int decode_element(struct decoding *d, const struct doc_field *field, const json_t *value,
                          char *element)
{
        if (field->type == DOC_TEXTS)
                return decode_text(d, value, element, field->element_size);
        return decode_object(d, field->table, value, element);
}

static int decode_list(struct decoding *d, const struct doc_field *field, const json_t *value,
                       char *to)
{
        size_t space = field->size / field->element_size;
        size_t count = json_array_size(value);
        char sentence[64];

        if (!json_is_array(value))
                return complain(d, "must be a list");
        if (count > space) {
                snprintf(sentence, sizeof(sentence), "must be a list of at most %zu", space);
                return complain(d, sentence);
        }
        if (count == 0 && (field->flags & DOC_REQUIRED))
                return complain(d, "must not be empty");
        for (size_t i = 0; i < count; i++) {
                size_t before = path_enter_index(d, i);
                int rc = decode_element(d, field, json_array_get(value, i),
                                        to + field->offset + i * field->element_size);

                if (rc < 0)
                        return rc;
                path_leave(d, before);
        }
        memcpy(to + field->count_offset, &count, sizeof(count));
        return 0;
}

static int decode_value(struct decoding *d, const struct doc_field *field, const json_t *value,
                        char *to)
{
        char *member = to + field->offset;

        switch (field->type) {
        case DOC_TEXT:
                return decode_text(d, value, member, field->size);
        case DOC_U64:
        case DOC_U32:
                return decode_number(d, field, value, member);
        case DOC_BOOL:
                return decode_bool(d, value, member);
        case DOC_ENUM:
                return decode_enum(d, field, value, member);
        case DOC_MAC:
                return decode_mac(d, value, member);
        case DOC_IP4:
                return decode_ip4(d, value, member);
        case DOC_IP:
                return decode_ip(d, value, member);
        case DOC_UUID:
                return decode_uuid(d, value, member);
        case DOC_OBJECT:
                return decode_object(d, field->table, value, member);
        case DOC_TREE:
                return decode_tree(d, value, member);
        case DOC_LIST:
        case DOC_TEXTS:
                return decode_list(d, field, value, to);
        }
        return -EINVAL;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
        a = a < b ? a : b;
        return a < c ? a : c;
}

/* How many characters to insert, delete or replace to make one name of the other (Levenshtein). */
static unsigned name_distance(const char *a, const char *b)
{
        unsigned row[NAME_MAX_HINT + 1];
        size_t size = strlen(b);

        if (strlen(a) > NAME_MAX_HINT || size > NAME_MAX_HINT)
                return UINT32_MAX;
        for (unsigned j = 0; j <= size; j++)
                row[j] = j;
        for (unsigned i = 0; a[i]; i++) {
                unsigned diagonal = row[0];

                row[0] = i + 1;
                for (size_t j = 1; j <= size; j++) {
                        unsigned above = row[j];

                        row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i] != b[j - 1]));
                        diagonal = above;
                }
        }
        return row[size];
}

/* The key that was probably meant: one that begins alike, or is two slips away. NULL: none. */
static const char *nearest_name(const struct doc_table *table, const char *name)
{
        const char *nearest = NULL;
        unsigned best = strlen(name) > 4 ? 3 : 2; /* of "ip" everything is two slips away */

        for (size_t i = 0; i < table->count; i++) {
                const char *known = table->fields[i].name;
                unsigned distance = name_distance(name, known);

                if (strlen(name) >= 3 &&
                    (text_has_prefix(known, name) || text_has_prefix(name, known)))
                        distance = 1;
                if (distance < best) {
                        best = distance;
                        nearest = known;
                }
        }
        return nearest;
}

/* Every name of the object must be a row's. */
static int check_names(struct decoding *d, const struct doc_table *table, const json_t *object)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)(uintptr_t)object, name, value)
        {
                const char *nearest;
                char sentence[80];
                size_t i = 0;

                while (i < table->count && !text_is_equal(table->fields[i].name, name))
                        i++;
                if (i < table->count)
                        continue;
                nearest = nearest_name(table, name);
                snprintf(sentence, sizeof(sentence), "is not a key%s%s%s",
                         nearest ? "; did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
                path_enter(d, name);
                return complain(d, sentence);
        }
        return 0;
}

static int decode_object(struct decoding *d, const struct doc_table *table, const json_t *object,
                         char *to)
{
        bool was_strict = d->is_strict;
        int rc;

        if (!json_is_object(object))
                return complain(d, "must be an object");
        d->is_strict |= table->is_strict;
        if (d->is_strict) {
                rc = check_names(d, table, object);
                if (rc < 0)
                        return rc;
        }
        for (size_t i = 0; i < table->count; i++) {
                const struct doc_field *field = &table->fields[i];
                const json_t *value = json_object_get(object, field->name);
                size_t before = path_enter(d, field->name);

                rc = 0;
                if (value && !json_is_null(value))
                        rc = decode_value(d, field, value, to);
                else if (field->flags & DOC_REQUIRED)
                        rc = complain(d, "is missing");
                if (rc < 0)
                        return rc;
                path_leave(d, before);
        }
        d->is_strict = was_strict;
        return 0;
}

int doc_decode(const struct doc_table *table, const struct doc *object, char *error, void *ret)
{
        struct decoding d = {.what = table->what, .error = error};

        return decode_object(&d, table, tree_json(object), ret);
}
