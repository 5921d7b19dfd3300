/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/api/select.h"

#include <errno.h>
#include <string.h>

#include "controller/logic/nodes.h"
#include "lib/base/buffer.h"
#include "lib/base/text.h"

static int parse(const char *text, struct node_select *ret)
{
        *ret = (struct node_select){0};
        if (!text)
                return 0;
        if (text_has_prefix(text, "phase=")) {
                ret->key = SELECT_PHASE;
                return node_phase_parse(text + strlen("phase="), &ret->phase);
        }
        if (text_has_prefix(text, "mac=")) {
                ret->key = SELECT_MAC;
                return mac_parse(text + strlen("mac="), &ret->mac);
        }
        if (text_has_prefix(text, "condition=")) {
                ret->key = SELECT_CONDITION;
                ret->condition = node_condition_find(text + strlen("condition="));
                return ret->condition ? 0 : -EINVAL;
        }
        return -EINVAL;
}

bool call_select(struct call *call, struct node_select *ret)
{
        _buffer_ struct buffer text = {0};

        if (parse(serve_query(call->request, "select"), ret) == 0)
                return true;
        buffer_text(&text, "select: one of phase=NAME, mac=MAC, condition=NAME with one of ");
        for (size_t i = 0; i < node_condition_count; i++)
                buffer_format(&text, "%s%s", i > 0 ? ", " : "", node_conditions[i].name);
        call_refuse(call, PROBLEM_QUERY, text.bytes);
        return false;
}

bool node_is_selected(const struct logic *logic, const struct node *node,
                      const struct node_select *select)
{
        switch (select->key) {
        case SELECT_ALL:
                return true;
        case SELECT_PHASE:
                return node->phase == select->phase;
        case SELECT_MAC:
                return node_find_mac(logic, &select->mac) == node;
        case SELECT_CONDITION:
                return node_has(node, select->condition);
        }
        return false;
}
