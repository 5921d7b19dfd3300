/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Trail: how far one boot came, made of the events of a machine. What matters is
 * which marks it reached, and when it reached each last; not their order, as an edge
 * that was cut off delivers its events late.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/node/step.h"

enum trail_mark {
        MARK_NONE,
        MARK_STRANGER, /* it asked, and its network only lists whom nobody knows */
        MARK_ASKED,    /* for an address */
        MARK_OFFERED,  /* one */
        MARK_NAK,
        MARK_ADDRESS, /* of firmware or loader */
        MARK_LOADER,
        MARK_LOADER_STOPPED,
        MARK_WAITS,      /* it was told to ask again */
        MARK_SCRIPT,     /* it was told to boot the agent */
        MARK_RETURNED,   /* ... and asked again, after it had begun to fetch that */
        MARK_DISK,       /* it was told to boot its disk */
        MARK_DISK_AGAIN, /* ... and asked again, after a while */
        MARK_KERNEL,
        MARK_KERNEL_STOPPED,
        MARK_RAMDISK,
        MARK_RAMDISK_STOPPED,
        MARK_SITE,
        MARK_SITE_STOPPED,
        MARK_AGENT_ADDRESS, /* the agent's own */
        MARK_REFUSED,       /* a claim */
        MARK_CLAIM,
        MARK_FAILED, /* something, says the agent or the edge */
        MARK_INVENTORY,
        MARK_PHONE_HOME,
        TRAIL_MARK_COUNT
};

struct trail {
        uint32_t marks;                 /* 1u << enum trail_mark */
        size_t place[TRAIL_MARK_COUNT]; /* in the events: of the last of each mark */
        char boot[BOOT_TEXT_SIZE];      /* "": no plan yet */
        bool is_grub;                   /* its loader */
        bool is_image;                  /* what it boots from, by HTTP: it asks by a restart */
        size_t count;                   /* of events; 0: there is no such boot */
        uint64_t disk_ms;               /* of its first MARK_DISK in a row */
        uint64_t first_ms;              /* by the clock of the reporter, as is last_ms */
        uint64_t last_ms; /* it reached a mark; what operators do in the meantime is none */
};

static inline bool trail_has(const struct trail *trail, enum trail_mark mark)
{
        return mark != MARK_NONE && (trail->marks & 1u << mark);
}

/**
 * trail_read() - the last two boots of a machine
 * @events:        in the order in which the controller learned of them
 * @ret:           the last one
 * @ret_previous:  the one before it
 *
 * Both are empty (count 0) where there is none. Total: any events at all will do.
 */
void trail_read(const struct node_event *events, size_t count, struct trail *ret,
                struct trail *ret_previous);
