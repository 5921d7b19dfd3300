/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Fetch: an HTTP and HTTPS client. Calls block; each thread that fetches has
 * its own client, which keeps connections alive from call to call. Nothing is
 * ever retried or redirected behind the caller's back. Proxies of the
 * environment are not used.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"

struct fetch;

struct fetch_trust {
        const char *ca_file; /* PEM; the only anchor then. NULL: the system's */
        const char *pin; /* "sha256//BASE64": exactly this key, instead of any anchor. NULL: none */
};

int fetch_new(const struct fetch_trust *trust, struct fetch **ret);
struct fetch *fetch_free(struct fetch *fetch);
CLEANUP_DEFINE(struct fetch *, fetch_free)

struct fetch_request {
        const char *method; /* NULL: GET, or POST with a body */
        const char *url;
        const char *bearer;         /* token for the Authorization header; NULL: none */
        const char *content_type;   /* of the body; NULL: application/json */
        const char *const *headers; /* NULL-ended "Name: value"; NULL: none */
        const void *body;
        size_t body_size;
        unsigned timeout_ms;  /* for all of it; 0: none. Connecting: at most 5 s */
        unsigned silence_ms;  /* given up when nothing came for so long; 0: 30 s */
        size_t limit;         /* largest body accepted; 0: 8 MiB */
        uint64_t range_start; /* 0 and 0: everything */
        uint64_t range_end;   /* inclusive */

        /*
         * With a sink, the body of a 2xx answer goes there instead of into the
         * response, and @limit does not count. A negative return ends the call
         * with it.
         */
        int (*sink)(void *context, const void *bytes, size_t size);
        void *sink_context;
        /* Before the first byte, where the answer says how many will come; NULL: nobody asks. A
         * negative return ends the call with it. */
        int (*sink_size)(void *sink_context, uint64_t bytes);
};

struct fetch_response {
        unsigned status;
        char content_type[64];
        char etag[80];
        unsigned retry_after_s; /* what a Retry-After in seconds says; 0: nothing */
        char *body;             /* NUL-terminated; never NULL after success without a sink */
        size_t body_size;
};

void fetch_response_done(struct fetch_response *response);
#define _response_       __attribute__((cleanup(fetch_response_done)))

#define FETCH_ERROR_SIZE 256

/**
 * fetch_do() - one request and its answer
 * @error:  FETCH_ERROR_SIZE bytes: one sentence on failure; may be NULL
 * @ret:    any HTTP status is an answer; free with fetch_response_done()
 *
 * Return: 0; -ECONNREFUSED, -EHOSTUNREACH, -ETIMEDOUT, -EKEYREJECTED (TLS: not whom we trust),
 *         -E2BIG (body above the limit), -ECANCELED (fetch_cancel()), -EPROTO (anything else of
 * HTTP), -ENOMEM, or what the sink returned.
 */
int fetch_do(struct fetch *fetch, const struct fetch_request *request, char *error,
             struct fetch_response *ret);

/* From another thread: the call under way, or the next one, ends with -ECANCELED within 1 s. */
void fetch_cancel(struct fetch *fetch);

/**
 * fetch_events() - listen to a Server-Sent-Events stream
 * @event:  one call an event; @id and @name may be ""; a return other than 0 ends listening with it
 *
 * Return: what @event returned; 0 when the server ended the stream; else as fetch_do(),
 *         -EPROTO with a sentence when the answer was not 200 text/event-stream.
 */
typedef int (*fetch_event_fn)(void *context, const char *id, const char *name, const char *data);
int fetch_events(struct fetch *fetch, const struct fetch_request *request, fetch_event_fn event,
                 void *context, char *error);
