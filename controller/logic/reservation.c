/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/reservation.h"

#include <stdio.h>

#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/ways.h"
#include "lib/base/text.h"

#define REASON_SIZE (EVENT_TEXT_SIZE - 32) /* the event names both phases before it */

static const bool stopped[WAY_COUNT] = {
        [WAY_INSTALL] = true,
        [WAY_RETRY] = true,
        [WAY_UNRESERVE] = true,
        [WAY_RETIRE] = true,
};

bool reservation_stops(const struct node *node, enum node_way way, const char *by)
{
        return node->phase == PHASE_RESERVED && stopped[way] &&
               !text_is_equal(node->reserved.holder, by);
}

int reservation_begin(struct logic *logic, struct node *node, const struct reservation_word *word,
                      uint64_t now_ms, struct store_change *change, const char **why)
{
        struct reservation is = {.since_ms = now_ms};
        char text[2 * EVENT_TEXT_SIZE], reason[REASON_SIZE];
        int rc;

        rc = node_may_go(node, WAY_RESERVE, why);
        if (rc < 0)
                return rc;
        line_copy(is.holder, sizeof(is.holder), word->holder[0] ? word->holder : word->by);
        line_copy(is.reason, sizeof(is.reason), word->reason);
        snprintf(text, sizeof(text), "reserved by %s for '%s'%s%s", word->by, is.holder,
                 is.reason[0] ? ": " : "", is.reason);
        line_copy(reason, sizeof(reason), text);
        (void)node_go(logic, node, WAY_RESERVE, reason, now_ms, change);
        node->reserved = is;
        node->is_install_wanted = false;
        node_save(logic, node, now_ms, change);
        return 0;
}

int reservation_end(struct logic *logic, struct node *node, const char *by, uint64_t now_ms,
                    struct store_change *change, const char **why)
{
        char reason[EVENT_TEXT_SIZE];
        int rc;

        rc = node_may_go(node, WAY_UNRESERVE, why);
        if (rc < 0)
                return rc;
        if (node_is_busy(node))
                (void)operation_abort(logic, node, by, now_ms, change, why);
        snprintf(reason, sizeof(reason), "given back by %s; it was reserved for '%s'", by,
                 node->reserved.holder);
        (void)node_go(logic, node, WAY_UNRESERVE, reason, now_ms, change);
        node_save(logic, node, now_ms, change);
        return 0;
}
