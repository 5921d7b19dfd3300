/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Pending: replies that promise an address, and wait until the lease journal has
 * it on disk. On the loop's thread.
 */

#include "lib/base/list.h"
#include "netboot/leases.h"

/* Replies that wait: 2 kB each. Above it the disk is not keeping up, and the clients, which ask
 * again, are better served by fewer answers in time. */
#define PENDING_MAX 4096

struct pending {
        struct leases *leases;
        struct list waiting; /* of struct pending_reply */
        size_t count;
};

/* At the start of a reply. */
struct pending_reply {
        struct list link;
        struct pending *of;
        /* It is on disk; or, @rc < 0, never will be. The reply is the function's to free. */
        void (*done)(struct pending_reply *reply, int rc);
};

void pending_init(struct pending *pending); /* its leases are set before the first reply */

/**
 * pending_commit() - have a record on disk before a reply goes out
 * @reply:   done() is called with it later, and only if this returns 0
 * @record:  the last of its records: those that were kept before it go with it
 *
 * Return: 0, -EBUSY where PENDING_MAX wait, or as leases_commit().
 */
int pending_commit(struct pending *pending, struct pending_reply *reply, const void *record,
                   size_t size);

/* The one that waits longest, which waits no more; NULL: none. */
struct pending_reply *pending_take(struct pending *pending);
