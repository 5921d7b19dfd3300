/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Calls to the controller's API. What goes wrong is said once, here, on stderr. */

#include "cli/credentials.h"
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
 * Return: 0, or EXIT_FAILURE after a sentence on stderr.
 */
int call_do(struct call *call, const char *method, const char *path, const char *if_match,
            const struct doc *body, struct doc **ret);

/* GET of an event stream; as fetch_events(). 0 or EXIT_FAILURE. */
int call_events(struct call *call, const char *path, fetch_event_fn event, void *context);

/* "NAME" as a path or query word: what is not a letter, digit, or one of -._~ becomes %XX. */
void call_escape(char *to, size_t size, const char *text);
