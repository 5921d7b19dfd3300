/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Profiles: documents of operators, by name. Each PUT is a new version. */

#include "controller/logic/logic.h"
#include "lib/node/profile.h"
#include "lib/trust/hash.h"

#define PROFILE_KIND "profile"
#define PROFILE_MAX  ((size_t)64 << 10) /* bytes of a document: a person wrote it */

struct profile_entry {
        char name[NODE_NAME_SIZE];
        uint64_t version;
        struct profile profile;
        char hash[SHA256_TEXT_SIZE]; /* of the text */
        char *text;                  /* JSON, one line */
        size_t text_size;
};

struct profile_entry *profile_find(const struct logic *logic, const char *name); /* NULL: none */

/**
 * profile_read() - what an operator wrote, as a profile
 * @name:     that it is to have; the document says the same, or nothing
 * @error:    DOC_ERROR_SIZE bytes: one sentence
 * @ret_doc:  the caller's; may be NULL
 *
 * Pure. Return: 0, -EBADMSG, -E2BIG, -ENOMEM.
 */
int profile_read(const char *name, const char *text, size_t size, char *error, struct profile *ret,
                 struct doc **ret_doc);

/* A new version. @document: of profile_read(). 0, -ENOSPC at PROFILES_MAX, -ENOMEM. */
int profile_put(struct logic *logic, const struct profile *profile, const struct doc *document,
                uint64_t now_ms, struct store_change *change, struct profile_entry **ret);
void profile_delete(struct logic *logic, struct profile_entry *entry, uint64_t now_ms,
                    struct store_change *change);

int profile_restore(struct logic *logic, const struct store_document *row); /* -ENOMEM, -ENOSPC */
void profiles_free(struct logic *logic);
