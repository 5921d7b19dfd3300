/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * A node's state: its durable phase, and how its last operation stands (design
 * section 4). Every way from one state to another is a row of the table in
 * phase.c; nothing else in the project changes either of them.
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

enum operation_state {
        OPERATION_NONE,    /* there was none yet */
        OPERATION_WAITING, /* for others before it: the queue */
        OPERATION_RUNNING,
        OPERATION_SUCCEEDED,
        OPERATION_FAILED,
        OPERATION_ABORTED,
        OPERATION_STATE_COUNT
};

struct node_state {
        enum node_phase phase;
        enum operation_state operation;
};

enum node_way {
        WAY_DISCOVER,  /* a machine that was never seen reports */
        WAY_ACCEPT,    /* an operator or a rule takes it */
        WAY_LOOK,      /* an operator wants to see it in the ramdisk once more: nothing changes */
        WAY_DELETE,    /* forgotten; it is discovered anew when it boots again */
        WAY_INSTALL,   /* an install is asked for, and takes its place in the queue */
        WAY_RETRY,     /* the same, of the last operation; one that goes on is aborted first */
        WAY_START,     /* its turn has come */
        WAY_QUEUE,     /* it gave its turn away, and stands in the queue again */
        WAY_ABORT,     /* the operation is given up by an operator */
        WAY_FAIL,      /* the operation ended badly: the phase stays */
        WAY_INSTALLED, /* the installed system showed that it runs */
        WAY_RELEASE,   /* what was deployed is free again */
        WAY_RETIRE,    /* out of service: known, and served nothing but its disk */
        WAY_UNRETIRE,  /* back, and held until it is accepted anew */
        WAY_RESERVE,   /* it is somebody's: no rule and nobody else begins anything on it */
        WAY_UNRESERVE, /* given back; what goes on on it is aborted */
        WAY_COUNT
};

extern const char *const node_phase_names[PHASE_COUNT + 1]; /* "none", "discovered", ... */
extern const char *const operation_state_names[OPERATION_STATE_COUNT + 1]; /* "none", "waiting" */
extern const char *const node_way_names[WAY_COUNT + 1];

/**
 * node_way_take() - where a way leads
 * @why:  on refusal, one sentence that names the states from which it is legal; may be NULL
 * @ret:  the new state; may be where @from lies
 *
 * Return: 0, or -EPERM: the way is not legal from here.
 */
int node_way_take(struct node_state from, enum node_way way, const char **why,
                  struct node_state *ret);

/* Whether an operator takes this way; the others are what a machine or the time does. */
bool node_way_is_operators(enum node_way way);

int node_phase_parse(const char *name, enum node_phase *ret); /* -EINVAL */
