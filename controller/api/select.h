/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* ?select= of what has to do with nodes: a filter, lib/doc/filter.h. */

#include "controller/api/call.h"
#include "controller/logic/fields.h"

/* The filter of this call, the caller's; all nodes without one. False: it has answered. */
bool call_select(struct call *call, struct filter **ret);
bool node_is_selected(const struct node *node, const struct filter *filter);
