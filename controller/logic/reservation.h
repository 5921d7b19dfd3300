/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Reservation: a ready node is somebody's, who may install it or do with it what
 * he likes; no rule begins anything on it, and no other person but by force. It
 * ends with its phase: given back, deployed, or retired.
 */

#include "controller/logic/logic.h"

/* What an operator said. */
struct reservation_word {
        const char *holder; /* "": himself */
        const char *reason; /* "": none */
        const char *by;
};

/* Takes it for somebody. 0; -EPERM with a sentence. */
int reservation_begin(struct logic *logic, struct node *node, const struct reservation_word *word,
                      uint64_t now_ms, struct store_change *change, const char **why);

/* Free again; what goes on on it is aborted, as it was its holder's wish. 0; -EPERM with a
 * sentence. */
int reservation_end(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                    struct store_change *change, const char **why);

/* Whether @way is one that must be @by's own, and the node is another one's. To abort is
 * everybody's. */
bool reservation_stops(const struct node *node, enum node_way way, const char *by);
