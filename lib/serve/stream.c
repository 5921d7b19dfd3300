/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stream: one listener of a ring. MHD asks stream_read() for bytes; without any,
 * the connection is suspended until the ring wakes it. A client that goes away while its
 * stream sleeps is noticed at the next event or comment, when writing fails.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/serve/private.h"
#include "lib/serve/ring.h"

/* MHD asks for at most so much at once. */
#define READ_SIZE 4096

struct stream {
        struct list of_serve; /* under the server's lock */
        struct list of_ring;  /* the rest of this block: under the ring's */
        struct MHD_Connection *connection;
        bool is_suspended;
        bool is_ending;
        bool is_overtaken;
        uint64_t next;   /* sequence number in the ring */
        uint64_t after;  /* id of the last event that the listener has */
        uint64_t due_ms; /* when a comment is due */

        /* of MHD's thread alone: what is being sent */
        const char *text;
        size_t left;
        struct event *event; /* that @text lies in, or NULL */
        char *first;         /* the caller's text; NULL once it is sent */
        char note[96];       /* reset or comment */

        struct serve *serve;
        struct serve_ring *ring;
        serve_pick_fn pick;
        void (*done)(void *context);
        void *context;
};

static void say(struct stream *s, const char *text, size_t size)
{
        s->text = text;
        s->left = size;
}

/* Under the ring's lock: whoever was overtaken asks for everything anew, then goes on from here. */
static void say_reset(struct stream *s)
{
        int len = snprintf(s->note, sizeof(s->note), "id: %" PRIu64 "\nevent: reset\ndata: {}\n\n",
                           s->ring->last_id);

        s->is_overtaken = false;
        s->next = s->ring->next;
        s->after = s->ring->last_id;
        say(s, s->note, (size_t)len);
}

enum next {
        NEXT_TEXT,  /* there is text to send */
        NEXT_EVENT, /* an event, which has not been picked yet */
        NEXT_NONE,
        NEXT_END,
};

/* Under the ring's lock. */
static enum next stream_next(struct stream *s, struct event **ret)
{
        static const char comment[] = ":\n\n";
        struct serve_ring *ring = s->ring;

        if (s->is_ending)
                return NEXT_END;
        if (s->is_overtaken || s->next < ring->first) {
                say_reset(s);
                return NEXT_TEXT;
        }
        while (s->next < ring->next) {
                struct event *event = ring->events[s->next % ring->space];

                s->next++;
                /* What the store told already may come into the ring later. */
                if (event->id <= s->after)
                        continue;
                s->after = event->id;
                *ret = event_ref(event);
                return NEXT_EVENT;
        }
        if (clock_monotonic_ms() >= s->due_ms) {
                say(s, comment, strlen(comment));
                return NEXT_TEXT;
        }
        return NEXT_NONE;
}

static void drop_text(struct stream *s)
{
        event_unref(s->event);
        s->event = NULL;
        free(s->first);
        s->first = NULL;
}

/* Copies what there is; what does not fit comes with the next call. */
static size_t stream_copy(struct stream *s, char *to, size_t space)
{
        size_t len = s->left < space ? s->left : space;

        memcpy(to, s->text, len);
        s->text += len;
        s->left -= len;
        if (s->left == 0)
                drop_text(s);
        return len;
}

/* Without text: the connection sleeps, until streams_wake() or its silence is over. */
static void stream_suspend(struct stream *s)
{
        s->is_suspended = true;
        MHD_suspend_connection(s->connection);
        if (s->due_ms < s->ring->wake_ms)
                pthread_cond_signal(&s->ring->changed);
}

static ssize_t stream_read(void *context, uint64_t at, char *to, size_t space)
{
        struct stream *s = context;
        struct event *event;
        size_t filled = 0;

        (void)at;
        while (filled < space) {
                enum next next;

                if (s->left > 0) {
                        filled += stream_copy(s, to + filled, space - filled);
                        continue;
                }
                pthread_mutex_lock(&s->ring->lock);
                if (filled > 0)
                        s->due_ms = clock_monotonic_ms() + s->ring->silence_ms;
                next = stream_next(s, &event);
                if (next == NEXT_NONE && filled == 0)
                        stream_suspend(s);
                pthread_mutex_unlock(&s->ring->lock);

                if (next == NEXT_END)
                        return filled > 0 ? (ssize_t)filled : MHD_CONTENT_READER_END_OF_STREAM;
                if (next == NEXT_NONE)
                        break;
                if (next == NEXT_TEXT)
                        continue;
                if (s->pick && !s->pick(s->context, event->name, event->data)) {
                        event_unref(event);
                        continue;
                }
                s->event = event;
                say(s, event->text, event->text_size);
        }
        return (ssize_t)filled;
}

