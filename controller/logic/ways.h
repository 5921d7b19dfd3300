/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Ways: the one place where a node's phase and the state of its operation change. */

#include "controller/logic/logic.h"

/* May this way be taken now? 0; -EPERM with a sentence. */
int node_may_go(const struct node *node, enum node_way way, const char **why);

/**
 * node_go() - take a way: the state changes, is logged, and stands in the timeline
 * @reason:  one line
 *
 * The node is not saved.
 *
 * Return: 0, -EPERM: nothing was changed.
 */
int node_go(struct logic *logic, struct node *node, enum node_way way, const char *reason,
            uint64_t now_ms, struct store_change *change);

/* Its orders are others now: they have a new number, and whoever waits for them hears it once
 * @change, which is being built, is on disk. */
void node_renew_orders(struct logic *logic, struct node *node);

/* An event of the operation: "install 'worker' on nvme0n1 (NVME-0001) by admin: TEXT". */
void operation_tell(struct logic *logic, const struct node *node, const char *text, uint64_t now_ms,
                    struct store_change *change);
