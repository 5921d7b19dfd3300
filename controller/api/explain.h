/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What GET /api/v1/nodes/NAME/explain says of rules and values. */

#include "controller/api/call.h"

/* [{name, priority, match, action, outcome, why?, taken, limit?}], as they are asked. */
struct doc *explain_rules(const struct logic *logic, const struct node *node);
/* [{what, value, from}]: where what a node has comes from. */
struct doc *explain_values(const struct api *api, const struct node *node);
