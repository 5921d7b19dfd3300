/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/conditions.h"

#include <string.h>

#include "lib/base/text.h"

#define KEPT(condition_name, member, since, text)                                                  \
        {                                                                                          \
                .name = (condition_name), .is = offsetof(struct node, member),                     \
                .since_ms = offsetof(struct node, since), .reason = offsetof(struct node, text),   \
                .is_kept = true                                                                    \
        }

const struct node_condition node_conditions[] = {
        {.name = "agent-online",
         .is = offsetof(struct node, is_agent_online),
         .since_ms = offsetof(struct node, online_since_ms),
         .fixed_reason = "its agent waits for orders"},
        KEPT("dirty", is_dirty, dirty_since_ms, dirty_reason),
        KEPT("degraded", is_degraded, degraded_since_ms, degraded_reason),
        KEPT("drifted", is_drifted, drifted_since_ms, drifted_reason),
        KEPT("maintenance", is_in_maintenance, maintenance_since_ms, maintenance_reason),
        KEPT("quarantined", is_quarantined, quarantined_since_ms, quarantined_reason),
        KEPT("conflict", is_in_conflict, conflict_since_ms, conflict_reason),
};
const size_t node_condition_count = ARRAY_SIZE(node_conditions);

const struct node_condition *node_condition_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(node_conditions); i++)
                if (text_is_equal(name, node_conditions[i].name))
                        return &node_conditions[i];
        return NULL;
}

bool node_has(const struct node *node, const struct node_condition *condition)
{
        bool is;

        memcpy(&is, (const char *)node + condition->is, sizeof(is));
        return is;
}

struct doc *node_conditions_encode(const struct node *node)
{
        const char *base = (const char *)node;
        struct doc *list = doc_list();

        for (size_t i = 0; i < ARRAY_SIZE(node_conditions); i++) {
                const struct node_condition *row = &node_conditions[i];
                struct doc *condition;
                uint64_t since_ms;

                if (!node_has(node, row))
                        continue;
                condition = doc_object();
                memcpy(&since_ms, base + row->since_ms, sizeof(since_ms));
                doc_set_text(condition, "name", row->name);
                doc_set_number(condition, "since_ms", (int64_t)since_ms);
                doc_set_text(condition, "reason",
                             row->fixed_reason ? row->fixed_reason : base + row->reason);
                doc_append(list, condition);
        }
        return list;
}

void node_conditions_decode(const struct doc *list, struct node *node)
{
        for (size_t i = 0; i < doc_count(list); i++) {
                const struct doc *said = doc_at(list, i);
                const struct node_condition *row = node_condition_find(doc_get_text(said, "name"));
                const char *reason = doc_get_text(said, "reason");
                const uint64_t since_ms = (uint64_t)doc_get_number(said, "since_ms", 0);
                const bool is = true;
                char *base = (char *)node;

                if (!row || !row->is_kept)
                        continue;
                memcpy(base + row->is, &is, sizeof(is));
                memcpy(base + row->since_ms, &since_ms, sizeof(since_ms));
                (void)text_copy(base + row->reason, EVENT_TEXT_SIZE, reason ? reason : "");
        }
}
