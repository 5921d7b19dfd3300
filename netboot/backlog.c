/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/backlog.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"

struct backlog *backlog_new(void)
{
        struct backlog *backlog = calloc(1, sizeof(*backlog));

        if (!backlog)
                return NULL;
        for (size_t i = ARRAY_SIZE(backlog->packets); i > 0; i--)
                backlog_give_back(backlog, &backlog->packets[i - 1]);
        return backlog;
}

struct backlog *backlog_free(struct backlog *backlog)
{
        free(backlog);
        return NULL;
}

/* There are always as many: of all, at most BACKLOG_MAX wait. */
void backlog_batch(struct backlog *backlog, struct packet *ret[static PACKET_BATCH])
{
        for (size_t i = 0; i < PACKET_BATCH; i++)
                ret[i] = backlog->unused[--backlog->unused_count];
}

void backlog_give_back(struct backlog *backlog, struct packet *packet)
{
        backlog->unused[backlog->unused_count++] = packet;
}

bool backlog_has_room(const struct backlog *backlog, bool is_known)
{
        return backlog->count < (is_known ? BACKLOG_MAX : BACKLOG_MAX_UNKNOWN);
}

void backlog_add(struct backlog *backlog, struct packet *packet)
{
        backlog->waiting[(backlog->first + backlog->count++) % BACKLOG_MAX] = packet;
}

struct packet *backlog_next(struct backlog *backlog)
{
        struct packet *packet = backlog->waiting[backlog->first];

        if (backlog->count == 0)
                return NULL;
        backlog->first = (backlog->first + 1) % BACKLOG_MAX;
        backlog->count--;
        return packet;
}
