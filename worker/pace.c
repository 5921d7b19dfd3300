/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "worker/pace.h"

#include "lib/node/worker.h"

/* From 9/10 to 11/10 of it. */
static uint64_t about(uint64_t ms, uint32_t dice)
{
        return ms - ms / 10 + (ms / 5) * dice / UINT32_MAX;
}

static uint32_t bounded(uint32_t s)
{
        if (s == 0)
                return BEAT_S;
        return s < BEAT_MIN_S ? BEAT_MIN_S : s > BEAT_MAX_S ? BEAT_MAX_S : s;
}

static uint64_t grow(struct pace *pace, uint32_t retry_after_s, uint32_t dice)
{
        const uint32_t most_s = pace->was_told ? PACE_GROWN_S : PACE_HOME_S;
        uint32_t pause_s = pace->pause_s ? 2 * pace->pause_s : 1;

        pace->pause_s = pause_s < most_s ? pause_s : most_s;
        pause_s = pace->pause_s > retry_after_s ? pace->pause_s : retry_after_s;
        if (pause_s > most_s)
                pause_s = most_s;
        /* From half of it on: they were cut off in one moment, and must not come back in one. */
        return pause_s * 500ULL + pause_s * 500ULL * dice / UINT32_MAX;
}

/* Its beats are not known: perhaps its phone-home is. Both refused: seldom, in turn. */
static uint64_t turn(struct pace *pace, uint32_t dice)
{
        if (pace->call == PACE_BEAT && pace->has_secret) {
                pace->call = PACE_PHONE_HOME;
                return grow(pace, 0, dice);
        }
        pace->call = pace->was_told ? PACE_BEAT : PACE_PHONE_HOME;
        return about(PACE_REFUSED_S * 1000ULL, dice);
}

uint64_t pace_next(struct pace *pace, enum pace_end end, uint32_t retry_after_s, uint32_t dice)
{
        if (end == PACE_UNHEARD)
                return grow(pace, retry_after_s, dice);
        if (end == PACE_REFUSED)
                return turn(pace, dice);
        pace->call = PACE_BEAT;
        pace->was_told = true;
        pace->pause_s = 0;
        return about(bounded(pace->beat_s) * 1000ULL, dice);
}
