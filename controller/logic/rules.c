/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a rule took stands in the node (`status.rule`): so its limit counts what
 * is there, survives a restart, and a node that is deleted gives its place back.
 */
#include "controller/logic/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/fields.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "controller/logic/ways.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define BY_SIZE (NODE_NAME_SIZE + 16)

const char *const rule_outcome_names[RULE_OUTCOME_COUNT + 1] = {
        [RULE_TAKES] = "takes",
        [RULE_MISSES] = "misses",
        [RULE_IS_FULL] = "full",
        [RULE_BEHIND] = "behind",
};

static int compare(const void *a, const void *b)
{
        return rule_compare((*(const struct document *const *)a)->rule,
                            (*(const struct document *const *)b)->rule);
}

/* In the order in which they are asked. @ret: the caller's, the rules are not. */
static int sort_rules(const struct logic *logic, struct document ***ret, size_t *ret_count)
{
        const struct map *documents = logic->documents[DOCUMENT_RULE];
        struct document **rules = calloc(map_count(documents) + 1, sizeof(struct document *));
        size_t at = 0, count = 0;
        void *value;

        if (!rules)
                return -ENOMEM;
        while (map_next(documents, &at, &value))
                rules[count++] = value;
        qsort(rules, count, sizeof(rules[0]), compare);
        *ret = rules;
        *ret_count = count;
        return 0;
}

/* NULL: it is of none, or of one that is no more. */
static struct document *rule_of(const struct logic *logic, const struct node *node)
{
        return node->rule[0] && node->phase != PHASE_RETIRED
                       ? document_find(logic, DOCUMENT_RULE, node->rule)
                       : NULL;
}

void rules_count(const struct logic *logic)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->documents[DOCUMENT_RULE], &at, &value))
                ((struct document *)value)->taken = 0;
        for (size_t i = 0; i < logic->node_count; i++) {
                struct document *rule = rule_of(logic, logic->sorted[i]);

                if (rule)
                        rule->taken++;
        }
}

/* Nobody counts thousands of nodes for nothing, at each report. */
static void count_for_limits(const struct logic *logic)
{
        bool has_limit = false;
        size_t at = 0;
        void *value;

        while (!has_limit && map_next(logic->documents[DOCUMENT_RULE], &at, &value))
                has_limit = ((const struct document *)value)->rule->limit > 0;
        if (has_limit)
                rules_count(logic);
}

uint32_t rule_taken(const struct document *rule)
{
        return rule->taken;
}

static uint32_t taken_but(const struct document *rule, const struct node *but)
{
        const bool is_counted = but->phase != PHASE_RETIRED && strcmp(but->rule, rule->name) == 0;

        return rule->taken - (is_counted && rule->taken > 0);
}

static bool is_full(const struct node *node, const struct document *rule)
{
        return rule->rule->limit > 0 && taken_but(rule, node) >= rule->rule->limit;
}

int rules_each(const struct logic *logic, const struct node *node, rule_verdict_fn fn,
               void *context)
{
        _free_ struct document **rules = NULL;
        bool is_taken = false;
        size_t count = 0;
        int rc;

        rc = sort_rules(logic, &rules, &count);
        for (size_t i = 0; rc == 0 && i < count; i++) {
                struct rule_verdict verdict = {.rule = rules[i]->rule, .outcome = RULE_MISSES};

                verdict.taken = taken_but(rules[i], node);
                filter_why(verdict.rule->match, node_field_values, node, verdict.why);
                if (!verdict.why[0] && is_taken)
                        verdict.outcome = RULE_BEHIND;
                else if (!verdict.why[0])
                        verdict.outcome = is_full(node, rules[i]) ? RULE_IS_FULL : RULE_TAKES;
                is_taken |= verdict.outcome == RULE_TAKES;
                fn(context, &verdict);
        }
        return rc;
}

/* NULL: none takes it. */
static struct document *decide(const struct logic *logic, const struct node *node)
{
        _free_ struct document **rules = NULL;
        size_t count = 0;

        if (sort_rules(logic, &rules, &count) < 0)
                return NULL; /* it is held, until it is asked for once more */
        for (size_t i = 0; i < count; i++)
                if (filter_holds(rules[i]->rule->match, node_field_values, node) &&
                    !is_full(node, rules[i]))
                        return rules[i];
        return NULL;
}

bool rules_may_touch(const struct node *node, const char **why)
{
        const struct {
                bool is;
                const char *why;
        } hindrances[] = {
                {node->phase == PHASE_RETIRED,    "it is retired"                 },
                {node->phase == PHASE_RESERVED,   "it is reserved"                },
                {node->phase != PHASE_DISCOVERED, "it was accepted already"       },
                {node->is_in_conflict,            "it is in conflict"             },
                {node->is_in_maintenance,         "it is in maintenance"          },
                {node->is_quarantined,            "it is quarantined"             },
                {node_is_busy(node),              "an operation runs on it"       },
                {!node->inventory_hash[0],        "it has not reported what it is"},
        };

        *why = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(hindrances); i++) {
                if (!hindrances[i].is)
                        continue;
                *why = hindrances[i].why;
                return false;
        }
        return true;
}

