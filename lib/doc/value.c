/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree itself. Jansson keeps members in the order in which they were set,
 * and hashes their names with a random seed, so that a stranger cannot make
 * them collide.
 */

#include "lib/doc/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/doc/tree.h"

/* One part of a dotted path; our own names are much shorter. */
#define PATH_PART_MAX 128

const struct doc_limits doc_limits_message = {
        .size = (size_t)1 << 20,
        .depth = 16,
        .count = 20000,
};

const struct doc_limits doc_limits_inventory = {
        .size = (size_t)8 << 20,
        .depth = 24,
        .count = 400000,
};

int tree_fail(char *error, int rc, const char *format, ...)
{
        va_list args;

        if (!error)
                return rc;
        va_start(args, format);
        vsnprintf(error, DOC_ERROR_SIZE, format, args);
        va_end(args);
        return rc;
}

/*
 * Length of the UTF-8 sequence at @text, 0 if there is none. RFC 3629 section 4:
 * the shortest form only, no surrogates, nothing above U+10FFFF. The NUL byte
 * that ends the text stops every comparison, so nothing is read behind it.
 */
static size_t utf8_sequence(const unsigned char *text)
{
        unsigned char first = text[0];
        unsigned char low = 0x80, high = 0xbf;
        size_t len;

        if (first < 0x80)
                return 1;
        if (first < 0xc2 || first > 0xf4)
                return 0;
        len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (first == 0xe0)
                low = 0xa0;
        if (first == 0xed)
                high = 0x9f;
        if (first == 0xf0)
                low = 0x90;
        if (first == 0xf4)
                high = 0x8f;
        if (text[1] < low || text[1] > high)
                return 0;
        for (size_t i = 2; i < len; i++)
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
        return len;
}

/* The text with U+FFFD in place of each byte that belongs to no character. */
static char *utf8_mend(const char *text)
{
        static const char replacement[] = "\xef\xbf\xbd";
        const unsigned char *at = (const unsigned char *)text;
        char *mended = malloc(3 * strlen(text) + 1);
        char *to = mended;

        if (!mended)
                return NULL;
        while (*at) {
                size_t len = utf8_sequence(at);

                if (len == 0) {
                        memcpy(to, replacement, 3);
                        to += 3;
                        at++;
                } else {
                        memcpy(to, at, len);
                        to += len;
                        at += len;
                }
        }
        *to = '\0';
        return mended;
}

json_t *tree_text(const char *text)
{
        _free_ char *mended = NULL;
        json_t *json = json_string(text);

        if (json)
                return json;
        mended = utf8_mend(text);
        return mended ? json_string(mended) : NULL;
}

struct doc *doc_object(void)
{
        return tree_doc(json_object());
}

struct doc *doc_list(void)
{
        return tree_doc(json_array());
}

struct doc *doc_free(struct doc *value)
{
        json_decref(tree_json(value));
        return NULL;
}

struct doc *doc_copy(const struct doc *value)
{
        return tree_doc(json_deep_copy(tree_json(value)));
}

/* Puts @take, which was just made and may have failed, where it belongs. */
static int set_new(struct doc *object, const char *name, json_t *take)
{
        if (!doc_is_object(object)) {
                json_decref(take);
                return -EINVAL;
        }
        return json_object_set_new(tree_json(object), name, take) < 0 ? -ENOMEM : 0;
}

static int append_new(struct doc *list, json_t *take)
{
        if (!doc_is_list(list)) {
                json_decref(take);
                return -EINVAL;
        }
        return json_array_append_new(tree_json(list), take) < 0 ? -ENOMEM : 0;
}

int doc_set(struct doc *object, const char *name, struct doc *take)
{
        if (!take)
                return doc_is_object(object) ? 0 : -EINVAL;
        return set_new(object, name, tree_json(take));
}

int doc_set_text(struct doc *object, const char *name, const char *text)
{
        if (!text)
                return doc_is_object(object) ? 0 : -EINVAL;
        return set_new(object, name, tree_text(text));
}

