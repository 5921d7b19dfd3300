/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Flood: how much a stranger's packets may make us write.
 *
 * Each decision has a line in the log and firmware's steps are events in the journal, and anybody
 * on the wire causes them as fast as a cable carries. A rack that is switched on at once stays
 * below the burst; what is above the rate is counted, and the count is told. Packets are answered
 * all the same.
 *
 * One object a loop: no two threads share one. All zero is a fresh one.
 */

#include <stdbool.h>
#include <stdint.h>

#define FLOOD_BURST   10000 /* lines: 1,000 machines at once, ten each */
#define FLOOD_RATE    50    /* lines a second afterwards: 10 kB */
#define FLOOD_TELL_MS 10000 /* how often the count is told */

struct flood {
        uint64_t since_ms; /* 0: fresh */
        uint64_t used;     /* of the burst; falls by FLOOD_RATE a second */
        uint64_t left_out, told_ms;
};

/* @ret_left_out: 0, or how many were left out since it was told last; tell it. */
bool flood_allows(struct flood *flood, uint64_t now_ms, uint64_t *ret_left_out);

/* The same with the clock, and tells: a warning "flood" with @what. */
bool flood_allows_line(struct flood *flood, const char *what);
