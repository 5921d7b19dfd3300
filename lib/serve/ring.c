/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ring: the last events, once, for all that listen. Adding one wakes the
 * listeners that wait; each then reads on from its own place. A listener that is too slow
 * loses events, never we our memory.
 */
#include "lib/serve/ring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

struct event *event_ref(struct event *event)
{
        atomic_fetch_add(&event->refs, 1);
        return event;
}

void event_unref(struct event *event)
{
        if (event && atomic_fetch_sub(&event->refs, 1) == 1)
                free(event);
}

/* HTML Living Standard 9.2.6: a field a line, an empty line ends the event. */
static struct event *event_new(uint64_t id, const char *name, const char *data)
{
        size_t name_size = strlen(name) + 1;
        size_t data_size = strlen(data) + 1;
        char head[64];
        int head_size = snprintf(head, sizeof(head), "id: %" PRIu64 "\n", id);
        size_t text_size = (size_t)head_size + strlen("data: \n\n") + data_size - 1;
        struct event *event;
        char *behind;

        if (*name)
                text_size += strlen("event: \n") + name_size - 1;
        event = malloc(sizeof(*event) + text_size + 1 + name_size + data_size);
        if (!event)
                return NULL;
        snprintf(event->text, text_size + 1, "%s%s%s%sdata: %s\n\n", head, *name ? "event: " : "",
                 name, *name ? "\n" : "", data);
        behind = event->text + text_size + 1;
        memcpy(behind, name, name_size);
        memcpy(behind + name_size, data, data_size);
        atomic_init(&event->refs, 1);
        event->id = id;
        event->text_size = text_size;
        event->name = behind;
        event->data = behind + name_size;
        return event;
}

static void *comment_thread(void *context)
{
        struct serve_ring *ring = context;

        pthread_mutex_lock(&ring->lock);
        while (!ring->is_ending) {
                ring->wake_ms = streams_wake_silent(ring, clock_monotonic_ms());
                if (ring->wake_ms == UINT64_MAX) {
                        pthread_cond_wait(&ring->changed, &ring->lock);
                } else {
                        struct timespec until = {
                                .tv_sec = (time_t)(ring->wake_ms / 1000),
                                .tv_nsec = (long)(ring->wake_ms % 1000) * 1000000,
                        };

                        pthread_cond_timedwait(&ring->changed, &ring->lock, &until);
                }
        }
        pthread_mutex_unlock(&ring->lock);
        return NULL;
}

int serve_ring_new(size_t events, struct serve_ring **ret)
{
        _free_ struct serve_ring *ring = calloc(1, sizeof(*ring));
        pthread_condattr_t monotonic;
        int rc;

        if (events == 0)
                return -EINVAL;
        if (!ring)
                return -ENOMEM;
        ring->events = calloc(events, sizeof(struct event *));
        if (!ring->events)
                return -ENOMEM;
        ring->space = events;
        ring->silence_ms = RING_SILENCE_MS;
        list_init(&ring->streams);
        pthread_mutex_init(&ring->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&ring->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        rc = pthread_create(&ring->thread, NULL, comment_thread, ring);
        if (rc != 0) {
                pthread_cond_destroy(&ring->changed);
                pthread_mutex_destroy(&ring->lock);
                free(ring->events);
                return -rc;
        }
        *ret = TAKE_PTR(ring);
        return 0;
}

struct serve_ring *serve_ring_free(struct serve_ring *ring)
{
        if (!ring)
                return NULL;
        pthread_mutex_lock(&ring->lock);
        ring->is_ending = true;
        pthread_cond_signal(&ring->changed);
        pthread_mutex_unlock(&ring->lock);
        pthread_join(ring->thread, NULL);

        for (uint64_t i = ring->first; i < ring->next; i++)
                event_unref(ring->events[i % ring->space]);
        pthread_cond_destroy(&ring->changed);
        pthread_mutex_destroy(&ring->lock);
        free(ring->events);
        free(ring);
        return NULL;
}

uint64_t ring_find(const struct serve_ring *ring, uint64_t after)
{
        uint64_t low = ring->first;
        uint64_t high = ring->next;

        while (low < high) {
                uint64_t middle = low + (high - low) / 2;

                if (ring->events[middle % ring->space]->id > after)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

int serve_ring_add(struct serve_ring *ring, uint64_t id, const char *name, const char *data)
{
        struct event *event;

        if (!name)
                name = "";
        if (strpbrk(name, "\r\n") || strpbrk(data, "\r\n"))
                return -EINVAL;
        event = event_new(id, name, data);
        if (!event)
                return -ENOMEM;

        pthread_mutex_lock(&ring->lock);
        if (id <= ring->last_id) {
                pthread_mutex_unlock(&ring->lock);
                event_unref(event);
                return -EINVAL;
        }
        if (ring->next - ring->first == ring->space) {
                struct event *oldest = ring->events[ring->first % ring->space];

                ring->forgotten_id = oldest->id;
                ring->first++;
                event_unref(oldest);
        }
        ring->events[ring->next % ring->space] = event;
        ring->next++;
        ring->last_id = id;
        streams_wake(ring);
        pthread_mutex_unlock(&ring->lock);
        return 0;
}
