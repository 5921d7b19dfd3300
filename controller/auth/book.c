/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/auth/book.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"

const char *const auth_role_names[AUTH_ROLE_COUNT + 1] = {
        [ROLE_NOBODY] = "nobody",
        [ROLE_VIEWER] = "viewer",
        [ROLE_OPERATOR] = "operator",
        [ROLE_ADMIN] = "admin",
};

struct auth_book {
        pthread_rwlock_t lock;
        struct map *identities; /* SHA-256 -> struct identity */
};

int auth_role_parse(const char *name, enum auth_role *ret)
{
        for (unsigned i = 0; i < AUTH_ROLE_COUNT; i++)
                if (strcmp(auth_role_names[i], name) == 0) {
                        *ret = (enum auth_role)i;
                        return 0;
                }
        return -EINVAL;
}

struct auth_book *auth_book_new(void)
{
        struct auth_book *book = calloc(1, sizeof(*book));

        if (!book)
                return NULL;
        pthread_rwlock_init(&book->lock, NULL);
        book->identities = map_new(AUTH_BOOK_MAX);
        return book->identities ? book : auth_book_free(book);
}

struct auth_book *auth_book_free(struct auth_book *book)
{
        void *identity;
        size_t at = 0;

        if (!book)
                return NULL;
        while (book->identities && map_next(book->identities, &at, &identity))
                free(identity);
        map_free(book->identities);
        pthread_rwlock_destroy(&book->lock);
        free(book);
        return NULL;
}

int auth_book_add(struct auth_book *book, const struct sha256 *token_hash,
                  const struct identity *identity)
{
        struct identity *copy = malloc(sizeof(*copy));
        void *old;
        int rc;

        if (!copy)
                return -ENOMEM;
        *copy = *identity;

        pthread_rwlock_wrlock(&book->lock);
        old = map_remove(book->identities, token_hash->bytes, sizeof(token_hash->bytes));
        rc = map_set(book->identities, token_hash->bytes, sizeof(token_hash->bytes), copy);
        pthread_rwlock_unlock(&book->lock);

        free(old);
        if (rc < 0)
                free(copy);
        return rc;
}

void auth_book_remove(struct auth_book *book, const struct sha256 *token_hash)
{
        void *old;

        pthread_rwlock_wrlock(&book->lock);
        old = map_remove(book->identities, token_hash->bytes, sizeof(token_hash->bytes));
        pthread_rwlock_unlock(&book->lock);
        free(old);
}

bool auth_book_find(struct auth_book *book, const char *token, uint64_t now_ms,
                    struct identity *ret)
{
        const struct identity *found;
        struct sha256 hash;
        bool is_known;

        if (!token || token_hash(token, &hash) < 0)
                return false;
        pthread_rwlock_rdlock(&book->lock);
        found = map_find(book->identities, hash.bytes, sizeof(hash.bytes));
        is_known = found && (found->expires_ms == 0 || found->expires_ms > now_ms);
        if (is_known)
                *ret = *found;
        pthread_rwlock_unlock(&book->lock);
        return is_known;
}

size_t auth_book_count(struct auth_book *book, enum auth_kind kind)
{
        size_t at = 0, count = 0;
        void *identity;

        pthread_rwlock_rdlock(&book->lock);
        while (map_next(book->identities, &at, &identity))
                count += ((const struct identity *)identity)->kind == kind;
        pthread_rwlock_unlock(&book->lock);
        return count;
}
