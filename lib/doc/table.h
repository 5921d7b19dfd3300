/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Table: how a C struct is written as an object, a row a field.
 *
 * One table reads and writes: what goes over the wire is said once. A field that
 * is not in the object keeps what the struct held, unless the row demands it;
 * a name that no row has is an error where the table is strict (configuration),
 * and skipped where it is not (messages of a newer peer).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

enum doc_type {
        DOC_TEXT,   /* char[size] in the struct; "" is absent */
        DOC_U64,    /* uint64_t; 0 is absent unless DOC_ALWAYS */
        DOC_U32,    /* uint32_t, the same */
        DOC_BOOL,   /* bool; false is absent unless DOC_ALWAYS */
        DOC_ENUM,   /* an enum (unsigned), by name: @names, NULL-ended; the name of 0 may be NULL,
                       too. Absent when its name is NULL */
        DOC_MAC,    /* struct mac_address; all zero is absent */
        DOC_IP4,    /* struct ip4_address; 0.0.0.0 is absent */
        DOC_IP,     /* struct ip_address, of either kind; unset is absent */
        DOC_UUID,   /* struct uuid; all zero is absent */
        DOC_OBJECT, /* a struct inside, with @table */
        DOC_TREE,   /* struct doc *, owned by the struct */
        DOC_LIST,   /* an array of structs, each with @table; see DOC_LIST_FIELD() */
        DOC_TEXTS,  /* an array of char[N]; see DOC_TEXTS_FIELD() */
};

enum {
        DOC_REQUIRED = 1 << 0,    /* reading fails without it */
        DOC_ALWAYS = 1 << 1,      /* written even when zero */
        DOC_UNLESS_ZERO = 1 << 2, /* DOC_ENUM: absent when 0, also when that has a name */
};

struct doc_field {
        const char *name;
        enum doc_type type;
        unsigned flags;
        size_t offset;
        size_t size;                   /* of the member */
        uint64_t max;                  /* numbers: largest accepted; 0: what the type holds */
        const char *const *names;      /* DOC_ENUM */
        const struct doc_table *table; /* DOC_OBJECT; DOC_LIST: of one element */
        size_t count_offset; /* DOC_LIST, DOC_TEXTS: where the size_t with their number is */
        size_t element_size; /* DOC_LIST, DOC_TEXTS: of one element */
        const char *help;    /* one line for documentation; may be NULL */
};

struct doc_table {
        const char *what; /* "claim", for error sentences; NULL: they begin with the key */
        size_t struct_size;
        bool is_strict; /* unknown names are errors, also in every table inside */
        const struct doc_field *fields;
        size_t count;
};

#define DOC_FIELD(struct_type, member, doc_type, doc_flags, ...)                                   \
        {                                                                                          \
                .name = #member, .type = (doc_type), .flags = (doc_flags),                         \
                .offset = offsetof(struct_type, member),                                           \
                .size = sizeof(((struct_type *)0)->member), __VA_ARGS__                            \
        }

/*
 * A list of structs, or of texts, of at most as many elements as the member
 * array has; how many there are stands in a size_t beside it.
 *
 *   struct config {
 *           struct network networks[NETWORKS_MAX];
 *           size_t network_count;
 *           char services[4][16];
 *           size_t service_count;
 *   };
 *   DOC_LIST_FIELD(struct config, networks, network_count, DOC_REQUIRED, &network_table),
 *   DOC_TEXTS_FIELD(struct config, services, service_count, 0),
 *
 * A list that is in the object takes the place of the whole list that the struct
 * held; a longer one than the array is an error, not cut. Each struct starts from
 * what its slot of the array held: who wants defaults in the elements writes them
 * into every slot before reading, and leaves the count 0. An empty list is
 * absent when written, unless DOC_ALWAYS; DOC_REQUIRED refuses an empty one.
 */
#define DOC_LIST_FIELD(struct_type, member, count_member, doc_flags, element_table, ...)           \
        DOC_FIELD(struct_type, member, DOC_LIST, doc_flags, .table = (element_table),              \
                  .count_offset = offsetof(struct_type, count_member),                             \
                  .element_size = sizeof(((struct_type *)0)->member[0]), __VA_ARGS__)
#define DOC_TEXTS_FIELD(struct_type, member, count_member, doc_flags, ...)                         \
        DOC_FIELD(struct_type, member, DOC_TEXTS, doc_flags,                                       \
                  .count_offset = offsetof(struct_type, count_member),                             \
                  .element_size = sizeof(((struct_type *)0)->member[0]), __VA_ARGS__)

/* More designators may follow: DOC_TABLE(t, struct config, "cloudied.yaml", rows, .is_strict =
 * true)
 */
#define DOC_TABLE(c_name, struct_type, sentence_name, rows, ...)                                   \
        const struct doc_table c_name = {.what = sentence_name,                                    \
                                         .struct_size = sizeof(struct_type),                       \
                                         .fields = rows,                                           \
                                         .count = sizeof(rows) / sizeof((rows)[0]),                \
                                         __VA_ARGS__}

/**
 * doc_decode() - fill a struct from an object
 * @error:  DOC_ERROR_SIZE bytes, one sentence on failure ("claim: 'boot' is missing"); may be NULL
 * @ret:    in: defaults; out: also what was said. Unspecified on failure, but safe for
 *          doc_release()
 *
 * A null is the same as an absent field.
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int doc_decode(const struct doc_table *table, const struct doc *object, char *error, void *ret);

/* The caller's new object. NULL without memory, or for a number above INT64_MAX. */
struct doc *doc_encode(const struct doc_table *table, const void *from);

/* Frees what the struct owns (DOC_TREE members, also inside DOC_OBJECT and DOC_LIST). */
void doc_release(const struct doc_table *table, void *of);

/* doc_parse() and doc_decode() in one. */
int doc_decode_text(const struct doc_table *table, const char *text, size_t size,
                    const struct doc_limits *limits, char *error, void *ret);
