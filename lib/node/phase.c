/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The phases of a node, and every way from one to the next
 *
 * A row is a way: from where it is legal, where it leads, and what to say when
 * it is not. Nothing else in the project changes a phase.
 */
#include "lib/node/phase.h"

#include <errno.h>
#include <string.h>

const char *const node_phase_names[PHASE_COUNT + 1] = {
        [PHASE_NONE] = "none",         [PHASE_DISCOVERED] = "discovered",
        [PHASE_READY] = "ready",       [PHASE_RESERVED] = "reserved",
        [PHASE_DEPLOYED] = "deployed", [PHASE_RETIRED] = "retired",
};

const char *const node_way_names[WAY_COUNT + 1] = {
        [WAY_DISCOVER] = "discover",
        [WAY_ACCEPT] = "accept",
        [WAY_DELETE] = "delete",
};

#define FROM(phase) (1u << (phase))

static const struct way_row {
        unsigned from; /* FROM() of each phase in which the way is legal */
        enum node_phase to;
        const char *refusal;
} ways[WAY_COUNT] = {
        [WAY_DISCOVER] = {FROM(PHASE_NONE),                                                 PHASE_DISCOVERED, "the node is known already"                                             },
        [WAY_ACCEPT] = {FROM(PHASE_DISCOVERED),                                           PHASE_READY,
                          "only a node in phase 'discovered' can be accepted"                                                                                                         },
        [WAY_DELETE] = {FROM(PHASE_DISCOVERED) | FROM(PHASE_READY) | FROM(PHASE_RETIRED),
                          PHASE_NONE,                                                                         "only a node in phase 'discovered', 'ready' or 'retired' can be deleted"},
};

int node_phase_change(enum node_phase from, enum node_way way, const char **why,
                      enum node_phase *ret)
{
        if (!(ways[way].from & FROM(from))) {
                if (why)
                        *why = ways[way].refusal;
                return -EPERM;
        }

        *ret = ways[way].to;
        return 0;
}

int node_phase_parse(const char *name, enum node_phase *ret)
{
        for (unsigned i = PHASE_NONE; i < PHASE_COUNT; i++) {
                if (strcmp(node_phase_names[i], name) == 0) {
                        *ret = (enum node_phase)i;
                        return 0;
                }
        }
        return -EINVAL;
}
