/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Conditions: what may be true of a node beside its phase. A row each. */

#include "controller/logic/logic.h"

struct node_condition {
        const char *name;         /* on the wire and in the store */
        size_t is, since_ms;      /* where in struct node: bool, uint64_t */
        size_t reason;            /* likewise, EVENT_TEXT_SIZE bytes; unused with a @fixed_reason */
        const char *fixed_reason; /* NULL: it has one of its own */
        bool is_kept;             /* in the store; else it is found out anew */
};

/* In the order in which they are told. */
extern const struct node_condition node_conditions[];
extern const size_t node_condition_count;

const struct node_condition *node_condition_find(const char *name); /* NULL: none */
bool node_has(const struct node *node, const struct node_condition *condition);

/* [{name, since_ms, reason}] of those that are so; the caller's. */
struct doc *node_conditions_encode(const struct node *node);
/* Sets those of such a list that are kept. */
void node_conditions_decode(const struct doc *list, struct node *node);
