/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Kinds of documents that people write. A row each. */

#include "lib/doc/value.h"

struct kind {
        const char *name, *path;                               /* "profile", "/api/v1/profiles" */
        int (*check)(const struct doc *document, char *error); /* 0; a sentence */
        bool is_secret;                                        /* what it says is shown to nobody */
        bool is_found; /* a machine makes it: it is not written before, and never pruned */
        bool is_kept;  /* bytes lie beside it, which no text brings back: never pruned either */
};

/* In the order in which they are sent: a profile may name a key that stands below it. */
extern const struct kind kinds[];
extern const size_t kind_count;

/* NULL: there is no such kind; @error (DOC_ERROR_SIZE bytes) then has a sentence. */
const struct kind *kind_find(const char *name, char *error);