/* Every machine gets the same name by the same number. */
static bool is_number_all(const char *names)
{
        for (const char *at = names; (at = strchr(at, '{')); at++)
                if (at[1] != 'n')
                        return false;
        return true;
}

void rules_name_freed(const struct logic *logic, const char *name)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->documents[DOCUMENT_RULE], &at, &value)) {
                struct document *rule = value;
                const char *names = rule->rule->names;

                if (strncmp(names, name, strcspn(names, "{")) == 0)
                        rule->number = 1;
        }
}

/* A free name, or its own: 0; -ENOENT: the machine does not say what the pattern asks for. */
static int pick_name(const struct logic *logic, const struct node *node, struct document *document,
                     char ret[static NODE_NAME_SIZE])
{
        const struct rule *rule = document->rule;
        const bool is_remembered = rule_has_number(rule) && is_number_all(rule->names);
        char wish[NODE_NAME_SIZE];
        int rc;

        for (uint32_t number = is_remembered && document->number > 0 ? document->number : 1;
             number <= NODES_MAX; number++) {
                const struct node *other;

                rc = rule_name(rule, &node->summary, &node->macs[0], number, wish);
                if (rc < 0)
                        return rc;
                other = node_find(logic, wish);
                if (is_remembered)
                        document->number = number;
                if (!other || other == node)
                        return text_copy(ret, NODE_NAME_SIZE, wish);
                if (!rule_has_number(rule))
                        break;
        }
        node_name_unique(logic, wish, ret);
        return 0;
}

static void give_name(struct logic *logic, struct node *node, struct document *rule, const char *by,
                      uint64_t now_ms, struct store_change *change)
{
        char name[NODE_NAME_SIZE];
        const char *why = "";

        if (!rule->rule->names[0])
                return;
        /* It keeps the name that it has: a machine without an asset tag is no reason to hold it. */
        if (pick_name(logic, node, rule, name) < 0 ||
            (strcmp(name, node->name) != 0 &&
             node_rename(logic, node, &(struct rename_word){name, by}, now_ms, change, &why) < 0))
                log_warning("rule.name", "node=%s rule=%s reason=\"no name can be made: %s\"",
                            node->name, rule->name, why);
}

/* What an operator wrote stays. */
static void give_labels(struct node *node, const struct rule *rule)
{
        struct doc *value;
        const char *name;
        size_t at = 0;

        while (doc_next(rule->labels, &at, &name, &value) > 0) {
                const char *other;
                struct doc *there;
                size_t place = 0;
                bool is_there = false;

                while (doc_next(node->labels, &place, &other, &there) > 0)
                        is_there |= strcmp(name, other) == 0;
                if (is_there || doc_set_text(node->labels, name, doc_text(value)) < 0)
                        continue;
                node->is_written = true;
        }
}

static void tell(struct logic *logic, struct node *node, const char *text, uint64_t now_ms,
                 struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_RULE};

        line_copy(event.text, sizeof(event.text), text);
        event_add(logic, node, &event, change);
        log_info("node.rule", "node=%s rule=%s text=%s", node->name,
                 node->rule[0] ? node->rule : "-", QUOTE(text));
}

/* It is of @rule now (NULL: of none). */
static void set_rule(const struct logic *logic, struct node *node, struct document *rule)
{
        struct document *old = rule_of(logic, node);

        if (old && old->taken > 0)
                old->taken--;
        if (rule)
                rule->taken++;
        memset(node->rule, 0, sizeof(node->rule));
        if (rule)
                (void)text_copy(node->rule, sizeof(node->rule), rule->name);
}

static void act(struct logic *logic, struct node *node, const struct rule *rule, const char *by,
                uint64_t now_ms, struct store_change *change)
{
        const char *why;

        switch (rule->action) {
        case RULE_ACCEPT:
        case RULE_INSTALL:
                node->is_install_wanted = rule->action == RULE_INSTALL;
                logic->is_install_wanted |= node->is_install_wanted;
                (void)node_accept(logic, node, by, now_ms, change, &why);
                break;
        case RULE_QUARANTINE:
                quarantine_begin(logic, node, by, now_ms, change);
                break;
        case RULE_HOLD:
        case RULE_ACTION_COUNT:
                break;
        }
}

/* As rules_apply(), after a count. */
static bool apply(struct logic *logic, struct node *node, uint64_t now_ms,
                  struct store_change *change)
{
        char by[BY_SIZE], text[EVENT_TEXT_SIZE + NODE_NAME_SIZE];
        struct document *document;
        const struct rule *rule;
        const char *why;

