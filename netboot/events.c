/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The queue of events
 *
 * Numbers rise for ever, also over a lost journal or a crash that took the last
 * records with it: the controller skips a number that it has seen, so one must
 * never be given twice. They therefore start at the wall clock, in steps finer
 * than events come.
 */
#include "netboot/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

#define RECORD_VERSION_OF        2 /* has "of" and "total" */
#define RECORD_VERSION_IP        3 /* and an address of IPv6; written only where it is one */
#define RECORD_VERSION_OPERATION 4 /* and an operation; written only where there is one */
/* 1024 events a millisecond, for as long as 2^53 (a number in JSON) lasts: the year 2248. */
#define SEQ_PER_MS 1024

struct entry {
        struct list link;
        bool is_written; /* the journal has it */
        struct node_event event;
};

struct events {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        struct list queue; /* of struct entry, oldest first */
        size_t count;
        uint64_t last_seq;
        uint64_t known_seq;
        uint64_t dropped;
        bool has_new, is_known_new; /* for the journal */
        bool is_stopped;
        void (*wake)(void *context);
        void *wake_context;
};

struct events *events_new(void)
{
        struct events *events = calloc(1, sizeof(*events));
        pthread_condattr_t attributes;

        if (!events)
                return NULL;
        pthread_mutex_init(&events->mutex, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&events->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        list_init(&events->queue);
        events->last_seq = clock_wall_ms() * SEQ_PER_MS;
        return events;
}

static void drop(struct events *events, struct entry *entry)
{
        list_remove(&entry->link);
        events->count--;
        free(entry);
}

struct events *events_free(struct events *events)
{
        if (!events)
                return NULL;
        LIST_FOR_EACH(&events->queue, at)
        drop(events, container_of(at, struct entry, link));
        pthread_cond_destroy(&events->changed);
        pthread_mutex_destroy(&events->mutex);
        free(events);
        return NULL;
}

void events_on_add(struct events *events, void (*wake)(void *context), void *context)
{
        events->wake = wake;
        events->wake_context = context;
}

static void append(struct events *events, struct entry *entry)
{
        if (events->count >= EVENTS_MAX_QUEUED) {
                drop(events, container_of(events->queue.next, struct entry, link));
                events->dropped++;
        }
        list_append(&events->queue, &entry->link);
        events->count++;
}

void events_add(struct events *events, const struct node_event *event)
{
        struct entry *entry = calloc(1, sizeof(*entry));
        bool is_first;

        if (!entry)
                return;
        entry->event = *event;
        entry->event.at_ms = clock_wall_ms();
        (void)text_copy(entry->event.by, sizeof(entry->event.by), "edge");

        pthread_mutex_lock(&events->mutex);
        entry->event.seq = ++events->last_seq;
        append(events, entry);
        is_first = !events->has_new;
        events->has_new = true;
        pthread_cond_broadcast(&events->changed);
        pthread_mutex_unlock(&events->mutex);
        if (is_first && events->wake)
                events->wake(events->wake_context);
}

static void write_text(struct writer *w, const char *text)
{
        writer_text(w, text);
        writer_u8(w, 0);
}

size_t event_record_write(const struct node_event *event, uint8_t to[static EVENT_RECORD_MAX])
{
        struct writer w = writer_over(to, EVENT_RECORD_MAX);
        const struct ip4_address four = ip_to4(event->address);
        const bool is_6 = ip_is_set(event->address) && !ip_is_4(event->address);
        uint8_t version = is_6 ? RECORD_VERSION_IP : RECORD_VERSION_OF;

        if (event->operation)
                version = RECORD_VERSION_OPERATION;
        writer_u8(&w, EVENT_RECORD_TAG);
        writer_u8(&w, version);
        writer_be64(&w, event->seq);
        writer_be64(&w, event->at_ms);
        writer_bytes(&w, event->mac.bytes, sizeof(event->mac.bytes));
        writer_bytes(&w, &four.be, sizeof(four.be));
        writer_be64(&w, event->bytes);
        writer_be64(&w, event->took_ms);
        write_text(&w, event->boot);
        write_text(&w, node_step_names[event->step]); /* the name: numbers may shift */
        write_text(&w, event->text);
        write_text(&w, node_step_names[event->of]);
        writer_be64(&w, event->total);
        if (version >= RECORD_VERSION_IP)
                writer_bytes(&w, event->address.six.bytes, sizeof(event->address.six.bytes));
        if (version >= RECORD_VERSION_OPERATION)
                writer_be64(&w, event->operation);
        return (size_t)writer_size(&w); /* all fields are bounded: EVENT_RECORD_MAX holds them */
}

static int read_text(struct reader *r, char *to, size_t size)
{
        const char *text;

        if (reader_text(r, &text) < 0 || text_copy(to, size, text) < 0)
                return -EBADMSG;
        return 0;
}

static int step_parse(const char *name, enum node_step *ret)
{
        for (size_t i = 0; i < STEP_COUNT; i++) {
                if (strcmp(node_step_names[i], name) != 0)
                        continue;
                *ret = (enum node_step)i;
                return 0;
        }
        return -EBADMSG;
}

int event_record_parse(const void *record, size_t size, struct node_event *ret)
{
        struct reader r = reader_over(record, size);
        struct node_event event = {.by = "edge"};
        struct ip4_address four = {0};
        uint8_t tag = 0, version = 0;
        char step[32];

        if (reader_u8(&r, &tag) < 0 || tag != EVENT_RECORD_TAG)
                return -ENOMSG;
        if (reader_u8(&r, &version) < 0)
                return -EBADMSG;
        if (version > RECORD_VERSION_OPERATION)
                return -EPROTONOSUPPORT;
        if (reader_be64(&r, &event.seq) < 0 || reader_be64(&r, &event.at_ms) < 0 ||
            reader_copy(&r, event.mac.bytes, sizeof(event.mac.bytes)) < 0 ||
            reader_copy(&r, &four.be, sizeof(four.be)) < 0 || reader_be64(&r, &event.bytes) < 0 ||
            reader_be64(&r, &event.took_ms) < 0 ||
            read_text(&r, event.boot, sizeof(event.boot)) < 0 ||
            read_text(&r, step, sizeof(step)) < 0 || step_parse(step, &event.step) < 0 ||
            read_text(&r, event.text, sizeof(event.text)) < 0)
                return -EBADMSG;
        if (version >= RECORD_VERSION_OF &&
            (read_text(&r, step, sizeof(step)) < 0 || step_parse(step, &event.of) < 0 ||
             reader_be64(&r, &event.total) < 0))
                return -EBADMSG;
        event.address = ip_of4(four);
        if (version >= RECORD_VERSION_IP &&
            reader_copy(&r, event.address.six.bytes, sizeof(event.address.six.bytes)) < 0)
                return -EBADMSG;
        if (version >= RECORD_VERSION_OPERATION && reader_be64(&r, &event.operation) < 0)
                return -EBADMSG;
        *ret = event;
        return 0;
}

static size_t known_record_write(uint64_t seq, uint8_t to[static EVENT_RECORD_MAX])
{
        struct writer w = writer_over(to, EVENT_RECORD_MAX);

        writer_u8(&w, EVENT_KNOWN_RECORD_TAG);
        writer_be64(&w, seq);
        return (size_t)writer_size(&w);
}

static void drop_known(struct events *events, uint64_t seq)
{
        if (seq > events->known_seq)
                events->known_seq = seq;
        /* The wall clock may have been set back since: the controller would skip what is below. */
        if (seq > events->last_seq)
                events->last_seq = seq;
        LIST_FOR_EACH(&events->queue, at)
        {
                struct entry *entry = container_of(at, struct entry, link);

                if (entry->event.seq > seq)
                        break;
                drop(events, entry);
        }
}

static int replay_event(struct events *events, const void *record, size_t size)
{
        struct entry *entry = calloc(1, sizeof(*entry));
        int rc;

        if (!entry)
                return -ENOMEM;
        rc = event_record_parse(record, size, &entry->event);
        if (rc < 0) {
                free(entry);
                return rc;
        }
        entry->is_written = true;
        if (entry->event.seq > events->last_seq)
                events->last_seq = entry->event.seq;
        append(events, entry);
        return 0;
}

int events_replay(struct events *events, const void *record, size_t size)
{
        struct reader r = reader_over(record, size);
        uint64_t seq;
        uint8_t tag;
        int rc = 0;

        if (reader_u8(&r, &tag) < 0)
                return -EBADMSG;
        pthread_mutex_lock(&events->mutex);
        if (tag == EVENT_RECORD_TAG)
                rc = replay_event(events, record, size);
        else if (tag == EVENT_KNOWN_RECORD_TAG)
                rc = reader_be64(&r, &seq);
        if (rc == 0 && tag == EVENT_KNOWN_RECORD_TAG)
                drop_known(events, seq);
        pthread_mutex_unlock(&events->mutex);
        return rc;
}

static int write_queue(struct events *events, bool is_all, events_write_fn write, void *context)
{
        uint8_t record[EVENT_RECORD_MAX];
        int rc;

        LIST_FOR_EACH(&events->queue, at)
        {
                struct entry *entry = container_of(at, struct entry, link);

                if (entry->is_written && !is_all)
                        continue;
                rc = write(context, record, event_record_write(&entry->event, record));
                if (rc < 0)
                        return rc;
                /* A snapshot is not yet the journal: what is new goes to both. */
                if (!is_all)
                        entry->is_written = true;
        }
        if (!is_all && !events->is_known_new)
                return 0;
        rc = write(context, record, known_record_write(events->known_seq, record));
        if (rc == 0 && !is_all)
                events->is_known_new = false;
        return rc;
}

int events_write_new(struct events *events, events_write_fn write, void *context)
{
        int rc;

        pthread_mutex_lock(&events->mutex);
        events->has_new = false;
        rc = write_queue(events, false, write, context);
        pthread_mutex_unlock(&events->mutex);
        return rc;
}

int events_write_all(struct events *events, events_write_fn write, void *context)
{
        int rc;

        pthread_mutex_lock(&events->mutex);
        rc = write_queue(events, true, write, context);
        pthread_mutex_unlock(&events->mutex);
        return rc;
}

static struct timespec deadline_after(unsigned wait_ms)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += wait_ms / 1000;
        t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        return t;
}

