/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Why: where a machine is, why it is not where it should be, and what to do. A pure
 * function of what the controller holds; `cloudie why` prints it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/table.h"
#include "lib/node/operation.h"
#include "lib/node/phase.h"
#include "lib/node/step.h"

#define WHY_EVENTS_MAX                                                                             \
        512                 /* the newest of a machine: some 20 boots; older ones explain nothing  \
                             */
#define WHY_EVIDENCE_MAX  8 /* with the sentences, one screen */
#define WHY_SENTENCE_SIZE 512

struct why_facts {
        uint64_t now_ms;
        const char *name; /* the node's; NULL: a MAC that never became one */
        enum node_phase phase;
        const char *conflict; /* the reason; NULL: it is in none */
        const char *degraded; /* why its installed system is not well; NULL: it is */
        bool is_agent_online;
        uint64_t heard_ms;                 /* its worker's last word; 0: never */
        const struct operation *operation; /* the last one; NULL: none */
        const struct node_event *events;   /* of its MACs, in the order of their ids */
        size_t event_count;
};

struct why {
        bool wrong;
        enum node_cause cause; /* CAUSE_NONE unless it is wrong */
        char sentence[WHY_SENTENCE_SIZE];
        char hint[WHY_SENTENCE_SIZE]; /* what to do; "": nothing */
        struct node_event evidence[WHY_EVIDENCE_MAX];
        size_t evidence_count;
};
extern const struct doc_table why_table;

/* Always yields a sentence, and with a cause a hint. */
void why_find(const struct why_facts *facts, struct why *ret);
