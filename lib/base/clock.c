/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_ms(clockid_t clock)
{
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ms(void)
{
        return read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ms(void)
{
        return read_ms(CLOCK_REALTIME);
}

const char *clock_text(char to[static CLOCK_TEXT_SIZE], uint64_t wall_ms)
{
        time_t seconds = (time_t)(wall_ms / 1000);
        struct tm tm = {0};
        size_t len;

        /* Every uint64_t of milliseconds has a year of at most nine digits: both calls fit. */
        gmtime_r(&seconds, &tm);
        len = strftime(to, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(to + len, CLOCK_TEXT_SIZE - len, ".%03uZ", (unsigned)(wall_ms % 1000));
        return to;
}
