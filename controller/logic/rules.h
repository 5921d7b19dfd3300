/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Rules: what becomes of discovered nodes without an operator's word (lib/node/rule.h,
 * docs/rules.md). They are asked by priority, and the first that matches and has
 * taken fewer nodes than its limit takes the node. None: it is held.
 */

#include "controller/logic/documents.h"
#include "controller/logic/logic.h"

#define RULES_RUN_MAX 1000 /* nodes that are looked at in one change: some 2 MB of it */

enum rule_outcome {
        RULE_TAKES,  /* it takes the node, or has taken it */
        RULE_MISSES, /* @why: the tests that do not hold */
        RULE_IS_FULL,
        RULE_BEHIND, /* it matches, but one before it takes the node */
        RULE_OUTCOME_COUNT
};
extern const char *const rule_outcome_names[RULE_OUTCOME_COUNT + 1]; /* "takes", ... */

struct rule_verdict {
        const struct rule *rule;
        enum rule_outcome outcome;
        uint32_t taken; /* nodes that it has taken, this one apart */
        char why[FILTER_WHY_SIZE];
};

/* How many nodes each rule has taken, but for those that are retired: rules_each() and rule_taken()
 * say what this counted. */
void rules_count(const struct logic *logic);

/* The verdict of each rule, in the order in which they are asked. Nothing is changed; the same
 * nodes and rules give the same verdicts. -ENOMEM. */
typedef void (*rule_verdict_fn)(void *context, const struct rule_verdict *verdict);
int rules_each(const struct logic *logic, const struct node *node, rule_verdict_fn fn,
               void *context);

/* Whether rules may do anything to a node; else a reason, one clause. */
bool rules_may_touch(const struct node *node, const char **why);

/* Asks for one node, and does what the rule says. True: the node changed; it is not saved. */
bool rules_apply(struct logic *logic, struct node *node, uint64_t now_ms,
                 struct store_change *change);

/* A rule was written: all discovered nodes are asked for, RULES_RUN_MAX now, the rest by
 * rules_tick(). */
void rules_run(struct logic *logic, uint64_t now_ms, struct store_change *change);
void rules_tick(struct logic *logic, uint64_t now_ms, struct store_change *change);

/* Nodes that this rule has taken, but for those that are retired. */
uint32_t rule_taken(const struct document *rule);

/* No node has this name any more: the next may get it. */
void rules_name_freed(const struct logic *logic, const char *name);

/* Installs that rules begin. */
#define RULE_FAILURES_MAX 3              /* one after the other; then the node is quarantined */
#define RULE_PAUSE_MS     (60ULL * 1000) /* before the next try */

/* Whether one is to begin now: @node waits for it, and nothing stands in the way. */
bool rule_may_install(const struct node *node, uint64_t now_ms);
/* It waits for an install that its rule, as it reads now, does not ask for (any more): it waits no
 * longer. The node is not saved. */
bool rule_install_is_void(const struct logic *logic, const struct node *node);
void rule_install_drop(struct logic *logic, struct node *node, uint64_t now_ms,
                       struct store_change *change);
/* An install by a rule ended badly, or could not begin for @why. The node is not saved. */
void rule_install_failed(struct logic *logic, struct node *node, const char *why, uint64_t now_ms,
                         struct store_change *change);
/* It began, or an operator took the matter into his own hands. */
void rule_install_begun(struct node *node);

/* Quarantine: no rule touches the node until an operator accepts, installs or retries it. Neither
 * saves the node. */
void quarantine_begin(struct logic *logic, struct node *node, const char *reason, uint64_t now_ms,
                      struct store_change *change);
void quarantine_end(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                    struct store_change *change);
