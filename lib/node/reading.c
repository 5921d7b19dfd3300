/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/node_document.h"

#define LABELS_MAX 64 /* of one document: as many as a person writes, and far more */
#define KEYS_MAX   16 /* rows of one table of keys */

int reading_fail(const struct reading *r, const char *sentence, ...)
{
        int used = 0;
        va_list args;

        if (!r->error)
                return -EBADMSG;
        if (r->name[0])
                used = snprintf(r->error, DOC_ERROR_SIZE, "%s '%s': ", r->kind, r->name);
        else
                used = snprintf(r->error, DOC_ERROR_SIZE, "%s: ", r->kind);
        if (r->place[0])
                used += snprintf(r->error + used, DOC_ERROR_SIZE - (size_t)used, "%s: ", r->place);
        va_start(args, sentence);
        vsnprintf(r->error + used, DOC_ERROR_SIZE - (size_t)used, sentence, args);
        va_end(args);
        return -EBADMSG;
}

/* "nvme, ssd, hdd" */
static const char *list_names(char to[static READING_KNOWN_SIZE], const char *const *names)
{
        size_t used = 0;

        to[0] = '\0';
        for (size_t i = 0; names[i] && used < READING_KNOWN_SIZE; i++)
                used += (size_t)snprintf(to + used, READING_KNOWN_SIZE - used, "%s%s",
                                         i > 0 ? ", " : "", names[i]);
        return to;
}

static int fail_unknown(const struct reading *r, const char *what, const char *const *known)
{
        char quoted[READING_QUOTED_SIZE], list[READING_KNOWN_SIZE];

        return reading_fail(r, "'%s' is not understood: %s %s",
                            text_escape(quoted, sizeof(quoted), what), list_names(list, known),
                            known[1] ? "are" : "is");
}

const struct reading_key *reading_key_find(const struct reading_key *keys, const char *name)
{
        for (; keys->name; keys++)
                if (strcmp(keys->name, name) == 0)
                        return keys;
        return NULL;
}

int reading_fail_key(const struct reading *r, const char *name, const struct reading_key *keys)
{
        const char *known[KEYS_MAX + 1] = {NULL};

        for (size_t i = 0; keys[i].name && i < KEYS_MAX; i++)
                known[i] = keys[i].name;
        return fail_unknown(r, name, known);
}

static int take_member(struct reading *r, const struct reading_key *keys, const char *name,
                       const struct doc *value)
{
        const struct reading_key *key = reading_key_find(keys, name);

        return key ? key->take(r, name, value) : reading_fail_key(r, name, keys);
}

int reading_object(struct reading *r, const char *place, const struct reading_key *keys,
                   const struct doc *object)
{
        const char *name;
        struct doc *value;
        size_t at = 0;
        int rc;

        (void)text_copy(r->place, sizeof(r->place), place);
        if (!doc_is_object(object))
                return reading_fail(r, "it must have keys, each with a value");
        while (doc_next(object, &at, &name, &value) > 0) {
                rc = take_member(r, keys, name, value);
                if (rc < 0)
                        return rc;
                (void)text_copy(r->place, sizeof(r->place), place);
        }
        return 0;
}

int reading_text(const struct reading *r, const char *key, const struct doc *value, char *to,
                 size_t size)
{
        const char *text = doc_text(value);

        if (!text || !text[0])
                return reading_fail(r, "'%s' must be a text%s", key,
                                    doc_is_number(value) ? ": put it in quotes" : "");
        if (text_copy(to, size, text) < 0)
                return reading_fail(r, "'%s' is longer than %zu bytes", key, size - 1);
        return 0;
}

/* The index of one of @names. */
int reading_name(const struct reading *r, const char *key, const struct doc *value,
                 const char *const *names, unsigned *ret)
{
        char text[READING_QUOTED_SIZE], known[READING_KNOWN_SIZE];
        int rc;

        rc = reading_text(r, key, value, text, sizeof(text));
        if (rc < 0)
                return rc;
        for (unsigned i = 0; names[i]; i++) {
                if (strcmp(names[i], text) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return reading_fail(r, "'%s' must be one of: %s", key, list_names(known, names));
}

/* Kind and name were read before all else. */
static int take_nothing(struct reading *r, const char *key, const struct doc *value)
{
        (void)r, (void)key, (void)value;
        return 0;
}

static int take_version(struct reading *r, const char *key, const struct doc *value)
{
        if (!doc_is_number(value) || doc_number(value) < 0)
                return reading_fail(r, "'%s' must be a number", key);
        return 0;
}

static int take_labels(struct reading *r, const char *key, const struct doc *value)
{
        const char *name;
        struct doc *label;
        size_t at = 0;

        if (!doc_is_object(value) || doc_count(value) > LABELS_MAX)
                return reading_fail(r, "'%s' must be at most %d names, each with a text", key,
                                    LABELS_MAX);
        while (doc_next(value, &at, &name, &label) > 0) {
                char quoted[READING_QUOTED_SIZE];

                text_escape(quoted, sizeof(quoted), name);
                if (!doc_is_text(label))
                        return reading_fail(r, "label '%s' must be a text%s", quoted,
                                            doc_is_number(label) ? ": put it in quotes" : "");
                if (!node_label_is_valid(name))
                        return reading_fail(r,
                                            "label '%s' is no name: letters, digits and ._-/, "
                                            "at most %d of them",
                                            quoted, NODE_LABEL_SIZE - 1);
                if (strlen(doc_text(label)) >= NODE_LABEL_SIZE)
                        return reading_fail(r, "label '%s' has more than %d bytes", quoted,
                                            NODE_LABEL_SIZE - 1);
        }
        return 0;
}

/* The spec was not read yet: its keys are of the kind. */
static const struct reading_key document_keys[] = {
        {"kind",    take_nothing},
        {"name",    take_nothing},
        {"version", take_version},
        {"labels",  take_labels },
        {"spec",    take_nothing},
        {NULL,      NULL        },
};

static int take_kind_and_name(struct reading *r, bool (*is_name)(const char *name),
                              const char *alphabet, const struct doc *document)
{
        const char *name = doc_get_text(document, "name");

        if (!doc_is_object(document))
                return reading_fail(r, "it must have keys, each with a value");
        if (!text_is_equal(doc_get_text(document, "kind"), r->kind))
                return reading_fail(r, "'kind' must be '%s'", r->kind);
        if (!name)
                return reading_fail(r, "'name' must be a text");
        if (!is_name(name))
                return reading_fail(r, "'name' is no name: %s, at most %d of them", alphabet,
                                    NODE_NAME_SIZE - 1);
        return text_copy(r->name, sizeof(r->name), name);
}

int reading_document(struct reading *r, bool (*is_name)(const char *name), const char *alphabet,
                     const struct reading_key *spec_keys, const struct doc *document)
{
        const struct doc *spec = doc_get(document, "spec");
        int rc;

        rc = take_kind_and_name(r, is_name, alphabet, document);
        if (rc == 0)
                rc = reading_object(r, "", document_keys, document);
        return rc == 0 && spec ? reading_object(r, "spec", spec_keys, spec) : rc;
}
