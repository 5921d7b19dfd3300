/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/pending.h"

#include <errno.h>

void pending_init(struct pending *pending)
{
        *pending = (struct pending){0};
        list_init(&pending->waiting);
}

static void committed(void *context, int rc)
{
        struct pending_reply *reply = context;

        reply->of->count--;
        list_remove(&reply->link);
        if (rc < 0)
                leases_break(reply->of->leases, rc);
        reply->done(reply, rc);
}

int pending_commit(struct pending *pending, struct pending_reply *reply, const void *record,
                   size_t size)
{
        int rc;

        if (pending->count == PENDING_MAX)
                return -EBUSY;
        reply->of = pending;
        rc = leases_commit(pending->leases, record, size, committed, reply);
        if (rc < 0)
                return rc;
        pending->count++;
        list_append(&pending->waiting, &reply->link);
        return 0;
}

struct pending_reply *pending_take(struct pending *pending)
{
        struct list *first = pending->waiting.next;

        if (list_is_empty(&pending->waiting))
                return NULL;
        pending->count--;
        list_remove(first);
        return container_of(first, struct pending_reply, link);
}