/* MHD's last word: nothing of it calls us any more. */
static void stream_release(void *context)
{
        struct stream *s = context;

        pthread_mutex_lock(&s->serve->lock);
        list_remove(&s->of_serve);
        pthread_mutex_unlock(&s->serve->lock);
        pthread_mutex_lock(&s->ring->lock);
        list_remove(&s->of_ring);
        pthread_mutex_unlock(&s->ring->lock);
        if (s->done)
                s->done(s->context);
        drop_text(s);
        free(s);
}

static void stream_resume(struct stream *s)
{
        if (!s->is_suspended)
                return;
        s->is_suspended = false;
        MHD_resume_connection(s->connection);
}

void streams_wake(struct serve_ring *ring)
{
        LIST_FOR_EACH(&ring->streams, at)
        stream_resume(container_of(at, struct stream, of_ring));
}

uint64_t streams_wake_silent(struct serve_ring *ring, uint64_t now_ms)
{
        uint64_t next_ms = UINT64_MAX;

        LIST_FOR_EACH(&ring->streams, at)
        {
                struct stream *s = container_of(at, struct stream, of_ring);

                if (!s->is_suspended)
                        continue;
                if (s->due_ms <= now_ms)
                        stream_resume(s);
                else if (s->due_ms < next_ms)
                        next_ms = s->due_ms;
        }
        return next_ms;
}

void stream_stop(struct list *of_serve)
{
        struct stream *s = container_of(of_serve, struct stream, of_serve);

        pthread_mutex_lock(&s->ring->lock);
        s->is_ending = true;
        stream_resume(s);
        pthread_mutex_unlock(&s->ring->lock);
}

/* Takes its place in the ring and in the server. */
static void stream_join(struct stream *s, struct serve_request *request, uint64_t after)
{
        struct serve_ring *ring = s->ring;

        pthread_mutex_lock(&s->serve->lock);
        s->connection = request->connection;
        s->is_ending = s->serve->is_stopping;
        list_append(&s->serve->streams, &s->of_serve);
        pthread_mutex_lock(&ring->lock);
        s->after = after == UINT64_MAX ? ring->last_id : after;
        s->is_overtaken = after < ring->forgotten_id;
        s->next = ring_find(ring, after);
        s->due_ms = clock_monotonic_ms() + ring->silence_ms;
        list_append(&ring->streams, &s->of_ring);
        pthread_mutex_unlock(&ring->lock);
        pthread_mutex_unlock(&s->serve->lock);
}

/* NOLINTNEXTLINE(readability-function-size): each parameter is one word about the same listener */
void serve_answer_stream(struct serve_request *request, struct serve_ring *ring, char *take_first,
                         uint64_t after, serve_pick_fn pick, void (*done)(void *context),
                         void *context)
{
        static const struct serve_header_row headers[] = {
                {"Cache-Control", "no-store"},
                {NULL,            NULL      }
        };
        static const char hello[] = ":\n\n";
        struct stream *s = calloc(1, sizeof(*s));
        struct MHD_Response *response = NULL;

        if (s)
                response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READ_SIZE,
                                                             stream_read, s, stream_release);
        if (!response) {
                free(s);
                free(take_first);
                if (done)
                        done(context);
                request_answer(request, 0, NULL, NULL);
                return;
        }
        s->serve = request->serve;
        s->ring = ring;
        s->pick = pick;
        s->done = done;
        s->context = context;
        s->first = take_first;
        stream_join(s, request, after);
        /* Something is sent at once: MHD holds a lone head back for what comes behind it. */
        if (take_first && *take_first)
                say(s, take_first, strlen(take_first));
        else
                say(s, hello, strlen(hello));
        response_add_headers(response, "text/event-stream", headers);
        request_answer(request, 200, response, NULL);
}
