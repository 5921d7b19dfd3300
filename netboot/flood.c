/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/flood.h"

#include "lib/base/clock.h"
#include "lib/daemon/log.h"

static void drain(struct flood *flood, uint64_t now_ms)
{
        const uint64_t drained = (now_ms - flood->since_ms) * FLOOD_RATE / 1000;

        if (drained == 0)
                return; /* what is less than one is kept for the next time */
        flood->used = drained < flood->used ? flood->used - drained : 0;
        flood->since_ms = now_ms;
}

bool flood_allows(struct flood *flood, uint64_t now_ms, uint64_t *ret_left_out)
{
        bool is_allowed;

        if (flood->since_ms == 0)
                flood->since_ms = flood->told_ms = now_ms;
        drain(flood, now_ms);
        is_allowed = flood->used < FLOOD_BURST;
        if (is_allowed)
                flood->used++;
        else
                flood->left_out++;

        *ret_left_out = 0;
        if (flood->left_out > 0 && now_ms - flood->told_ms >= FLOOD_TELL_MS) {
                *ret_left_out = flood->left_out;
                flood->left_out = 0;
                flood->told_ms = now_ms;
        }
        return is_allowed;
}

bool flood_allows_line(struct flood *flood, const char *what)
{
        uint64_t left_out;
        const bool is_allowed = flood_allows(flood, clock_monotonic_ms(), &left_out);

        if (left_out > 0)
                log_warning("flood", "of=%s left_out=%llu", what, (unsigned long long)left_out);
        return is_allowed;
}
