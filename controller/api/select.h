/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* ?select= of what has to do with nodes: phase=NAME, mac=MAC, condition=NAME. */

#include "controller/api/call.h"
#include "controller/logic/conditions.h"

struct node_select {
        enum { SELECT_ALL, SELECT_PHASE, SELECT_MAC, SELECT_CONDITION } key;
        enum node_phase phase;
        struct mac_address mac;
        const struct node_condition *condition;
};

/* What this call asks for; all without one. False: it has answered. */
bool call_select(struct call *call, struct node_select *ret);
bool node_is_selected(const struct logic *logic, const struct node *node,
                      const struct node_select *select);
