/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Events: what machines did, on the way to the controller's timeline.
 *
 * Any thread adds. The journal keeps what was not acknowledged, so that a
 * restart or a controller that is away loses nothing; one thread delivers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/node/step.h"

/* What waits for a controller that is away: 300 bytes each, so 5 MB; a hundred machines that boot
 * ten times each. Above it the oldest go. */
#define EVENTS_MAX_QUEUED 16384

struct events;

struct events *events_new(void); /* NULL without memory */
struct events *events_free(struct events *events);

/* @wake is called, on the thread that adds, when there is something for the journal. Set it before
 * any other thread runs. */
void events_on_add(struct events *events, void (*wake)(void *context), void *context);

/* Any thread. @event is copied; seq, time and reporter are filled in. Dropped without memory. */
void events_add(struct events *events, const struct node_event *event);

/*
 * Records, for the journal: the first byte says what it is.
 *   'E'  an event          'K'  everything up to this seq was acknowledged
 */
#define EVENT_RECORD_TAG       'E'
#define EVENT_KNOWN_RECORD_TAG 'K'
#define EVENT_RECORD_MAX       512

/* Bytes written. */
size_t event_record_write(const struct node_event *event, uint8_t to[static EVENT_RECORD_MAX]);
/* -ENOMSG: no event's record; -EBADMSG; -EPROTONOSUPPORT: of a newer version. */
int event_record_parse(const void *record, size_t size, struct node_event *ret);

/* One record of the journal, oldest first. 0 for records of other kinds, too; else as above. */
int events_replay(struct events *events, const void *record, size_t size);

/* Calls @write with a record for each event that no journal has yet, and for the acknowledgement.
 * Stops at the first negative return, and returns it; the rest is offered again next time. */
typedef int (*events_write_fn)(void *context, const void *record, size_t size);
int events_write_new(struct events *events, events_write_fn write, void *context);
/* The same for all that still counts: for journal_compact(). */
int events_write_all(struct events *events, events_write_fn write, void *context);

/**
 * events_take() - what to deliver next
 * @ret:      the oldest that are not acknowledged; they stay queued until events_known()
 * @wait_ms:  waits so long for the first one
 *
 * Return: how many; 0 also after events_stop().
 */
size_t events_take(struct events *events, struct node_event *ret, size_t max, unsigned wait_ms);
void events_known(struct events *events, uint64_t seq);
void events_stop(struct events *events);

size_t events_count(struct events *events);
