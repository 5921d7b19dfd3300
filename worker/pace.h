/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Pace: when the next call is made, and which one. Pure.
 *
 * A hall that gets its power back starts a thousand workers in one second, and a
 * controller that comes back is called by all that waited: every pause is drawn
 * from a range.
 */

#include <stdbool.h>
#include <stdint.h>

enum pace_call { PACE_PHONE_HOME, PACE_BEAT, PACE_CALL_COUNT };

/* How the last call ended. */
enum pace_end {
        PACE_TOLD,
        PACE_UNHEARD, /* nobody there, or busy */
        PACE_REFUSED, /* by an answer that the next call will get, too */
        PACE_END_COUNT
};

struct pace {
        enum pace_call call; /* the next one */
        bool has_secret;     /* it can phone home, should nobody know its beats */
        bool was_told;       /* this installation phoned home before, or now */
        uint32_t beat_s;     /* as the controller said last; 0: BEAT_S */
        uint32_t pause_s;    /* the last one of those that grow; 0: none */
};

#define PACE_HOME_S    30  /* somebody waits for a phone-home: its step has a deadline */
#define PACE_GROWN_S   300 /* an absent controller is called every 5 minutes at least */
#define PACE_REFUSED_S 600 /* somebody may restore a controller from a backup */

/**
 * pace_next() - how long to wait, and what to call then
 * @retry_after_s:  what the controller asked for; 0: nothing
 * @dice:           a random number
 *
 * Return: milliseconds.
 */
uint64_t pace_next(struct pace *pace, enum pace_end end, uint32_t retry_after_s, uint32_t dice);
