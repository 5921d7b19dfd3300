/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Backlog: DISCOVERs that were read and wait for their turn.
 *
 * When more machines ask than there is time for, something is left undone. Whoever was offered an
 * address, or holds one, is served first: a REQUEST does not wait here, and an offer that nobody
 * can take up was for nothing. A DISCOVER that finds no place is dropped, and costs no more than
 * reading it: its machine asks again. The last places are for machines that are known.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netboot/packet.h"

/* Answered within a tenth of a second. Where more wait, those at the end ask again before that. */
#define BACKLOG_MAX         2048
#define BACKLOG_MAX_UNKNOWN 1536

struct backlog {
        struct packet packets[BACKLOG_MAX + PACKET_BATCH];
        struct packet *unused[BACKLOG_MAX + PACKET_BATCH];
        size_t unused_count;
        struct packet *waiting[BACKLOG_MAX]; /* a ring */
        size_t first, count;
};

/* 4.6 MB, of which nothing is touched before it is needed. NULL without memory. */
struct backlog *backlog_new(void);
struct backlog *backlog_free(struct backlog *backlog);

/* PACKET_BATCH packets to read into. Each of them is given back, or waits, before the next call. */
void backlog_batch(struct backlog *backlog, struct packet *ret[static PACKET_BATCH]);
void backlog_give_back(struct backlog *backlog, struct packet *packet);

/* There is a place: else it is dropped. */
bool backlog_has_room(const struct backlog *backlog, bool is_known);
/* Where there is a place. */
void backlog_add(struct backlog *backlog, struct packet *packet);
/* Who waits longest; to be given back. NULL: nobody. */
struct packet *backlog_next(struct backlog *backlog);