int doc_set_number(struct doc *object, const char *name, int64_t number)
{
        return set_new(object, name, json_integer(number));
}

int doc_set_bool(struct doc *object, const char *name, bool truth)
{
        return set_new(object, name, json_boolean(truth));
}

int doc_remove(struct doc *object, const char *name)
{
        if (!doc_is_object(object))
                return -EINVAL;
        json_object_del(tree_json(object), name);
        return 0;
}

int doc_append(struct doc *list, struct doc *take)
{
        if (!take)
                return doc_is_list(list) ? 0 : -EINVAL;
        return append_new(list, tree_json(take));
}

int doc_append_text(struct doc *list, const char *text)
{
        if (!text)
                return doc_is_list(list) ? 0 : -EINVAL;
        return append_new(list, tree_text(text));
}

int doc_append_number(struct doc *list, int64_t number)
{
        return append_new(list, json_integer(number));
}

struct doc *doc_get(const struct doc *value, const char *path)
{
        const json_t *at = tree_json(value);

        for (;;) {
                const char *dot = strchrnul(path, '.');
                char part[PATH_PART_MAX];
                size_t len = (size_t)(dot - path);

                if (len >= sizeof(part))
                        return NULL;
                memcpy(part, path, len);
                part[len] = '\0';
                at = json_object_get(at, part);
                if (!at || !*dot)
                        return tree_doc((json_t *)(uintptr_t)at);
                path = dot + 1;
        }
}

const char *doc_get_text(const struct doc *value, const char *path)
{
        return doc_text(doc_get(value, path));
}

int64_t doc_get_number(const struct doc *value, const char *path, int64_t otherwise)
{
        const struct doc *at = doc_get(value, path);

        return doc_is_number(at) ? doc_number(at) : otherwise;
}

bool doc_get_bool(const struct doc *value, const char *path, bool otherwise)
{
        const struct doc *at = doc_get(value, path);

        return doc_is_bool(at) ? doc_bool(at) : otherwise;
}

bool doc_is_object(const struct doc *value)
{
        return json_is_object(tree_json(value));
}

bool doc_is_list(const struct doc *value)
{
        return json_is_array(tree_json(value));
}

bool doc_is_text(const struct doc *value)
{
        return json_is_string(tree_json(value));
}

bool doc_is_number(const struct doc *value)
{
        return json_is_number(tree_json(value));
}

bool doc_is_bool(const struct doc *value)
{
        return json_is_boolean(tree_json(value));
}

bool doc_is_null(const struct doc *value)
{
        return json_is_null(tree_json(value));
}

const char *doc_text(const struct doc *value)
{
        return json_string_value(tree_json(value));
}

/* A real outside of what an int64_t holds is undefined to convert: it becomes the nearest one. */
static int64_t cut_real(double real)
{
        if (isnan(real))
                return 0;
        if (real >= 0x1p63)
                return INT64_MAX;
        if (real < -0x1p63)
                return INT64_MIN;
        return (int64_t)real;
}

int64_t doc_number(const struct doc *value)
{
        const json_t *json = tree_json(value);

        return json_is_real(json) ? cut_real(json_real_value(json)) : json_integer_value(json);
}

bool doc_bool(const struct doc *value)
{
        return json_is_true(tree_json(value));
}

size_t doc_count(const struct doc *value)
{
        const json_t *json = tree_json(value);

        return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

struct doc *doc_at(const struct doc *list, size_t index)
{
        return tree_doc(json_array_get(tree_json(list), index));
}

int doc_next(const struct doc *object, size_t *at, const char **ret_name, struct doc **ret_value)
{
        json_t *json = tree_json(object);
        void *place = (void *)(uintptr_t)*at; /* of the member that was returned last */

        place = place ? json_object_iter_next(json, place) : json_object_iter(json);
        if (!place)
                return 0;
        *at = (size_t)(uintptr_t)place;
        *ret_name = json_object_iter_key(place);
        *ret_value = tree_doc(json_object_iter_value(place));
        return 1;
}
