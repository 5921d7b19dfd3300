/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rules would do, and have done: /api/v1/rules/NAME/test; another name for a node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/explain.h"
#include "controller/logic/fields.h"
#include "controller/logic/nodes.h"
#include "controller/logic/rules.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#define TEST_MAX 1000 /* nodes in one answer; a rule that takes more is not read line by line */

/* What one rule says of one node. */
struct asked {
        const struct rule *rule;
        struct rule_verdict verdict;
};

static void pick_verdict(void *context, const struct rule_verdict *verdict)
{
        struct asked *asked = context;

        if (verdict->rule == asked->rule)
                asked->verdict = *verdict;
}

/* "took", "untouched", or an outcome; @ret_why: FILTER_WHY_SIZE bytes, one clause or "". */
static const char *outcome_of(const struct logic *logic, const struct node *node,
                              const struct rule *rule, char *ret_why)
{
        struct asked asked = {.rule = rule};
        const char *why = NULL;

        filter_why(rule->match, node_field_values, node, ret_why);
        if (strcmp(node->rule, rule->name) == 0)
                return "took";
        if (ret_why[0])
                return rule_outcome_names[RULE_MISSES];
        if (!rules_may_touch(node, &why)) {
                (void)text_copy(ret_why, FILTER_WHY_SIZE, why);
                return "untouched";
        }
        if (rules_each(logic, node, pick_verdict, &asked) < 0)
                return "";
        return rule_outcome_names[asked.verdict.outcome];
}

/* A node that is held and missed is told, too: that is whom somebody looks for. */
static bool is_told(const struct node *node, const struct rule *rule, const char *outcome)
{
        return strcmp(node->rule, rule->name) == 0 || node->phase == PHASE_DISCOVERED ||
               strcmp(outcome, rule_outcome_names[RULE_MISSES]) != 0;
}

static struct doc *test_of(const struct logic *logic, const struct document *document)
{
        const struct rule *rule = document->rule;
        struct doc *answer = doc_object(), *items = doc_list();
        char why[FILTER_WHY_SIZE];
        size_t told = 0;

        rules_count(logic);
        for (size_t i = 0; i < logic->node_count; i++) {
                const struct node *node = logic->sorted[i];
                const char *outcome = outcome_of(logic, node, rule, why);
                struct doc *item;

                if (!is_told(node, rule, outcome) || ++told > TEST_MAX)
                        continue;
                item = doc_object();
                doc_set_text(item, "name", node->name);
                doc_set_text(item, "phase", node_phase_names[node->phase]);
                doc_set_text(item, "outcome", outcome);
                if (why[0])
                        doc_set_text(item, "why", why);
                doc_append(items, item);
        }
        doc_set_text(answer, "rule", rule->name);
        doc_set_text(answer, "match", rule->match_text);
        doc_set_text(answer, "action", rule_action_names[rule->action]);
        doc_set_number(answer, "taken", (int64_t)rule_taken(document));
        if (rule->limit > 0)
                doc_set_number(answer, "limit", (int64_t)rule->limit);
        doc_set(answer, "items", items);
        if (told > TEST_MAX)
                doc_set_number(answer, "more", (int64_t)(told - TEST_MAX));
        return answer;
}

void handle_rule_test(struct call *call)
{
        const struct document *document =
                document_find(call->api->logic, DOCUMENT_RULE, call->match.name);
        char detail[NODE_NAME_SIZE + 32];

        if (!document) {
                snprintf(detail, sizeof(detail), "There is no rule '%s'.", call->match.name);
                call_refuse(call, PROBLEM_RULE_UNKNOWN, detail);
                return;
        }
        reply_doc(call, 200, test_of(call->api->logic, document));
        call_send(call);
}

/* POST /api/v1/nodes/NAME/rename */
struct rename_wish {
        char name[NODE_NAME_SIZE];
};
static const struct doc_field rename_fields[] = {
        DOC_FIELD(struct rename_wish, name, DOC_TEXT, DOC_REQUIRED),
};
static DOC_TABLE(rename_table, struct rename_wish, "rename", rename_fields, .is_strict = true);

enum problem prepare_rename(struct call *call, char *detail)
{
        return prepare_table(call, &rename_table, detail);
}

static enum problem problem_of(int rc)
{
        switch (rc) {
        case -EINVAL:
                return PROBLEM_BODY;
        case -EEXIST:
                return PROBLEM_NAME_TAKEN;
        case -EPERM:
                return PROBLEM_OPERATION_RUNNING;
        default:
                return PROBLEM_NO_MEMORY;
        }
}

static void rename_it(struct call *call, struct node *node, const struct rename_wish *wish)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct logic *logic = call->api->logic;
        const struct rename_word word = {wish->name, call->who.user};
        const uint64_t now_ms = clock_wall_ms();
        char detail[NODE_NAME_SIZE + EVENT_TEXT_SIZE];
        const char *why = "";
        int rc = -ENOMEM;

        if (change)
                rc = node_rename(logic, node, &word, now_ms, change, &why);
        if (rc < 0) {
                snprintf(detail, sizeof(detail), "'%s': %s.", node->name, why);
                call_refuse(call, problem_of(rc), rc == -ENOMEM ? NULL : detail);
                return;
        }
        if (node->is_written)
                node_save(logic, node, now_ms, change);
        reply_node(call, node, NULL);
        call_commit(call, TAKE_PTR(change));
}

void handle_node_rename(struct call *call)
{
        const struct rename_wish *wish = call->data;
        struct node *node = call_node_to_change(call); /* else the call is gone */

        if (node)
                rename_it(call, node, wish);
}

