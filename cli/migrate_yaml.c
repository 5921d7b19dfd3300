/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Elements are put into a list of a YAML text that a person wrote, whose comments
 * and order stay. That it says what it said, and the elements, is seen by reading it.
 */
#include <errno.h>
#include <string.h>

#include "cli/migrate.h"
#include "lib/base/buffer.h"
#include "lib/doc/diff.h"

/* The line behind this one. */
static const char *line_after(const char *at)
{
        const char *end = strchr(at, '\n');

        return end ? end + 1 : at + strlen(at);
}

static bool says_nothing(const char *at)
{
        at += strspn(at, " \t\r");
        return *at == '#' || *at == '\n';
}

/* The line "key:"; NULL: there is none. */
static const char *find_key(const char *text, const char *key)
{
        const size_t size = strlen(key);

        for (const char *at = text; *at; at = line_after(at))
                if (strncmp(at, key, size) == 0 && at[size] == ':')
                        return at;
        return NULL;
}

static void add_indented(struct buffer *to, const char *text, size_t indent)
{
        while (*text) {
                const char *end = line_after(text);

                for (size_t i = 0; i < indent; i++)
                        buffer_text(to, " ");
                buffer_add(to, text, (size_t)(end - text));
                text = end;
        }
}

static int put_in(const char *text, const char *key, const char *elements, char **ret)
{
        _buffer_ struct buffer to = {0};
        const char *line = find_key(text, key), *at;
        size_t indent = 0;

        if (line) {
                at = line + strlen(key) + 1;
                if (*at && !says_nothing(at))
                        return -EINVAL;
                at = line_after(at);
                while (*at && says_nothing(at))
                        at = line_after(at);
                indent = strspn(at, " ");
                if (at[indent] != '-')
                        return -EINVAL;
                buffer_add(&to, text, (size_t)(at - text));
                add_indented(&to, elements, indent);
                buffer_text(&to, at);
        } else {
                buffer_text(&to, text);
                if (to.size > 0 && to.bytes[to.size - 1] != '\n')
                        buffer_text(&to, "\n");
                buffer_text(&to, key);
                buffer_text(&to, ":\n");
                add_indented(&to, elements, 2);
        }
        return buffer_take(&to, ret);
}

/* What the text must say then. NULL without memory. */
static struct doc *wanted(const struct doc *before, const char *key, const struct doc *elements)
{
        struct doc *after = before ? doc_copy(before) : doc_object(), *list = doc_list();

        for (size_t i = 0; i < doc_count(elements); i++)
                (void)doc_append(list, doc_copy(doc_at(elements, i)));
        for (size_t i = 0; i < doc_count(doc_get(before, key)); i++)
                (void)doc_append(list, doc_copy(doc_at(doc_get(before, key), i)));
        if (doc_set(after, key, list) < 0)
                return doc_free(after);
        return after;
}

int migrate_yaml_add(const char *text, const char *key, const struct doc *elements, char **ret)
{
        static const struct doc_limits limits = {.size = 8U << 20, .depth = 16, .count = 200000};
        _doc_ struct doc *before = NULL, *after = NULL, *must = NULL;
        _free_ char *printed = NULL, *made = NULL;
        int rc = 0;

        if (text[strspn(text, " \t\r\n")])
                rc = doc_parse_yaml(text, strlen(text), &limits, NULL, &before);
        if (rc == 0 && before && !doc_is_object(before))
                rc = -EBADMSG;
        if (rc == 0)
                rc = doc_print(elements, DOC_YAML, &printed);
        if (rc == 0)
                rc = put_in(text, key, printed, &made);
        if (rc < 0 || !made)
                return rc < 0 ? rc : -ENOMEM;
        must = wanted(before, key, elements);
        if (!must)
                return -ENOMEM;
        if (doc_parse_yaml(made, strlen(made), &limits, NULL, &after) < 0 ||
            !doc_is_same(after, must))
                return -EINVAL;
        *ret = TAKE_PTR(made);
        return 0;
}
