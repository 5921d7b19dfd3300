/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dhcp/unknown.h"

#define ONE                                                                                        \
        UINT64_C(60000) /* an offer, in what a rate of one a minute gives back each millisecond */

/* FNV-1a. Who makes two meet on purpose gains the share of one. */
static uint32_t hash(uint32_t hash, struct reader bytes)
{
        uint8_t byte;

        while (reader_u8(&bytes, &byte) == 0)
                hash = (hash ^ byte) * 16777619u;
        return hash;
}

static bool has_asked_before(struct dhcp_unknown *unknown, struct reader who,
                             const struct dhcp_now *now)
{
        const uint32_t mark = hash(2166136261u, who) | 1;
        const size_t at = (mark >> 8) % DHCP_UNKNOWN_SEEN;
        const uint32_t now_s = (uint32_t)(now->monotonic_ms / 1000);
        const bool is_same = unknown->seen[at].mark == mark &&
                             now_s - unknown->seen[at].seen_s < DHCP_UNKNOWN_AGAIN_MS / 1000;

        unknown->seen[at].mark = mark;
        unknown->seen[at].seen_s = now_s;
        return is_same;
}

static bool is_in_pace(struct dhcp_unknown *unknown, const struct dhcp_place *place,
                       const struct dhcp_now *now)
{
        const bool has_port = reader_left(&place->port) > 0;
        const uint64_t burst = has_port ? DHCP_UNKNOWN_PORT_BURST : DHCP_UNKNOWN_RELAY_BURST;
        const uint64_t minute = has_port ? DHCP_UNKNOWN_PORT_MINUTE : DHCP_UNKNOWN_RELAY_MINUTE;
        const uint32_t number = hash(hash(2166136261u, place->relay), place->port);
        uint64_t *used = &unknown->ports[number % DHCP_UNKNOWN_PORTS].used;
        uint64_t *since_ms = &unknown->ports[number % DHCP_UNKNOWN_PORTS].since_ms;
        const uint64_t drained = (now->monotonic_ms - *since_ms) * minute;

        *used = drained < *used ? *used - drained : 0;
        *since_ms = now->monotonic_ms;
        if (*used + ONE > burst * ONE)
                return false;
        *used += ONE;
        return true;
}

bool dhcp_unknown_allows(struct dhcp_unknown *unknown, struct reader who,
                         const struct dhcp_place *place, const struct dhcp_now *now)
{
        return has_asked_before(unknown, who, now) && is_in_pace(unknown, place, now);
}
