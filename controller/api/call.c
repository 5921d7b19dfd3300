/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request's way through the threads, and its end. */
#include "controller/api/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

static void put_reply(struct call *call, unsigned status, const char *content_type, char *take_text)
{
        free(call->reply.text);
        call->reply.status = status;
        call->reply.content_type = content_type;
        call->reply.text = take_text;
        call->reply.size = take_text ? strlen(take_text) : 0;
        call->reply.may_retry = false;
}

void reply_problem(struct call *call, enum problem problem, const char *detail)
{
        const struct problem_row *row = &problem_rows[problem];

        put_reply(call, row->status, "application/problem+json", problem_text(problem, detail));
        call->reply.may_retry = row->status == 503 || row->status == 429;
}

void reply_text(struct call *call, unsigned status, char *take_text)
{
        if (take_text)
                put_reply(call, status, "application/json", take_text);
        else
                reply_problem(call, PROBLEM_NO_MEMORY, NULL);
}

void reply_doc(struct call *call, unsigned status, struct doc *take)
{
        char *text = NULL;

        if (doc_print(take, DOC_COMPACT, &text) < 0)
                text = NULL;
        doc_free(take);
        reply_text(call, status, text);
}

void reply_table(struct call *call, const struct doc_table *table, const void *from)
{
        reply_doc(call, 200, doc_encode(table, from));
}

void reply_empty(struct call *call, unsigned status)
{
        put_reply(call, status, NULL, NULL);
}

void call_end(struct call *call)
{
        struct api *api = call->api;

        once_end(call);
        free(call->reply.text);
        free(call->data);
        members_free(call->members);
        free(call);
        atomic_fetch_sub(&api->live, 1);
}

/* Of the answer what was asked for. */
static void pick_members(struct call *call)
{
        const struct reply *reply = &call->reply;
        _buffer_ struct buffer picked = {0};
        char *text = NULL;

        if (members_pick(call->members, "items", reply->text, reply->size, &picked) < 0 ||
            buffer_take(&picked, &text) < 0)
                reply_problem(call, PROBLEM_NO_MEMORY, NULL);
        else
                put_reply(call, 200, reply->content_type, text);
}

bool call_may_log(struct call *call)
{
        const uint64_t now_ms = clock_monotonic_ms();

        return auth_rate_take(call->api->lines, serve_peer(call->request), now_ms) &&
               auth_rate_take(call->api->all_lines, "", now_ms);
}

void call_send(struct call *call)
{
        struct reply *reply = &call->reply;
        struct serve_header_row headers[7] = {
                {"Cache-Control",          "no-store"},
                {"X-Content-Type-Options", "nosniff" },
        };
        size_t count = 2;

        if (call->members && reply->status == 200 && reply->text)
                pick_members(call);
        if (reply->etag[0])
                headers[count++] = (struct serve_header_row){"ETag", reply->etag};
        if (reply->may_retry)
                headers[count++] = (struct serve_header_row){"Retry-After", RETRY_AFTER};
        if (reply->status == 401)
                headers[count++] = (struct serve_header_row){"WWW-Authenticate", "Bearer"};
        if (reply->allow[0])
                headers[count++] = (struct serve_header_row){"Allow", reply->allow};
        if (reply->status / 100 < ANSWERED_CLASSES)
                atomic_fetch_add(&call->api->answered[reply->status / 100], 1);
        once_end(call); /* who hears this may ask again at once */
        serve_answer(call->request, reply->status, reply->content_type, TAKE_PTR(reply->text),
                     reply->size, headers);
        call_end(call);
}

void call_refuse(struct call *call, enum problem problem, const char *detail)
{
        reply_problem(call, problem, detail);
        call_send(call);
}

void api_break(struct api *api, int rc)
{
        log_error("store.failed", "reason=%s", QUOTE(strerror(-rc)));
        atomic_store(&api->is_broken, true);
        loop_stop(api->loop);
}

static void committed(void *context, int rc)
{
        struct call *call = context;

        if (call->is_waking)
                orders_committed(call->api, rc);
        if (rc == 0 && call->then) {
                call_read(call, call->then);
                return;
        }
        if (rc < 0)
                reply_problem(call, PROBLEM_STORE, NULL);
        call_send(call);
}

void call_commit(struct call *call, struct store_change *take)
{
        struct api *api = call->api;
        int rc;

        once_keep(call, take);
        call->is_waking = api->orders_change == store_last(api->store) + 1;
        rc = store_submit(api->store, take, committed, call);
        if (rc == 0)
                return;
        /* Memory has moved on and the store has not: only a new start helps. */
        api_break(api, rc);
        call_refuse(call, PROBLEM_STORE, NULL);
}

void call_post(struct call *call, void (*fn)(void *call))
{
        if (loop_post(call->api->loop, fn, call) < 0)
                call_refuse(call, PROBLEM_BUSY, "More requests wait than the controller may hold.");
}

void call_read(struct call *call, store_read_fn fn)
{
        if (store_read(call->api->store, fn, call) < 0)
                call_refuse(call, PROBLEM_BUSY, "More requests wait to read than may.");
}

enum problem prepare_table(struct call *call, const struct doc_table *table, char *detail)
{
        const char *body;
        size_t size;

        call->data = calloc(1, table->struct_size);
        if (!call->data)
                return PROBLEM_NO_MEMORY;
        body = serve_body(call->request, &size);
        return doc_decode_text(table, body, size, &doc_limits_message, detail, call->data) < 0
                       ? PROBLEM_BODY
                       : PROBLEM_NONE;
}
