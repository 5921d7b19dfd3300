/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a profile
 *
 * A profile says what happens to a disk, so nothing in it is passed over and
 * nothing is guessed: a key that is not understood is an error which names it,
 * where it stands, and what is understood there. An object is a table of keys,
 * and the steps are one, too.
 */
#include "lib/node/profile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/summary.h"

#define LABELS_MAX   64 /* of one document: as many as a person writes, and far more */
#define KEYS_MAX     16 /* rows of one table of keys */
#define QUOTED_SIZE  40 /* what is cited of an operator's text */
#define KNOWN_SIZE   80 /* "pick, types, size, holding, serial, wwn" */
#define PLACE_SIZE   48 /* "spec.steps, step 17" */
#define NAME_PATTERN "{name}"

const char *const disk_type_names[DISK_TYPE_COUNT + 1] = {
        [DISK_NVME] = "nvme",
        [DISK_SSD] = "ssd",
        [DISK_HDD] = "hdd",
        [DISK_VIRTUAL] = "virtual",
};

const char *const disk_pick_names[DISK_PICK_COUNT + 1] = {
        [PICK_SMALLEST] = "smallest",
        [PICK_LARGEST] = "largest",
        [PICK_FIRST] = "first",
};

const char *const disk_holding_names[DISK_HOLDING_COUNT + 1] = {
        [HOLDING_NOTHING] = "nothing",
        [HOLDING_ANYTHING] = "anything",
};

static const char *const architecture_names[] = {"x86_64", NULL};

struct reading {
        struct profile *profile;
        char *error;
        char place[PLACE_SIZE]; /* "spec.disk"; "": the document itself */
};

/* A row a key; take() stores what it says. */
struct key {
        const char *name;
        int (*take)(struct reading *r, const char *key, const struct doc *value);
};

__attribute__((format(printf, 2, 3))) static int fail(const struct reading *r, const char *sentence,
                                                      ...)
{
        const char *name = r->profile->name;
        int used = 0;
        va_list args;

        if (!r->error)
                return -EBADMSG;
        if (name[0])
                used = snprintf(r->error, DOC_ERROR_SIZE, "profile '%s': ", name);
        else
                used = snprintf(r->error, DOC_ERROR_SIZE, "profile: ");
        if (r->place[0])
                used += snprintf(r->error + used, DOC_ERROR_SIZE - (size_t)used, "%s: ", r->place);
        va_start(args, sentence);
        vsnprintf(r->error + used, DOC_ERROR_SIZE - (size_t)used, sentence, args);
        va_end(args);
        return -EBADMSG;
}

/* "nvme, ssd, hdd" */
static const char *list_names(char to[static KNOWN_SIZE], const char *const *names)
{
        size_t used = 0;

        to[0] = '\0';
        for (size_t i = 0; names[i] && used < KNOWN_SIZE; i++)
                used += (size_t)snprintf(to + used, KNOWN_SIZE - used, "%s%s", i > 0 ? ", " : "",
                                         names[i]);
        return to;
}

static int fail_unknown(const struct reading *r, const char *what, const char *const *known)
{
        char quoted[QUOTED_SIZE], list[KNOWN_SIZE];

        return fail(r, "'%s' is not understood: %s %s", text_escape(quoted, sizeof(quoted), what),
                    list_names(list, known), known[1] ? "are" : "is");
}

static const struct key *key_find(const struct key *keys, const char *name)
{
        for (; keys->name; keys++)
                if (strcmp(keys->name, name) == 0)
                        return keys;
        return NULL;
}

static int fail_key(const struct reading *r, const char *name, const struct key *keys)
{
        const char *known[KEYS_MAX + 1] = {NULL};

        for (size_t i = 0; keys[i].name && i < KEYS_MAX; i++)
                known[i] = keys[i].name;
        return fail_unknown(r, name, known);
}

static int take_member(struct reading *r, const struct key *keys, const char *name,
                       const struct doc *value)
{
        const struct key *key = key_find(keys, name);

        return key ? key->take(r, name, value) : fail_key(r, name, keys);
}

static int take_object(struct reading *r, const char *place, const struct key *keys,
                       const struct doc *object)
{
        const char *name;
        struct doc *value;
        size_t at = 0;
        int rc;

        (void)text_copy(r->place, sizeof(r->place), place);
        if (!doc_is_object(object))
                return fail(r, "it must have keys, each with a value");
        while (doc_next(object, &at, &name, &value) > 0) {
                rc = take_member(r, keys, name, value);
                if (rc < 0)
                        return rc;
                (void)text_copy(r->place, sizeof(r->place), place);
        }
        return 0;
}

static int take_text(const struct reading *r, const char *key, const struct doc *value, char *to,
                     size_t size)
{
        const char *text = doc_text(value);

        if (!text || !text[0])
                return fail(r, "'%s' must be a text%s", key,
                            doc_is_number(value) ? ": put it in quotes" : "");
        if (text_copy(to, size, text) < 0)
                return fail(r, "'%s' is longer than %zu bytes", key, size - 1);
        return 0;
}

