/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Answers: what was told to whom, by the key that came with the request. Who asks
 * again with the same key, as the answer was lost on its way, is told the same,
 * and nothing is done twice. An answer is written with what it tells of, in one
 * change; its text stays in the store.
 */

#include "controller/logic/logic.h"
#include "lib/trust/hash.h"

#define ANSWERS_KIND    "answer"
#define ANSWERS_KEPT_MS (24ULL * 60 * 60 * 1000)
/* A bulk action of thousands; some 400 KB in memory. */
#define ANSWERS_MAX 4096
/* In the store: a node is 2 to 4 KB, and with all the metadata that it may have 70 KB. */
#define ANSWERS_BYTES_MAX ((size_t)32 << 20)

struct answer_key {
        struct sha256 id;      /* of the user and his key */
        struct sha256 request; /* of all that he asked for with it */
};

struct answer_text {
        uint32_t status;
        char etag[32];
        char *text; /* owned; NULL: none */
};

struct answers *answers_new(void); /* NULL without memory */
struct answers *answers_free(struct answers *answers);

/* 0: there is one, of number @ret; -ENOENT; -EEXIST: with this key something else was asked for. */
int answers_find(const struct logic *logic, const struct answer_key *key, uint64_t now_ms,
                 uint64_t *ret);
/* Keeps one; the oldest go. Without memory the change remembers that. */
void answers_keep(struct logic *logic, const struct answer_key *key,
                  const struct answer_text *answer, uint64_t now_ms, struct store_change *change);
int answers_restore(struct logic *logic, const struct store_document *row); /* -EBADMSG, -ENOMEM */

/* Where the store has it, and what was read there. 0; -ENOENT: it was another's meanwhile. */
void answers_name(uint64_t number, char to[static NODE_NAME_SIZE]);
int answers_decode(const char *body, uint64_t number, struct answer_text *ret);
