/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Strangers: how often a machine that nobody knows is told of.
 *
 * Anybody on the wire invents MACs as fast as a cable carries, and each that is
 * told of is an event in the journal. One array is the limit of both: as many in
 * memory, and as many told of a minute. All zero is a fresh one; one loop uses it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/node/stranger.h"
#include "netboot/events.h"

/* A rack that is switched on is 50 machines; EVENTS_MAX_QUEUED of these take an hour. */
#define STRANGERS_MAX_TOLD 256

/* One attempt of firmware repeats its question for 60 s (PXE 2.1, 2.2.4: after 4, 8, 16 and 32 s).
 */
#define STRANGERS_AGAIN_MS 60000

struct strangers {
        struct {
                struct mac_address mac;
                uint64_t told_ms; /* monotonic; 0: free */
        } at[STRANGERS_MAX_TOLD];
        uint64_t left_out;
};

/**
 * strangers_tell() - whether this question is to be told of
 * @now_ms:        monotonic, not 0
 * @ret_left_out:  if so: how many were left out since the last that was told of
 *
 * Return: true for a machine of which nothing was told for STRANGERS_AGAIN_MS, if there is room.
 */
bool strangers_tell(struct strangers *strangers, const struct mac_address *mac, uint64_t now_ms,
                    uint64_t *ret_left_out);

/* One event and one line. @on: the interface. */
void strangers_report(struct events *events, const struct mac_address *mac, const char *on,
                      const struct stranger *stranger, uint64_t left_out);
