/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Book: who holds which token. The threads that take requests look into it, so
 * that a stranger is turned away before anybody works for him; the logic thread
 * writes it. Tokens are looked up by their SHA-256, so the time that takes says
 * nothing about a token.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/trust/secret.h"

enum auth_kind { AUTH_USER, AUTH_EDGE, AUTH_AGENT, AUTH_KIND_COUNT };

/* Each may do what those before it may. */
enum auth_role { ROLE_NOBODY, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN, AUTH_ROLE_COUNT };
extern const char *const auth_role_names[AUTH_ROLE_COUNT + 1];
int auth_role_parse(const char *name, enum auth_role *ret); /* -EINVAL */

#define AUTH_USER_SIZE 64

struct identity {
        enum auth_kind kind;
        enum auth_role role;       /* of a user */
        uint64_t id;               /* of an edge or a claim */
        char user[AUTH_USER_SIZE]; /* of a user */
        uint64_t expires_ms;       /* wall clock; 0: never */
};

struct auth_book;

struct auth_book *auth_book_new(void); /* NULL without memory */
struct auth_book *auth_book_free(struct auth_book *book);
CLEANUP_DEFINE(struct auth_book *, auth_book_free)

/* In place of any other under this hash. 0, -ENOSPC at AUTH_BOOK_MAX, -ENOMEM. */
int auth_book_add(struct auth_book *book, const struct sha256 *token_hash,
                  const struct identity *identity);
void auth_book_remove(struct auth_book *book, const struct sha256 *token_hash);

/* Who is it? False: nobody we know, or no longer. @token may be NULL. */
bool auth_book_find(struct auth_book *book, const char *token, uint64_t now_ms,
                    struct identity *ret);

/* How many of a kind there are, stale ones too. */
size_t auth_book_count(struct auth_book *book, enum auth_kind kind);

#define AUTH_BOOK_MAX 250000 /* two for each of 100,000 nodes, and people */
