/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* Milliseconds that only go forward: for deadlines and durations. */
uint64_t clock_monotonic_ms(void);

/* Milliseconds since 1970 UTC: for people and for what outlives the process. */
uint64_t clock_wall_ms(void);

/* "2026-11-20T11:25:06.123Z". Returns @to. */
#define CLOCK_TEXT_SIZE 32
const char *clock_text(char to[static CLOCK_TEXT_SIZE], uint64_t wall_ms);
