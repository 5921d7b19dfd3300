/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Steward: what the first process of the ramdisk does for its talker (installer/deeds.h), and for
 * every process that lost its parent: those it reaps.
 */

#include <sys/types.h>

#include "installer/site.h"
#include "lib/base/loop.h"

struct steward;

struct steward_options {
        struct loop *loop;
        const struct public_key *signing_key; /* whose stage two is mounted; must outlive it */
        const char *discover, *install;       /* paths */
        pid_t talker;
        int fd; /* deeds_open()'s second end; the steward's from now on */

        loop_fn mounted; /* stage two is: load its drivers */
        loop_fn settle;  /* call steward_settled() when devices had their chance to appear */
        /* Whether one of those that are there is for a driver of stage two. */
        bool (*is_stage_two_awaited)(void *context);
        /* The socket in which messages of switches wait; -EBADF: none. */
        int (*lldp_fd)(void *context);
        /* The talker is no more: @why is one sentence. */
        void (*ended)(void *context, const char *why);
        void *context;
};

/* reaper_prepare() comes first. 0, -errno. */
int steward_new(const struct steward_options *options, struct steward **ret);
void steward_settled(struct steward *steward);
