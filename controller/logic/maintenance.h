/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Maintenance: an operator works on a node, with a screwdriver or a console, and
 * nothing is to begin on it behind his back. What runs already goes on.
 */

#include "controller/logic/logic.h"
#include "lib/node/phase.h"

/* What an operator said. */
struct maintenance_word {
        bool is_on;
        const char *reason; /* "": none */
        const char *by;
};

/**
 * maintenance_set() - begins or ends
 *
 * Beginning once more takes the new reason, and keeps the time. Ending what never began is nothing.
 */
void maintenance_set(struct logic *logic, struct node *node, const struct maintenance_word *word,
                     uint64_t now_ms, struct store_change *change);

/* Whether @way is one that must not begin by itself on a node in maintenance, nor by a list of
 * nodes that it happens to be in: all that change the machine or what is known of it. To look at it
 * in the ramdisk and to abort are what somebody who works on it does. */
bool maintenance_stops(const struct node *node, enum node_way way);
