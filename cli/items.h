/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Documents of files and folders: all are read and checked before anything is done with one. */

#include "cli/kinds.h"
#include "lib/base/cleanup.h"

/* The label by which `apply --prune` knows what was applied before with the same --set. */
#define ITEMS_SET_LABEL "cloudie/set"

struct item {
        const struct kind *kind;
        struct doc *document; /* owned */
        struct doc *now;      /* owned: what the controller has; NULL: nothing, or not asked yet */
};

struct items {
        struct item **at; /* owned */
        size_t count, space;
        struct map *names; /* of struct item, by "kind/name": each is said once */
        size_t limit;      /* bytes of one file */
};

#define ITEMS_APPLY_MAX ((size_t)16 << 20)  /* people write them */
#define ITEMS_LOAD_MAX  ((size_t)512 << 20) /* a site of 100,000 nodes, 2 KiB each, and as much */

struct items *items_new(size_t limit); /* NULL without memory */
struct items *items_free(struct items *items);
CLEANUP_DEFINE(struct items *, items_free)

/**
 * items_read() - the documents of a file, of a folder's files, or of stdin ("-")
 *
 * Of a folder the files *.yaml, *.yml and *.json in the order of their names, not of folders below.
 * A folder without one of them is refused: it is another folder than was meant.
 *
 * Return: 0, or EXIT_FAILURE after a sentence on stderr.
 */
int items_read(struct items *items, const char *path);

/* NULL: none. */
struct item *items_find(const struct items *items, const char *kind, const char *name);

/* In labels and spec, which is all that an operator writes; the rest is the controller's. */
bool item_says_the_same(const struct doc *a, const struct doc *b);
