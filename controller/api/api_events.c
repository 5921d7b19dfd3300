/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream of events: what was missed comes from the store, what follows from the ring. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define CATCH_UP_MAX ((size_t)8 << 20) /* bytes; who missed more starts anew ("reset") */

struct catch_up {
        uint64_t asked, last;
        bool ends; /* ?follow=0: what is there, and no waiting */
        struct buffer text;
};

static void listener_gone(void *context)
{
        struct api *api = context;

        atomic_fetch_sub(&api->listeners, 1);
}

/* Either way the call ends here: the stream lives on in the server. */
static void open_stream(struct call *call, char *take_first, uint64_t after)
{
        struct api *api = call->api;

        serve_answer_stream(call->request, api->ring, take_first, after, NULL, listener_gone, api);
        call_end(call);
}

/* The same form, but an answer that ends. */
static void answer_events(struct call *call, char *take_text, size_t size)
{
        listener_gone(call->api);
        serve_answer(call->request, 200, "text/event-stream", take_text, size, NULL);
        call_end(call);
}

/*
 * What the listener has is not what is here: it missed more than is told at once, or has heard of
 * a later event than there is, as after a restored backup. It is to ask for everything anew.
 */
static void send_reset(struct call *call, bool ends)
{
        const uint64_t last = atomic_load(&call->api->last_event);
        struct buffer text = {0};
        char *taken;
        size_t size;

        buffer_format(&text, "id: %llu\nevent: reset\ndata: {}\n\n", (unsigned long long)last);
        size = text.size;
        if (buffer_take(&text, &taken) < 0) {
                listener_gone(call->api);
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (ends)
                answer_events(call, taken, size);
        else
                open_stream(call, taken, last);
}

static int add_event(void *context, uint64_t id, const char *step, const char *body)
{
        struct catch_up *c = context;

        buffer_format(&c->text, "id: %llu\nevent: %s\ndata: ", (unsigned long long)id, step);
        buffer_text(&c->text, body);
        buffer_text(&c->text, "\n\n");
        c->last = id;
        return c->text.rc;
}

static void read_missed(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct catch_up *c = call->data;
        const struct store_event_query query = {.after = c->asked, .limit = STORE_EVENTS_KEPT};
        char *first = NULL;
        size_t size;
        int rc;

        c->text.limit = CATCH_UP_MAX;
        rc = store_read_events(reader, &query, add_event, c);
        if (rc < 0 && rc != -E2BIG) {
                buffer_done(&c->text);
                listener_gone(call->api);
                call_refuse(call, PROBLEM_STORE, "The events could not be read.");
                return;
        }
        if (rc == -E2BIG && c->ends) {
                buffer_done(&c->text);
                listener_gone(call->api);
                call_refuse(call, PROBLEM_QUERY,
                            "events: more than one answer holds; ask with a later 'after'");
                return;
        }
        if (rc == -E2BIG) {
                buffer_done(&c->text);
                send_reset(call, false);
                return;
        }
        size = c->text.size;
        if (size > 0 && buffer_take(&c->text, &first) < 0)
                size = 0;
        buffer_done(&c->text);
        if (c->ends) {
                answer_events(call, first, size);
                return;
        }
        open_stream(call, first, first ? c->last : c->asked);
}

/* Last-Event-ID is what a listener says that comes back; ?after= what one says that comes first.
 * Whoever says neither follows from now on, or gets all that is kept. */
static int parse_after(struct call *call, bool ends, uint64_t *ret)
{
        const char *text = serve_header(call->request, "Last-Event-ID");

        if (!text)
                text = serve_query(call->request, "after");
        if (!text) {
                *ret = ends ? 0 : atomic_load(&call->api->last_event);
                return 0;
        }
        return text_parse_u64(text, INT64_MAX, ret);
}

void handle_events(struct call *call)
{
        struct api *api = call->api;
        struct catch_up *c = calloc(1, sizeof(*c));

        call->data = c;
        if (!c) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        c->ends = text_is_equal(serve_query(call->request, "follow"), "0");
        if (parse_after(call, c->ends, &c->asked) < 0) {
                call_refuse(call, PROBLEM_QUERY,
                            "events: 'after' and Last-Event-ID are ids of events");
                return;
        }
        if (atomic_fetch_add(&api->listeners, 1) >= LISTENERS_MAX) {
                listener_gone(api);
                call_refuse(call, PROBLEM_BUSY, "More listen than the controller may serve.");
                return;
        }
        if (c->asked > atomic_load(&api->last_event)) {
                send_reset(call, c->ends);
                return;
        }
        if (c->asked == atomic_load(&api->last_event)) {
                if (c->ends)
                        answer_events(call, NULL, 0);
                else
                        open_stream(call, NULL, c->asked);
                return;
        }
        if (store_read(api->store, read_missed, call) < 0) {
                listener_gone(api);
                call_refuse(call, PROBLEM_BUSY, NULL);
        }
}
