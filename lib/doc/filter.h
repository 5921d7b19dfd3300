/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Filter: the one grammar by which people choose, everywhere (design section 6).
 *
 *   memory.total>=64G and gpu.vendor=nvidia
 *   rack in (a1, a2), not spare          a comma is "and", as after -l
 *   name=gpu-* or (phase=ready and condition!=drifted)
 *
 *   filter  = all { "or" all }
 *   all     = one { ( "and" | "," ) one }
 *   one     = "not" one | "(" filter ")" | test
 *   test    = FIELD [ ( "=" | "!=" | ">=" | "<=" | ">" | "<" ) VALUE
 *                   | [ "not" ] "in" "(" VALUE { "," VALUE } ")" ]
 *
 * A field may have several values (the vendors of all GPUs): a test holds if it holds for one of
 * them, and "!=" and "not in" if "=" and "in" do not; so they hold where there is none at all. A
 * field alone asks whether there is one that is not false and not 0.
 *
 * Texts are equal whatever the case of their Latin letters; * and ? stand for any bytes and for
 * one, unless the value is quoted ('…' or "…"; a quote in it is doubled). They are ordered as
 * people count: 2.9 is below 2.10. Numbers may have a unit: K, M, G, T, powers of 1,024.
 *
 * What fields there are is the caller's: it binds names to numbers of its own.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/doc/value.h"

#define FILTER_SIZE_MAX  2048 /* bytes; what a person writes, and a URL carries */
#define FILTER_TESTS_MAX 256  /* a value of a list counts as one: a rack row by row */
#define FILTER_DEPTH_MAX 16   /* of brackets and nots */
#define FILTER_NAME_SIZE 128  /* of a field */

struct filter;

struct filter_field {
        int id;                   /* what filter_values_fn is called with */
        bool is_number;           /* a value that is not a number is then refused when it is read */
        const char *const *words; /* all that it can be, up to a NULL; NULL: anything */
};

/* Finds a field by the name that somebody wrote. False: there is none of this name. */
typedef bool (*filter_bind_fn)(const char *name, struct filter_field *ret);

/**
 * filter_parse() - read a filter
 * @text:   NUL-terminated; only blanks: a filter that always holds
 * @error:  DOC_ERROR_SIZE bytes; on failure one sentence with the column
 * @ret:    the caller's; written only on success
 *
 * Return: 0, -EBADMSG: not a filter, -E2BIG above a limit, -ENOENT: no such field, -ENOMEM.
 */
int filter_parse(const char *text, filter_bind_fn bind, char *error, struct filter **ret);
struct filter *filter_free(struct filter *filter); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct filter *, filter_free)

/* Whether a test of it asks for this field. */
bool filter_asks(const struct filter *filter, int id);

/* The test that is being answered. Each returns true once more values cannot change the answer. */
struct filter_probe;
bool filter_probe_text(struct filter_probe *probe, const char *text); /* NULL: no value */
bool filter_probe_number(struct filter_probe *probe, int64_t number);
bool filter_probe_bool(struct filter_probe *probe, bool truth);
/* What stands at a dotted path; a list on the way stands for all that is in it. */
bool filter_probe_doc(struct filter_probe *probe, const struct doc *value, const char *path);

/* Tells all values of a field of @object. @name: as it was written. */
typedef void (*filter_values_fn)(const void *object, int id, const char *name,
                                 struct filter_probe *probe);

bool filter_holds(const struct filter *filter, filter_values_fn values, const void *object);

#define FILTER_WHY_SIZE 256

/**
 * filter_why() - the tests for which it does not hold, each with what there is
 * @ret:  FILTER_WHY_SIZE bytes: "gpu.vendor=nvidia: it is aspeed, 1a03; rack=a1: there is none";
 *        "" if it holds
 */
void filter_why(const struct filter *filter, filter_values_fn values, const void *object,
                char *ret);
