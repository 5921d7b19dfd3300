/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Documents of operators, by kind and name: profiles, keys, files, settings, networks, and what is
 * said of images. A row a
 * kind. Each PUT is a new version.
 */

#include "controller/logic/logic.h"
#include "lib/node/image_document.h"
#include "lib/node/install.h"
#include "lib/node/network_document.h"
#include "lib/node/profile.h"
#include "lib/node/rule.h"
#include "lib/node/setting.h"
#include "lib/trust/hash.h"

struct document_kind_row {
        const char *name; /* "profile" */
        const char *path; /* of the API: "/api/v1/profiles" */
        bool is_secret;   /* what it says is shown to nobody */
};
extern const struct document_kind_row document_kinds[DOCUMENT_KIND_COUNT];

/* Bytes of a document that is sent. */
#define PROFILE_MAX ((size_t)64 << 10)               /* a person wrote it */
#define RULE_MAX    ((size_t)16 << 10)               /* the same */
#define KEY_MAX     ((size_t)16 << 10)               /* one line, and labels */
#define SETTING_MAX ((size_t)16 << 10)               /* a value, and labels */
#define NETWORK_MAX ((size_t)64 << 10)               /* pools, relays, and what they match */
#define IMAGE_MAX   ((size_t)16 << 10)               /* a few lines, notes, and labels */
#define FILE_MAX    ((size_t)4 * SEED_USER_DATA_MAX) /* text, escaped by JSON here and there */

struct document {
        enum document_kind kind;
        char name[NODE_NAME_SIZE];
        uint64_t version;
        struct profile *profile;      /* DOCUMENT_PROFILE */
        struct setting *setting;      /* DOCUMENT_SETTING */
        struct rule *rule;            /* DOCUMENT_RULE */
        struct edge_network *network; /* DOCUMENT_NETWORK */
        struct image_document *image; /* DOCUMENT_IMAGE */
        char *content;                /* DOCUMENT_KEY: its line; DOCUMENT_FILE: its text */
        char hash[SHA256_TEXT_SIZE];  /* of all that it says; of a secret one keyed */
        char *text;                   /* as it is shown: JSON, one line */
        size_t text_size;
        struct doc *labels, *spec; /* as they were written; never NULL */

        /* DOCUMENT_RULE: rules.c's own, counted when they are asked. */
        uint32_t taken;  /* nodes that it has taken */
        uint32_t number; /* each lower one makes a name that some node has */
};

struct document *document_free(struct document *document); /* erases what it held; takes NULL */
CLEANUP_DEFINE(struct document *, document_free)

struct document *document_find(const struct logic *logic, enum document_kind kind,
                               const char *name); /* NULL: none */

/**
 * document_read() - what an operator wrote
 * @name:   that it is to have; the text says the same, or nothing
 * @error:  DOC_ERROR_SIZE bytes: one sentence
 * @ret:    the caller's, of no version yet
 *
 * Pure. Return: 0, -EBADMSG, -E2BIG, -ENOMEM.
 */
int document_read(enum document_kind kind, const char *name, const char *text, size_t size,
                  char *error, struct document **ret);

/**
 * document_put() - a new version
 * @take:  of document_read(); the logic's then, or freed on failure
 * @by:    who, for the event
 * @ret:   what is there now
 *
 * What a secret document said already makes no new version: nobody could compare before.
 *
 * Return: 0, -ENOSPC at DOCUMENTS_MAX, -ENOMEM, -EIO; -EKEYREJECTED: a secret one, and there is no
 *         vault.
 */
int document_put(struct logic *logic, struct document *take, const char *by, uint64_t now_ms,
                 struct store_change *change, struct document **ret);
/* Gives @fresh, of document_read(), the version and text that document_put() would. 0; else as
 * that, -EIO excepted. */
int document_preview(const struct logic *logic, struct document *fresh);
void document_delete(struct logic *logic, struct document *document, const char *by,
                     uint64_t now_ms, struct store_change *change);

/* The kind of a row of the store; DOCUMENT_KIND_COUNT: none of these. */
enum document_kind document_kind_find(const char *name);
int document_restore(struct logic *logic, const struct store_document *row); /* -ENOMEM, -ENOSPC */
int documents_init(struct logic *logic);                                     /* -ENOMEM */
void documents_done(struct logic *logic);

/* Seeds: what a profile names. seeds.c */

#define SEED_WHY_SIZE 256

/* Whether all that is named is there; else one sentence. */
bool seed_is_known(const struct logic *logic, const struct seed_names *seed,
                   char why[static SEED_WHY_SIZE]);

/* What is said of an image; where nothing is, one without a name, which needs nothing. */
struct image_document image_said(const struct logic *logic, const char *name);

/* Whether profiles name this image; a sentence with their names. */
bool image_is_named(const struct logic *logic, const char *name, char why[static SEED_WHY_SIZE]);

/* Whether a profile names it, or an install that runs; one sentence. */
bool seed_is_using(const struct logic *logic, const struct document *document,
                   char why[static SEED_WHY_SIZE]);

/* SHA-256 of a profile with what its seed names, in hex. 0, -EIO. */
int seed_hash(const struct logic *logic, const struct document *profile,
              char ret[static SHA256_TEXT_SIZE]);

/* What the seed of a plan says. 0; -ENOENT with a sentence: something is not there any more. */
int seed_fill(const struct logic *logic, const struct seed_names *seed,
              char why[static SEED_WHY_SIZE], struct install_plan *ret);
