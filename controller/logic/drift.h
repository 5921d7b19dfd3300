/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Drift: a machine is not any more what it was when an operator accepted it, or
 * said that it is all right. Hashes are compared here; where they differ, somebody
 * who may read the store looks at what does, and tells.
 */

#include "controller/logic/logic.h"

/* The question, and once it was looked at the answer. */
struct drift_look {
        char node[NODE_NAME_SIZE];
        char hash[STORE_HASH_SIZE];                              /* of what was reported */
        char before[STORE_HASH_SIZE], accepted[STORE_HASH_SIZE]; /* "": there is none */
        uint64_t changes;                                        /* against the one before */
        uint64_t drift;               /* changes of parts against the accepted one */
        bool is_whole;                /* all that the accepted one tells was compared */
        char reason[EVENT_TEXT_SIZE]; /* "DIMM B2 gone (+2 more)" */
};

/* A report came. True: @ret is to be looked at, and then decided. */
bool drift_reported(struct logic *logic, struct node *node, const char *hash, uint64_t now_ms,
                    struct store_change *change, struct drift_look *ret);

/* Pure: fills the answer. What lasts of each, as texts; NULL: there is none, or it cannot be had.
 */
void drift_compare(struct drift_look *look, const char *now, const char *before,
                   const char *accepted);

/* Sets or ends the condition. Nothing, if another report or an operator came in between. */
void drift_decide(struct logic *logic, const struct drift_look *look, uint64_t now_ms,
                  struct store_change *change);

/* As it is now is how it shall be. @node is not saved. */
void drift_accept(struct node *node, struct store_change *change);

/* The same by an operator who was told of it; saved and told. 0; -ENOENT: it never reported. */
int drift_acknowledge(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                      struct store_change *change);
