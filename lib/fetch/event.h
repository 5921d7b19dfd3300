/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Server-Sent Events (HTML Living Standard 9.2), the reader's side. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buffer.h"

/* No event of ours comes near; a server gone mad must not fill our memory. */
#define EVENT_LINE_MAX ((size_t)1 << 20)
#define EVENT_DATA_MAX ((size_t)4 << 20)
#define EVENT_NAME_MAX 128

typedef int (*event_fn)(void *context, const char *id, const char *name, const char *data);

struct event_parser {
        struct buffer line;
        struct buffer data;
        char id[EVENT_NAME_MAX]; /* of the last event that had one: it stays */
        char name[EVENT_NAME_MAX];
        bool has_data;
        bool is_after_cr; /* a line feed that follows belongs to the line before */
        bool is_started;  /* a byte order mark is not expected any more */
};

void event_parser_init(struct event_parser *parser);
void event_parser_done(struct event_parser *parser);

/**
 * event_parser_add() - the next bytes of the stream
 * @fn:  called for each event that they complete
 *
 * Events without data are not reported, as the standard has it.
 *
 * Return: 0; what @fn returned if that was not 0; -E2BIG; -ENOMEM.
 */
int event_parser_add(struct event_parser *parser, const void *bytes, size_t size, event_fn fn,
                     void *context);
