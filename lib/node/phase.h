/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A node's durable phase, and the ways from one to the next (design section 4).
 * The whole machine is one table in phase.c.
 */

#include <stdbool.h>

enum node_phase {
        PHASE_NONE, /* not in the store */
        PHASE_DISCOVERED,
        PHASE_READY,
        PHASE_RESERVED,
        PHASE_DEPLOYED,
        PHASE_RETIRED,
        PHASE_COUNT
};

enum node_way {
        WAY_DISCOVER, /* a machine that was never seen reports */
        WAY_ACCEPT,   /* an operator or a rule takes it */
        WAY_DELETE,   /* forgotten; it is discovered anew when it boots again */
        WAY_COUNT
};

extern const char *const node_phase_names[PHASE_COUNT + 1]; /* "none", "discovered", ... */
extern const char *const node_way_names[WAY_COUNT + 1];

/**
 * node_phase_change() - where a way leads
 * @why:  on refusal, one sentence that names the phases from which it is legal; may be NULL
 * @ret:  the new phase
 *
 * Return: 0, or -EPERM: the way is not legal from here.
 */
int node_phase_change(enum node_phase from, enum node_way way, const char **why,
                      enum node_phase *ret);

int node_phase_parse(const char *name, enum node_phase *ret); /* -EINVAL */
