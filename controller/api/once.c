/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Idempotency-Key: what is asked for twice is done once
 *
 * Of a request that was answered nobody can tell whether the answer arrived, so
 * whoever sends it gives it a key, and may send it again. The first is done; what
 * comes with the same key while it is under way is asked to wait; what comes later
 * is told what the first was told. A refusal is not kept: nothing was done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/openapi.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#define HEADER        "Idempotency-Key"
#define KEY_MAX_BYTES 128 /* a UUID has 36 */

static bool is_key(const char *key)
{
        for (const char *c = key; *c; c++)
                if (*c <= ' ' || *c > '~')
                        return false;
        return key[0] && strlen(key) <= KEY_MAX_BYTES;
}

/* Each with its NUL byte: no two lists of texts have the same bytes. */
static int add_text(struct sha256_stream *stream, const char *text)
{
        return sha256_stream_add(stream, text ? text : "", text ? strlen(text) + 1 : 1);
}

static int add_request(struct call *call, struct sha256_stream *stream)
{
        struct serve_request *request = call->request;
        const char *body, *name;
        size_t size;
        int rc;

        rc = add_text(stream, serve_method(request));
        if (rc == 0)
                rc = add_text(stream, serve_path(request));
        if (rc == 0)
                rc = add_text(stream, serve_header(request, "If-Match"));
        for (size_t i = 0; rc == 0 && (name = serve_query_name(request, i)) != NULL; i++) {
                rc = add_text(stream, name);
                if (rc == 0)
                        rc = add_text(stream, serve_query(request, name));
        }
        if (rc < 0)
                return rc;
        body = serve_body(request, &size);
        return sha256_stream_add(stream, body, size);
}

static int hash_of(struct call *call, const char *key, struct sha256 *ret)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        int rc;

        rc = sha256_stream_new(&stream);
        if (rc == 0 && key)
                rc = add_text(stream, call->who.user);
        if (rc == 0)
                rc = key ? add_text(stream, key) : add_request(call, stream);
        return rc < 0 ? rc : sha256_stream_end(stream, ret);
}

enum problem once_prepare(struct call *call, char *detail)
{
        const char *key = serve_header(call->request, HEADER);

        if (!key || !route_has_query(call->match.route, HEADER))
                return PROBLEM_NONE;
        if (!is_key(key)) {
                snprintf(detail, DOC_ERROR_SIZE,
                         HEADER ": 1 to %d letters, digits or signs, without blanks",
                         KEY_MAX_BYTES);
                return PROBLEM_QUERY;
        }
        if (hash_of(call, key, &call->once.id) < 0 || hash_of(call, NULL, &call->once.request) < 0)
                return PROBLEM_NO_MEMORY;
        call->has_key = true;
        return PROBLEM_NONE;
}

/* Reader's thread: what the first was told. */
static void tell_again(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct answer_text answer = {0};
        _free_ char *body = NULL;
        char name[NODE_NAME_SIZE];
        int rc;

        answers_name(call->answer, name);
        rc = store_read_document(reader, ANSWERS_KIND, name, &body);
        if (rc == 0)
                rc = answers_decode(body, call->answer, &answer);
        if (rc == -ENOENT) {
                /* So many came that it had to go, at this very moment. */
                call_refuse(call, PROBLEM_KEY_BUSY, NULL);
                return;
        }
        if (rc < 0) {
                call_refuse(call, PROBLEM_STORE, "The answer of before could not be read.");
                return;
        }
        reply_text(call, answer.status, answer.text);
        memcpy(call->reply.etag, answer.etag, sizeof(call->reply.etag));
        call_send(call);
}

bool once_begin(struct call *call)
{
        struct api *api = call->api;
        bool is_first;
        int rc;

        if (!call->has_key)
                return true;
        rc = answers_find(api->logic, &call->once, clock_wall_ms(), &call->answer);
        if (rc == -EEXIST) {
                call_refuse(call, PROBLEM_KEY_REUSED, NULL);
                return false;
        }
        pthread_mutex_lock(&api->once_lock);
        is_first = !map_find(api->under_way, call->once.id.bytes, sizeof(call->once.id.bytes));
        if (is_first && rc == -ENOENT)
                call->is_first = map_set(api->under_way, call->once.id.bytes,
                                         sizeof(call->once.id.bytes), call) == 0;
        pthread_mutex_unlock(&api->once_lock);
        if (!is_first)
                call_refuse(call, PROBLEM_KEY_BUSY, NULL);
        else if (rc == 0)
                call_read(call, tell_again);
        else if (!call->is_first)
                call_refuse(call, PROBLEM_BUSY, NULL);
        else
                return true;
        return false;
}

void once_keep(struct call *call, struct store_change *change)
{
        struct answer_text answer = {.status = call->reply.status, .text = call->reply.text};

        if (!call->is_first || call->then || call->reply.status / 100 != 2)
                return;
        memcpy(answer.etag, call->reply.etag, sizeof(answer.etag));
        answers_keep(call->api->logic, &call->once, &answer, clock_wall_ms(), change);
}

void once_end(struct call *call)
{
        struct api *api = call->api;

        if (!call->is_first)
                return;
        call->is_first = false;
        pthread_mutex_lock(&api->once_lock);
        map_remove(api->under_way, call->once.id.bytes, sizeof(call->once.id.bytes));
        pthread_mutex_unlock(&api->once_lock);
}
