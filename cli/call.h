/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Calls to the controller's API. What goes wrong is said once, here, on stderr. */

#include <stdbool.h>

#include "cli/credentials.h"
#include "lib/base/buffer.h"
#include "lib/doc/value.h"
#include "lib/fetch/fetch.h"

struct call;

/* 0, or an exit status after a sentence on stderr. */
int call_new(const struct credential *credential, struct call **ret);
struct call *call_free(struct call *call);

/**
 * call_do() - one request
 * @path:     "/api/v1/nodes"
 * @if_match: NULL: none
 * @body:     NULL: none; stays the caller's
 * @ret:      the answer's document, the caller's; NULL if it had none; may be NULL
 *
 * A POST whose answer is lost is sent again, with the same Idempotency-Key: it acts once.
 *
 * Return: 0, or EXIT_FAILURE after a sentence on stderr.
 */
int call_do(struct call *call, const char *method, const char *path, const char *if_match,
            const struct doc *body, struct doc **ret);

/* GET of a path that was put together; as call_do(). */
int call_get(struct call *call, const struct buffer *path, struct doc **ret);

/* What call_do() is made of, for who must look at a refusal itself. Says nothing on stderr. */
struct call_request {
        const char *method, *path;
        const char *if_match;     /* NULL: none */
        const char *key;          /* the same at each try: it is done once; NULL: none */
        const char *content_type; /* of the body; NULL: JSON */
        const void *body;         /* NULL: none */
        size_t body_size;
        unsigned patience_ms; /* until the answer; 0: 30 s */
        /* Where the body of a 2xx goes in place of a document, which @doc then is not; NULL. */
        int (*sink)(void *context, const void *bytes, size_t size);
        void *sink_context;
};
struct call_answer {
        unsigned status; /* 0: there was none; @rc and @error say why */
        unsigned retry_after_s;
        struct doc *doc; /* the caller's; NULL: none */
        int rc;
        char error[FETCH_ERROR_SIZE];
};
void call_answer_done(struct call_answer *answer);
#define _answer_ __attribute__((cleanup(call_answer_done)))

/* Whether the answer is a 2xx. @ret is cleared first. */
bool call_try(struct call *call, const struct call_request *request, struct call_answer *ret);
/* The sentence for an answer that is no 2xx. Returns EXIT_FAILURE. */
int call_complain(const struct call *call, const struct call_answer *answer);

/* A second one to the same controller, for use while the first listens. */
int call_clone(const struct call *call, struct call **ret);
/* As call_events(), but a failure is no sentence: it returns a negative errno. */
int call_listen(struct call *call, const char *path, fetch_event_fn event, void *context);

/* GET of an event stream; as fetch_events(). 0 or EXIT_FAILURE. */
int call_events(struct call *call, const char *path, fetch_event_fn event, void *context);

/* Adds "?name=value", or "&name=value" where there is a query already. A NULL adds nothing. */
void call_query(struct buffer *path, const char *name, const char *value);

/* "NAME" as a path or query word: what is not a letter, digit, or one of -._~ becomes %XX. */
void call_escape(char *to, size_t size, const char *text);
