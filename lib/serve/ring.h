/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The ring behind the event streams; private to this room. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/serve/serve.h"

/* So long nothing was sent to a listener before it gets a comment, which keeps
 * middle boxes and its own patience awake. */
#define RING_SILENCE_MS 15000

/* An event as it goes over the wire, and what a pick function wants to see. */
struct event {
        atomic_uint refs;
        uint64_t id;
        const char *name;
        const char *data;
        size_t text_size;
        char text[]; /* with @name and @data behind it */
};

struct serve_ring {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        pthread_t thread; /* sends the comments; sleeps while nobody listens */
        uint64_t silence_ms;

        /* under the lock */
        struct event **events; /* place: sequence number % space */
        size_t space;
        uint64_t first, next;  /* sequence numbers: the oldest that is remembered; the next one */
        uint64_t forgotten_id; /* of the newest event that is not remembered any more */
        uint64_t last_id;
        struct list streams; /* struct stream, of_ring */
        uint64_t wake_ms;    /* when the thread looks next; UINT64_MAX: when it is called */
        bool is_ending;
};

struct event *event_ref(struct event *event);
void event_unref(struct event *event); /* takes NULL */

/* Under the lock: sequence number of the first remembered event with an id above @after. */
uint64_t ring_find(const struct serve_ring *ring, uint64_t after);

/* Of stream.c, under the ring's lock. Wakes those that wait; with @now_ms only those that
 * were silent for too long. Returns when the next one will have been; UINT64_MAX: never. */
void streams_wake(struct serve_ring *ring);
uint64_t streams_wake_silent(struct serve_ring *ring, uint64_t now_ms);
