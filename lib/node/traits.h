/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Traits: of an inventory what filters and rules ask for (docs/rules.md), small
 * enough that those of ten thousand machines stay in memory. A row each; most have
 * several values, one of each part.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/cleanup.h"
#include "lib/doc/value.h"

/* Limits: a machine says what it likes of itself. What is above them is left out, last rows first.
 */
#define TRAIT_VALUE_SIZE 96    /* bytes of one; the beginning of a longer one */
#define TRAIT_VALUES_MAX 512   /* of one row; a CPU has some 150 flags */
#define TRAITS_SIZE      16384 /* bytes of all; a server with 24 disks and two cards has 3 KB */

enum trait_kind { TRAIT_TEXT, TRAIT_NUMBER, TRAIT_TRUTH };

struct trait_row {
        const char *name; /* "gpu.vendor" */
        enum trait_kind kind;
        const char *path;   /* in the inventory; a list on the way stands for all that is in it */
        const char *help;   /* for docs/rules.md */
        const char *unless; /* a member of a list that has this (true) does not count; NULL */
};
extern const struct trait_row trait_rows[];
extern const size_t trait_count;

struct traits;

/* Of a whole inventory. 0, -ENOMEM. @ret: the caller's. */
int traits_of(const struct doc *inventory, struct traits **ret);

/* {"gpu.vendor": ["10de", "nvidia"], ...} and back; what is no trait (any more) is passed over.
 * 0, -ENOMEM. */
struct doc *traits_encode(const struct traits *traits);
int traits_decode(const struct doc *object, struct traits **ret);

/* They are one block of bytes without pointers, of this size. */
size_t traits_size(const struct traits *traits);
struct traits *traits_dup(const struct traits *traits); /* NULL without memory */
struct traits *traits_free(struct traits *traits);      /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct traits *, traits_free)

bool traits_is_same(const struct traits *a, const struct traits *b); /* NULL is none at all */

/* Walks the values of a row, texts; numbers are decimal, truths "true" and "false". @last: NULL
 * gives the first. NULL: there are no more; @traits may be NULL. */
const char *traits_next(const struct traits *traits, size_t row, const char *last);

/* The row of this name; trait_count: there is none. */
size_t trait_find(const char *name);
