/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Value: a tree of objects, lists, texts, numbers and truths; JSON and YAML are
 * two ways to write it down. The one door to the JSON library.
 *
 * Ownership: a value made by doc_object(), doc_list() or doc_parse*() belongs to
 * the caller until doc_free(), or until it is put into another one by doc_set()
 * or doc_append(), which take it (even when they fail). What doc_get() and
 * friends return is borrowed from its tree.
 *
 * Building remembers failures: without memory an object is NULL, and setting
 * into NULL or printing NULL does nothing but fail. So a tree is built without a
 * check on each line.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

struct doc;

struct doc *doc_object(void);
struct doc *doc_list(void);
struct doc *doc_free(struct doc *value);       /* takes NULL; returns NULL */
struct doc *doc_copy(const struct doc *value); /* deep; NULL without memory */
CLEANUP_DEFINE(struct doc *, doc_free)
#define _doc_ CLEANUP(doc_free)

/* Absent is better than empty: a NULL text, or NULL child, sets nothing. Text that is not UTF-8
 * has its bad bytes replaced by U+FFFD. 0, -ENOMEM; -EINVAL if @object is not one. */
int doc_set(struct doc *object, const char *name, struct doc *take);
int doc_set_text(struct doc *object, const char *name, const char *text);
int doc_set_number(struct doc *object, const char *name, int64_t number);
int doc_set_bool(struct doc *object, const char *name, bool truth);
int doc_remove(struct doc *object, const char *name);
int doc_append(struct doc *list, struct doc *take);
int doc_append_text(struct doc *list, const char *text);
int doc_append_number(struct doc *list, int64_t number);

/* A dotted path of names: "system.chassis.serial". NULL when a part is not there. */
struct doc *doc_get(const struct doc *value, const char *path);
const char *doc_get_text(const struct doc *value, const char *path); /* NULL: absent, not text */
int64_t doc_get_number(const struct doc *value, const char *path, int64_t otherwise);
bool doc_get_bool(const struct doc *value, const char *path, bool otherwise);

bool doc_is_object(const struct doc *value); /* all of these: false for NULL */
bool doc_is_list(const struct doc *value);
bool doc_is_text(const struct doc *value);
bool doc_is_number(const struct doc *value);
bool doc_is_bool(const struct doc *value);
bool doc_is_null(const struct doc *value);
const char *doc_text(const struct doc *value); /* NULL if it is not a text */
int64_t doc_number(const struct doc *value);   /* 0 if it is not a number; reals are cut */
bool doc_bool(const struct doc *value);

size_t doc_count(const struct doc *value);                /* members of an object or list; else 0 */
struct doc *doc_at(const struct doc *list, size_t index); /* NULL past the end */

/* Walks an object in the order in which it was filled. @at is 0 first. 1, or 0 at the end. */
int doc_next(const struct doc *object, size_t *at, const char **ret_name, struct doc **ret_value);

/*
 * What a stranger's text may be. Depth and count are checked while parsing, so
 * that memory is bounded before it is spent.
 */
struct doc_limits {
        size_t size;  /* bytes of text */
        size_t depth; /* nesting */
        size_t count; /* values in all */
};
extern const struct doc_limits doc_limits_message; /* requests: 1 MiB, 16, 20,000 */
extern const struct doc_limits
        doc_limits_inventory; /* reports of a big machine: 8 MiB, 24, 400,000 */

#define DOC_ERROR_SIZE 200

/**
 * doc_parse() - read one JSON text
 * @error:  DOC_ERROR_SIZE bytes; on failure one sentence with line and column; may be NULL
 * @ret:    the tree, the caller's; written only on success
 *
 * Names given twice, NUL in texts, bytes after the value: refused.
 *
 * Return: 0, -EBADMSG not JSON, -E2BIG above a limit, -ENOMEM.
 */
int doc_parse(const char *text, size_t size, const struct doc_limits *limits, char *error,
              struct doc **ret);

/* The same for one YAML document; anchors, aliases and tags are refused. (Not in the ramdisk.) */
int doc_parse_yaml(const char *text, size_t size, const struct doc_limits *limits, char *error,
                   struct doc **ret);

enum doc_format {
        DOC_COMPACT, /* JSON on one line */
        DOC_PRETTY,  /* JSON, two blanks a level, a newline at the end */
        DOC_YAML,    /* (not in the ramdisk: -ENOTSUP) */
};

/* @ret: NUL-terminated text, the caller's. 0, -ENOMEM, -EINVAL for NULL. */
int doc_print(const struct doc *value, enum doc_format format, char **ret);
