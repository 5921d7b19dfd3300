/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Discovery: strangers of networks whose policy is to list them. Edges tell of
 * each; an operator has them discovered for a while (an opening, which lasts).
 */

#include "controller/logic/logic.h"
#include "lib/node/stranger.h"

#define OPENING_KIND "opening"

/* Strangers that are shown. Anybody on the wire invents them, so they are in memory alone, and the
 * one that was seen longest ago goes: a hall that is switched on is some hundred. */
#define STRANGERS_MAX 1000

struct opening {
        char network[WIRE_NAME_SIZE];
        uint64_t opened_ms, until_ms;
        char by[WIRE_NAME_SIZE];
        bool is_over; /* and told so */
        uint64_t version;
};

struct stranger_seen {
        struct mac_address mac;
        struct stranger said; /* the newest */
        uint64_t first_ms, last_ms, count;
};

/* NULL: none, not even one that is over. */
struct opening *opening_find(const struct logic *logic, const char *network);
bool opening_is_open(const struct opening *opening, uint64_t now_ms); /* takes NULL */

/**
 * discovery_open() - discover the strangers of a network for a while; again: for longer or shorter
 * @by:   who, for the event
 *
 * Return: 0; -ERANGE: @for_ms is not from DISCOVERY_MIN_MS to DISCOVERY_MAX_MS; -ENOMEM.
 */
int discovery_open(struct logic *logic, const char *network, uint64_t for_ms, const char *by,
                   uint64_t now_ms, struct store_change *change);
/* Ends it now. -ENOENT: it is not open. */
int discovery_close(struct logic *logic, const char *network, const char *by, uint64_t now_ms,
                    struct store_change *change);

/* What ended is told once, and forgotten after DISCOVERY_GRACE_MS. */
void discovery_expire(struct logic *logic, uint64_t now_ms, struct store_change *change);

/* An edge saw a stranger: @event is a STEP_STRANGER. */
void discovery_note(struct logic *logic, const struct node_event *event, uint64_t now_ms);

/* Those that are no node's, newest first: @fn for each. */
typedef void (*stranger_fn)(void *context, const struct stranger_seen *seen);
void discovery_each(const struct logic *logic, stranger_fn fn, void *context);

int opening_restore(struct logic *logic, const struct store_document *row); /* -ENOMEM */
void discovery_done(struct logic *logic);
