/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/conflict.h"

bool conflicts_ask(struct conflicts *conflicts, struct ip4_address address, uint64_t now_ms)
{
        const size_t at = conflicts->next;

        if (ip4_is_set(conflicts->asked[at].address) &&
            now_ms - conflicts->asked[at].asked_ms < CONFLICT_WAIT_MS)
                return false;
        conflicts->asked[at].address = address;
        conflicts->asked[at].asked_ms = now_ms;
        conflicts->next = (at + 1) % CONFLICT_MAX_ASKED;
        return true;
}

bool conflicts_was_asked(const struct conflicts *conflicts, struct ip4_address address,
                         uint64_t now_ms)
{
        for (size_t i = 0; i < CONFLICT_MAX_ASKED; i++)
                if (ip4_is_set(address) && ip4_is_equal(conflicts->asked[i].address, address) &&
                    now_ms - conflicts->asked[i].asked_ms < CONFLICT_WAIT_MS)
                        return true;
        return false;
}

static bool is_forgotten(const struct conflicts *conflicts, uint64_t now_ms)
{
        return now_ms - conflicts->answered_ms >= CONFLICT_FORGET_MS;
}

bool conflicts_believes(const struct conflicts *conflicts, const struct mac_address *seen,
                        uint64_t now_ms)
{
        return conflicts->answers < CONFLICT_MAX_OF_ONE || is_forgotten(conflicts, now_ms) ||
               !mac_is_equal(&conflicts->answerer, seen);
}

void conflicts_note(struct conflicts *conflicts, const struct mac_address *seen, uint64_t now_ms)
{
        if (is_forgotten(conflicts, now_ms) || !mac_is_equal(&conflicts->answerer, seen))
                conflicts->answers = 0;
        conflicts->answerer = *seen;
        conflicts->answers++;
        conflicts->answered_ms = now_ms;
}
