/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/maintenance.h"

#include <stdio.h>

#include "controller/logic/events.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "lib/daemon/log.h"

static const bool stopped[WAY_COUNT] = {
        [WAY_ACCEPT] = true,   [WAY_DELETE] = true,  [WAY_INSTALL] = true,
        [WAY_RETRY] = true,    [WAY_RELEASE] = true, [WAY_RETIRE] = true,
        [WAY_UNRETIRE] = true, [WAY_RESERVE] = true, [WAY_UNRESERVE] = true,
};

bool maintenance_stops(const struct node *node, enum node_way way)
{
        return node->is_in_maintenance && stopped[way];
}

void maintenance_set(struct logic *logic, struct node *node, const struct maintenance_word *word,
                     uint64_t now_ms, struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_MAINTENANCE};
        char text[2 * EVENT_TEXT_SIZE];

        if (!word->is_on && !node->is_in_maintenance)
                return;
        snprintf(text, sizeof(text), "%s %s%s%s", word->by,
                 word->is_on ? "works on it" : "ended it", word->reason[0] ? ": " : "",
                 word->reason);
        if (word->is_on && !node->is_in_maintenance)
                node->maintenance_since_ms = now_ms;
        node->is_in_maintenance = word->is_on;
        line_copy(node->maintenance_reason, sizeof(node->maintenance_reason),
                  word->is_on ? text : "");
        line_copy(event.text, sizeof(event.text), text);
        event_add(logic, node, &event, change);
        log_info("node.maintenance", "node=%s is_on=%s by=%s", node->name,
                 word->is_on ? "yes" : "no", QUOTE(word->by));
        node_save(logic, node, now_ms, change);
}