        if (!rules_may_touch(node, &why))
                return false;
        document = decide(logic, node);
        if (!document && !node->rule[0])
                return false;
        if (!document) { /* one held it, and is no more, or matches no more */
                set_rule(logic, node, NULL);
                node_touch(node);
                return true;
        }
        rule = document->rule;
        if (strcmp(node->rule, rule->name) == 0 && rule->action == RULE_HOLD)
                return false;
        snprintf(by, sizeof(by), "rule '%s'", rule->name);
        set_rule(logic, node, document);
        memcpy(node->profile, rule->profile, sizeof(node->profile));
        node->rule_failures = 0;
        snprintf(text, sizeof(text), "%s matches (%.200s): %s", by, rule->match_text,
                 rule_action_names[rule->action]);
        tell(logic, node, text, now_ms, change);
        give_labels(node, rule);
        give_name(logic, node, document, by, now_ms, change);
        node_touch(node);
        act(logic, node, rule, by, now_ms, change);
        return true;
}

bool rules_apply(struct logic *logic, struct node *node, uint64_t now_ms,
                 struct store_change *change)
{
        const char *why;

        if (!rules_may_touch(node, &why))
                return false;
        count_for_limits(logic);
        return apply(logic, node, now_ms, change);
}

void rules_run(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        logic->is_ruling = true;
        logic->ruled_up_to[0] = '\0';
        rules_tick(logic, now_ms, change);
}

void rules_tick(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        _free_ struct node **nodes = NULL;
        size_t place, count = 0;

        if (!logic->is_ruling)
                return;
        /* Their order changes with their names. */
        nodes = calloc(RULES_RUN_MAX, sizeof(struct node *));
        if (!nodes)
                return;
        place = node_place_after(logic, logic->ruled_up_to);
        for (; place < logic->node_count && count < RULES_RUN_MAX; place++)
                if (logic->sorted[place]->phase == PHASE_DISCOVERED)
                        nodes[count++] = logic->sorted[place];
        logic->is_ruling = place < logic->node_count;
        if (count > 0)
                memcpy(logic->ruled_up_to, nodes[count - 1]->name, sizeof(logic->ruled_up_to));
        if (count > 0)
                count_for_limits(logic);
        for (size_t i = 0; i < count; i++)
                if (apply(logic, nodes[i], now_ms, change))
                        node_save(logic, nodes[i], now_ms, change);
}

bool rule_may_install(const struct node *node, uint64_t now_ms)
{
        return node->is_install_wanted && node->phase == PHASE_READY && node->profile[0] &&
               !node_is_busy(node) && !node->is_in_conflict && !node->is_in_maintenance &&
               !node->is_quarantined && node->rule_after_ms <= now_ms;
}

bool rule_install_is_void(const struct logic *logic, const struct node *node)
{
        const struct document *rule = document_find(logic, DOCUMENT_RULE, node->rule);

        return node->is_install_wanted && (!rule || rule->rule->action != RULE_INSTALL ||
                                           strcmp(rule->rule->profile, node->profile) != 0);
}

void rule_install_drop(struct logic *logic, struct node *node, uint64_t now_ms,
                       struct store_change *change)
{
        char text[EVENT_TEXT_SIZE];

        snprintf(text, sizeof(text), "rule '%s' does not install it with '%s' any more", node->rule,
                 node->profile);
        node->is_install_wanted = false;
        tell(logic, node, text, now_ms, change);
        node_touch(node);
}

void rule_install_begun(struct node *node)
{
        node->is_install_wanted = false;
}

void rule_install_failed(struct logic *logic, struct node *node, const char *why, uint64_t now_ms,
                         struct store_change *change)
{
        char text[2 * EVENT_TEXT_SIZE];

        node->rule_failures++;
        node->rule_after_ms = now_ms + RULE_PAUSE_MS * node->rule_failures;
        node->is_install_wanted = node->rule_failures < RULE_FAILURES_MAX;
        logic->is_install_wanted |= node->is_install_wanted;
        snprintf(text, sizeof(text), "install %u of %u by rule '%s' failed: %s",
                 (unsigned)node->rule_failures, RULE_FAILURES_MAX, node->rule, why);
        if (node->is_install_wanted)
                tell(logic, node, text, now_ms, change);
        else
                quarantine_begin(logic, node, text, now_ms, change);
        node_touch(node);
}

void quarantine_begin(struct logic *logic, struct node *node, const char *reason, uint64_t now_ms,
                      struct store_change *change)
{
        char text[3 * EVENT_TEXT_SIZE];

        if (node->is_quarantined)
                return;
        node->is_quarantined = true;
        node->is_install_wanted = false;
        node->quarantined_since_ms = now_ms;
        line_copy(node->quarantined_reason, sizeof(node->quarantined_reason), reason);
        snprintf(text, sizeof(text), "quarantined: %s", reason);
        tell(logic, node, text, now_ms, change);
        node_touch(node);
}

void quarantine_end(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                    struct store_change *change)
{
        char text[EVENT_TEXT_SIZE];

        if (!node->is_quarantined)
                return;
        node->is_quarantined = false;
        node->quarantined_since_ms = 0;
        node->quarantined_reason[0] = '\0';
        node->rule_failures = 0;
        snprintf(text, sizeof(text), "%.100s ended the quarantine", by);
        tell(logic, node, text, now_ms, change);
        node_touch(node);
}