/* The index of one of @names. */
static int take_name(const struct reading *r, const char *key, const struct doc *value,
                     const char *const *names, unsigned *ret)
{
        char text[QUOTED_SIZE], known[KNOWN_SIZE];
        int rc;

        rc = take_text(r, key, value, text, sizeof(text));
        if (rc < 0)
                return rc;
        for (unsigned i = 0; names[i]; i++) {
                if (strcmp(names[i], text) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return fail(r, "'%s' must be one of: %s", key, list_names(known, names));
}

static int take_condition(const struct reading *r, const char *key, const struct doc *value,
                          struct size_condition *ret)
{
        char text[QUOTED_SIZE];
        int rc;

        rc = take_text(r, key, value, text, sizeof(text));
        if (rc < 0)
                return rc;
        if (size_condition_parse(text, ret) < 0)
                return fail(r, "'%s' must be a comparison and bytes, like \">=32G\" or \"<2T\"",
                            key);
        return 0;
}

static int take_arch(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        rc = take_name(r, key, value, architecture_names, &index);
        if (rc < 0)
                return rc;
        return text_copy(r->profile->arch, sizeof(r->profile->arch), architecture_names[index]);
}

static int take_memory(struct reading *r, const char *key, const struct doc *value)
{
        return take_condition(r, key, value, &r->profile->memory);
}

static int take_pick(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        rc = take_name(r, key, value, disk_pick_names, &index);
        if (rc == 0)
                r->profile->pick = (enum disk_pick)index;
        return rc;
}

static int take_types(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        if (!doc_is_list(value) || doc_count(value) == 0)
                return fail(r, "'%s' must be a list, like [nvme, ssd]", key);
        for (size_t i = 0; i < doc_count(value); i++) {
                rc = take_name(r, key, doc_at(value, i), disk_type_names, &index);
                if (rc < 0)
                        return rc;
                if (r->profile->types[index])
                        return fail(r, "'%s' has '%s' twice", key, disk_type_names[index]);
                r->profile->types[index] = true;
        }
        return 0;
}

static int take_size(struct reading *r, const char *key, const struct doc *value)
{
        return take_condition(r, key, value, &r->profile->size);
}

static int take_holding(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        rc = take_name(r, key, value, disk_holding_names, &index);
        if (rc == 0)
                r->profile->holding = (enum disk_holding)index;
        return rc;
}

static int take_serial(struct reading *r, const char *key, const struct doc *value)
{
        return take_text(r, key, value, r->profile->serial, sizeof(r->profile->serial));
}

static int take_wwn(struct reading *r, const char *key, const struct doc *value)
{
        return take_text(r, key, value, r->profile->wwn, sizeof(r->profile->wwn));
}

/* A step that can be done in one way only, which is said all the same: there will be others. */
static int take_only(const struct reading *r, const char *key, const struct doc *value,
                     const char *only, bool *ret)
{
        if (!text_is_equal(doc_text(value), only))
                return fail(r, "'%s' must be '%s'", key, only);
        *ret = true;
        return 0;
}

static int take_wipe(struct reading *r, const char *key, const struct doc *value)
{
        return take_only(r, key, value, "quick", &r->profile->wipe);
}

/* As image/manifest.h has it, which is not below this room. */
static bool is_image_name(const char *name)
{
        return name[0] != '.' && name[0] != '-' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name);
}

static int take_image(struct reading *r, const char *key, const struct doc *value)
{
        int rc;

        rc = take_text(r, key, value, r->profile->image, sizeof(r->profile->image));
        if (rc == 0 && !is_image_name(r->profile->image))
                rc = fail(r, "'%s' is no name of an image: a-z, 0-9, dots and dashes", key);
        return rc;
}

static int take_grow(struct reading *r, const char *key, const struct doc *value)
{
        return take_only(r, key, value, "root", &r->profile->grow);
}

static int take_hostname(struct reading *r, const char *key, const struct doc *value)
{
        char name[NODE_NAME_SIZE];
        int rc;

        rc = take_text(r, key, value, r->profile->hostname, sizeof(r->profile->hostname));
        if (rc == 0 && profile_hostname(r->profile, "x", name) < 0)
                rc = fail(r, "'%s' is no host name: a-z, 0-9, dashes, and " NAME_PATTERN, key);
        return rc;
}

static const struct key seed_keys[] = {
        {"hostname", take_hostname},
        {NULL,       NULL         },
};

static int take_seed(struct reading *r, const char *key, const struct doc *value)
{
        char place[PLACE_SIZE];

        snprintf(place, sizeof(place), "%s, %s", r->place, key);
        return take_object(r, place, seed_keys, value);
}

static int take_boot(struct reading *r, const char *key, const struct doc *value)
{
        return take_only(r, key, value, "disk", &r->profile->boot);
}

static const struct key needs_keys[] = {
        {"arch",   take_arch  },
        {"memory", take_memory},
        {NULL,     NULL       },
};

static const struct key disk_keys[] = {
        {"pick",    take_pick   },
        {"types",   take_types  },
        {"size",    take_size   },
        {"holding", take_holding},
        {"serial",  take_serial },
        {"wwn",     take_wwn    },
        {NULL,      NULL        },
};

/* In the order in which they are taken, and must be written. */
static const struct key step_keys[] = {
        {"wipe",  take_wipe },
        {"image", take_image},
        {"grow",  take_grow },
        {"seed",  take_seed },
        {"boot",  take_boot },
        {NULL,    NULL      },
};

/* @next: the first row that may still come. */
static int take_step(struct reading *r, const struct doc *step, size_t *next)
{
        const struct key *key;
        const char *name;
        struct doc *value;
        size_t at = 0, row;

        if (!doc_is_object(step) || doc_count(step) != 1 || doc_next(step, &at, &name, &value) <= 0)
                return fail(r, "it must be one key with a value, like 'image: NAME'");
        key = key_find(step_keys, name);
        if (!key)
                return fail_key(r, name, step_keys);
        row = (size_t)(key - step_keys);
        if (row + 1 == *next)
                return fail(r, "'%s' is there twice", name);
        if (row < *next)
                return fail(r, "'%s' must come before '%s'", name, step_keys[*next - 1].name);
        *next = row + 1;
        return key->take(r, name, value);
}

static int take_steps(struct reading *r, const char *key, const struct doc *value)
{
        size_t next = 0;
        int rc;

        if (!doc_is_list(value))
                return fail(r, "'%s' must be a list, like [{image: NAME}]", key);
        for (size_t i = 0; i < doc_count(value); i++) {
                snprintf(r->place, sizeof(r->place), "spec.%s, step %zu", key, i + 1);
                rc = take_step(r, doc_at(value, i), &next);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

static int take_needs(struct reading *r, const char *key, const struct doc *value)
{
        (void)key;
        return take_object(r, "spec.needs", needs_keys, value);
}

static int take_disk(struct reading *r, const char *key, const struct doc *value)
{
        (void)key;
        return take_object(r, "spec.disk", disk_keys, value);
}

static const struct key spec_keys[] = {
        {"needs", take_needs},
        {"disk",  take_disk },
        {"steps", take_steps},
        {NULL,    NULL      },
};

static int take_spec(struct reading *r, const char *key, const struct doc *value)
{
        return take_object(r, key, spec_keys, value);
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
                return fail(r, "'%s' must be a number", key);
        return 0;
}

static int take_labels(struct reading *r, const char *key, const struct doc *value)
{
        const char *name;
        struct doc *label;
        size_t at = 0;

        if (!doc_is_object(value) || doc_count(value) > LABELS_MAX)
                return fail(r, "'%s' must be at most %d names, each with a text", key, LABELS_MAX);
        while (doc_next(value, &at, &name, &label) > 0) {
                char quoted[QUOTED_SIZE];

                if (!doc_is_text(label))
                        return fail(r, "label '%s' must be a text%s",
                                    text_escape(quoted, sizeof(quoted), name),
                                    doc_is_number(label) ? ": put it in quotes" : "");
        }
        return 0;
}

static const struct key document_keys[] = {
        {"kind",    take_nothing},
        {"name",    take_nothing},
        {"version", take_version},
        {"labels",  take_labels },
        {"spec",    take_spec   },
        {NULL,      NULL        },
};

/* First of all, so that every later sentence can say which profile it speaks of. */
static int take_kind_and_name(struct reading *r, const struct doc *document)
{
        const char *name = doc_get_text(document, "name");

        if (!doc_is_object(document))
                return fail(r, "it must have keys, each with a value");
        if (!text_is_equal(doc_get_text(document, "kind"), "profile"))
                return fail(r, "'kind' must be 'profile'");
        if (!name)
                return fail(r, "'name' must be a text");
        if (!node_name_is_valid(name))
                return fail(r, "'name' is no name: a-z, 0-9 and dashes, at most %d of them",
                            NODE_NAME_SIZE - 1);
        return text_copy(r->profile->name, sizeof(r->profile->name), name);
}

int profile_decode(const struct doc *document, char *error, struct profile *ret)
{
        struct profile profile = {.hostname = NAME_PATTERN};
        struct reading r = {.profile = &profile, .error = error};
        int rc;

        rc = take_kind_and_name(&r, document);
        if (rc == 0)
                rc = take_object(&r, "", document_keys, document);
        if (rc < 0)
                return rc;
        if (!profile.image[0])
                return fail(&r, "spec.steps: 'image' is missing");

        *ret = profile;
        return 0;
}
