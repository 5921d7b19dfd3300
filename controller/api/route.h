/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Route: one row a call of docs/protocol.md. The table in table.c is the truth:
 * routing, permission, limit of the body and handler come from the same row.
 */

#include <stdbool.h>
#include <stddef.h>

#include "controller/api/problem.h"
#include "lib/node/step.h"

struct call;

/* What one must be. Roles of people each may do what those before may. */
enum route_need {
        NEED_NOTHING,
        NEED_EDGE,
        NEED_AGENT,
        NEED_VIEWER,
        NEED_OPERATOR,
        NEED_ADMIN,
        ROUTE_NEED_COUNT
};

enum {
        ROUTE_IN_PLACE = 1 << 0, /* the handler runs on the server's thread: it reads what never
                                    changes, or what has a lock of its own */
        ROUTE_GUESSES = 1 << 1,  /* a secret could be guessed: few tries a minute */
        ROUTE_COSTS = 1 << 2,    /* a stranger makes us calculate: not too many a minute */
        ROUTE_WRITES = 1 << 3,   /* refused while the store cannot keep up */
};

struct route {
        const char *method;
        const char *path; /* one segment may be {name} */
        enum route_need need;
        unsigned flags;
        size_t body_max; /* bytes; 0: no body is accepted */
        /* On the server's thread, after the permission was checked: reads the body into
         * call->data. @detail: DOC_ERROR_SIZE bytes, a sentence, or "". May be NULL. */
        enum problem (*prepare)(struct call *call, char *detail);
        void (*handle)(struct call *call); /* on the logic thread; answers, now or later */
        const char *help;
        const char *query; /* "select limit": what may stand behind the ?, rows of openapi.c; and
                              "If-Match" and "Idempotency-Key", if they are obeyed */
        const char *takes, *gives; /* shapes of the body and of the answer, rows of shape.c; "":
                                      none; "bytes"; "text"; "stream": of events */
};

extern const struct route routes[];
extern const size_t route_count;

struct route_match {
        const struct route *route;
        char name[NODE_NAME_SIZE]; /* what {name} stood for; "" */
};

/**
 * route_find() - the row for a request
 * @path:  decoded, without the query
 * @ret:   on -EPERM, too: a row of that path with another method
 *
 * HEAD finds the row of GET.
 *
 * Return: 0, -ENOENT: no such path, -EPERM: not with this method.
 */
int route_find(const struct route *table, size_t count, const char *method, const char *path,
               struct route_match *ret);

/* What a path answers to, for the header Allow: "GET, HEAD, PUT". */
#define ROUTE_ALLOW_SIZE 64
void route_allow(const struct route *table, size_t count, const char *path,
                 char to[static ROUTE_ALLOW_SIZE]);
