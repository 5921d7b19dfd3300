/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the conversation only: what its states share. */

#include "installer/child_linux.h"
#include "installer/conversation.h"
#include "installer/progress.h"
#include "lib/doc/value.h"
#include "lib/fetch/fetch.h"
#include "lib/node/wire.h"

#define CALL_TIMEOUT_MS 15000
#define EVENTS_KEPT     32

enum state_number {
        STATE_CLAIM,
        STATE_DEVICES, /* those of stage one had their chance: is that all? */
        STATE_STAGE_TWO,
        STATE_INVENTORY,
        STATE_ORDERS,
        STATE_PLAN,    /* of an install */
        STATE_INSTALL, /* cloudie-install runs */
        STATE_DELIVER, /* it ended; the controller does not know all of it yet */
        STATE_REBOOT,  /* the controller must know before it happens */
        STATE_COUNT
};

struct conversation_state {
        const char *name;
        int (*run)(struct conversation *c);
        enum state_number next; /* when run() says 1, unless it chose another */
};

struct conversation {
        const struct conversation_options *options;
        const struct conversation_state *state;
        enum state_number next;
        const char *why; /* the state changes */
        struct fetch *fetch;
        struct signing_key *key;
        size_t controller; /* which of the site's is asked */
        struct agent_claimed claimed;
        unsigned failures; /* of this state, in a row */

        int64_t clock_ahead_ms;                /* of the controller's before ours */
        struct node_event events[EVENTS_KEPT]; /* not acknowledged yet */
        size_t event_count;
        uint64_t seq;
        bool has_stage_two;            /* it is mounted, or was given up */
        char missing[EVENT_TEXT_SIZE]; /* why it was given up; "": it was not */
        bool is_asked_again;           /* for stage two, as an install was ordered */
        bool is_reported;
        bool is_held;
        bool is_over; /* a rehearsal came to its end */
        char error[FETCH_ERROR_SIZE];

        /* Of the install that runs. */
        struct install_plan plan;
        struct progress_book book;
        bool is_installed;
};

/* One call to the controller; @take_body may be NULL. Any status but 200 is a fault: -ESTALE,
 * -ETIME: for good; -ECANCELED: this install is not asked for any more; or as fetch_do(). */
int conversation_call(struct conversation *c, const char *method, const char *path,
                      struct doc *take_body, unsigned timeout_ms, struct doc **ret);

/* Another state than the one that follows. Returns 1. */
int conversation_go(struct conversation *c, enum state_number next, const char *why);

/* The next controller of the site: this one, or the way to it, is not well. */
void conversation_turn(struct conversation *c);

/* Has the machine restarted; returns if it is not. */
void conversation_restart(struct conversation *c, bool keeps_clock);

/* Of the plan. */
void conversation_forget_secrets(struct conversation *c);

/* States of an install: 1, 0 or a fault, as all states. */
int conversation_plan(struct conversation *c);
int conversation_install(struct conversation *c);
int conversation_deliver(struct conversation *c);
int conversation_reboot(struct conversation *c);