size_t events_take(struct events *events, struct node_event *ret, size_t max, unsigned wait_ms)
{
        const struct timespec deadline = deadline_after(wait_ms);
        size_t count = 0;

        pthread_mutex_lock(&events->mutex);
        while (events->count == 0 && !events->is_stopped)
                if (pthread_cond_timedwait(&events->changed, &events->mutex, &deadline) != 0)
                        break;
        LIST_FOR_EACH(&events->queue, at)
        {
                if (count >= max || events->is_stopped)
                        break;
                ret[count++] = container_of(at, struct entry, link)->event;
        }
        pthread_mutex_unlock(&events->mutex);
        return count;
}

void events_known(struct events *events, uint64_t seq)
{
        bool is_first;

        pthread_mutex_lock(&events->mutex);
        drop_known(events, seq);
        events->is_known_new = true;
        is_first = !events->has_new;
        events->has_new = true;
        pthread_mutex_unlock(&events->mutex);
        if (is_first && events->wake)
                events->wake(events->wake_context);
}

void events_stop(struct events *events)
{
        pthread_mutex_lock(&events->mutex);
        events->is_stopped = true;
        pthread_cond_broadcast(&events->changed);
        pthread_mutex_unlock(&events->mutex);
}

size_t events_count(struct events *events)
{
        size_t count;

        pthread_mutex_lock(&events->mutex);
        count = events->count;
        pthread_mutex_unlock(&events->mutex);
        return count;
}
