/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Reading a document that a person wrote; inside lib/node only.
 *
 * Nothing in it is passed over and nothing is guessed: a key that is not
 * understood is an error which names it, where it stands, and what is understood
 * there. An object is a table of keys, and a list of steps is one, too.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/doc/value.h"
#include "lib/node/step.h"

#define READING_QUOTED_SIZE 40 /* what is cited of an operator's text */
#define READING_KNOWN_SIZE  80 /* "pick, types, size, holding, serial, wwn" */
#define READING_PLACE_SIZE  48 /* "spec.steps, step 17" */

struct reading {
        const char *kind;               /* "profile" */
        char name[NODE_NAME_SIZE];      /* of the document; "": not known yet */
        void *to;                       /* what take() fills */
        char *error;                    /* DOC_ERROR_SIZE bytes, or NULL */
        char place[READING_PLACE_SIZE]; /* "spec.disk"; "": the document itself */
};

/* A row a key; take() stores what it says. A table ends with a row without a name. */
struct reading_key {
        const char *name;
        int (*take)(struct reading *r, const char *key, const struct doc *value);
};

/* One sentence, with kind, name and place before it. Returns -EBADMSG. */
int reading_fail(const struct reading *r, const char *sentence, ...)
        __attribute__((format(printf, 2, 3)));
/* "'x' is not understood: a, b are" */
int reading_fail_key(const struct reading *r, const char *name, const struct reading_key *keys);

/* NULL: no row has this name. */
const struct reading_key *reading_key_find(const struct reading_key *keys, const char *name);

/* Each of these: 0 or -EBADMSG with a sentence. */

/**
 * reading_document() - {kind, name, version?, labels?, spec?}
 * @r:           kind, to, error
 * @is_name:     what a name must be
 * @alphabet:    the same, for people
 * @spec_keys:   what may stand in `spec`
 *
 * Kind and name come first, so that every later sentence says which document it speaks of.
 */
int reading_document(struct reading *r, bool (*is_name)(const char *name), const char *alphabet,
                     const struct reading_key *spec_keys, const struct doc *document);

/* @place: of its keys. */
int reading_object(struct reading *r, const char *place, const struct reading_key *keys,
                   const struct doc *object);
/* A text that is not empty, and fits. */
int reading_text(const struct reading *r, const char *key, const struct doc *value, char *to,
                 size_t size);
/* The index of one of @names, which end with NULL. */
int reading_name(const struct reading *r, const char *key, const struct doc *value,
                 const char *const *names, unsigned *ret);