/* Explain: each rule, and where each value comes from. */

static void add_verdict(void *context, const struct rule_verdict *verdict)
{
        const struct rule *rule = verdict->rule;
        struct doc *item = doc_object();

        doc_set_text(item, "name", rule->name);
        doc_set_number(item, "priority", rule->priority);
        doc_set_text(item, "match", rule->match_text);
        doc_set_text(item, "action", rule_action_names[rule->action]);
        doc_set_text(item, "outcome", rule_outcome_names[verdict->outcome]);
        if (verdict->why[0])
                doc_set_text(item, "why", verdict->why);
        doc_set_number(item, "taken", (int64_t)verdict->taken);
        if (rule->limit > 0)
                doc_set_number(item, "limit", (int64_t)rule->limit);
        doc_append(context, item);
}

struct doc *explain_rules(const struct logic *logic, const struct node *node)
{
        struct doc *list = doc_list();

        rules_count(logic);
        (void)rules_each(logic, node, add_verdict, list);
        return list;
}

static void add_value(struct doc *list, const char *what, const char *value, const char *from)
{
        struct doc *item;

        if (!value || !value[0])
                return;
        item = doc_object();
        doc_set_text(item, "what", what);
        doc_set_text(item, "value", value);
        doc_set_text(item, "from", from);
        doc_append(list, item);
}

/* "asset tag", "serial number" or "MAC": what its own name would be made of. */
static const char *default_name(const struct node *node)
{
        char name[NODE_NAME_SIZE], other[NODE_NAME_SIZE];
        const struct node_summary *summary = &node->summary;

        node_name_default(summary, &node->macs[0], name);
        if (!node_text_is_filler(summary->asset_tag) &&
            node_name_of(summary->asset_tag, other) == 0 && strcmp(name, other) == 0)
                return "default: its asset tag";
        if (!node_text_is_filler(summary->serial) && node_name_of(summary->serial, other) == 0 &&
            strcmp(name, other) == 0)
                return "default: its serial number";
        return "default: its MAC";
}

static void add_profile(const struct node *node, const struct rule *rule, struct doc *list)
{
        const struct operation *o = &node->operation;
        const bool is_of_operation = o->number > 0 && strcmp(o->profile, node->profile) == 0;
        char from[2 * NODE_NAME_SIZE], size[TEXT_SIZE_MAX], disk[160];

        snprintf(from, sizeof(from), "rule '%s'", rule ? rule->name : node->rule);
        if (is_of_operation)
                snprintf(from, sizeof(from), "install by %s", o->by);
        add_value(list, "profile", node->profile, from);
        if (!is_of_operation)
                return;
        snprintf(from, sizeof(from), "profile '%s'", o->profile);
        add_value(list, "image", o->image, from);
        add_value(list, "hostname", node->install.hostname, from);
        snprintf(disk, sizeof(disk), "%s, %s", o->disk.name, text_size(size, o->disk.size));
        add_value(list, "disk", disk, from);
}

static void add_labels(const struct node *node, const struct rule *rule, struct doc *list)
{
        const char *name;
        struct doc *value;
        char what[NODE_NAME_SIZE + 8], from[NODE_NAME_SIZE + 8];
        size_t at = 0;

        while (doc_next(node->labels, &at, &name, &value) > 0) {
                const char *given, *wanted = NULL;
                struct doc *of_rule;
                size_t place = 0;

                while (rule && doc_next(rule->labels, &place, &given, &of_rule) > 0)
                        if (strcmp(given, name) == 0)
                                wanted = doc_text(of_rule);
                snprintf(what, sizeof(what), "label %s", name);
                snprintf(from, sizeof(from), "rule '%s'", rule ? rule->name : "");
                add_value(list, what, doc_text(value),
                          text_is_equal(wanted, doc_text(value)) ? from : "an operator");
        }
}

static void add_address(const struct api *api, const struct node *node, struct doc *list)
{
        const struct edge_config *config = &api->edge_config;
        char text[IP_TEXT_SIZE], ip[IP4_TEXT_SIZE];
        const char *from = "a pool of its network";

        if (!ip_is_set(node->address))
                return;
        ip_text(text, node->address);
        for (size_t i = 0; i < config->reservation_count; i++)
                if (strcmp(text, ip4_text(ip, config->reservations[i].address)) == 0 ||
                    strcmp(text, config->reservations[i].address6) == 0)
                        from = "a reservation in cloudied.yaml";
        add_value(list, "address", text, from);
}

static bool has_setting(const struct logic *logic, enum setting_id id)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->documents[DOCUMENT_SETTING], &at, &value))
                if (((const struct document *)value)->setting->id == id)
                        return true;
        return false;
}

struct doc *explain_values(const struct api *api, const struct node *node)
{
        const struct document *document = document_find(api->logic, DOCUMENT_RULE, node->rule);
        const struct rule *rule = document ? document->rule : NULL;
        struct doc *list = doc_list();

        add_value(list, "name", node->name,
                  node->named_by[0] ? node->named_by : default_name(node));
        add_value(list, "rule", node->rule, rule ? "its match" : "its match; it is no more");
        add_profile(node, rule, list);
        add_labels(node, rule, list);
        add_address(api, node, list);
        add_value(list, "kernel arguments", api->logic->kernel_arguments,
                  has_setting(api->logic, SETTING_KERNEL_ARGUMENTS) ? "setting 'kernel_arguments'"
                                                                    : "cloudied.yaml");
        return list;
}
