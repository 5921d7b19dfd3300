/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Queue: what is asked for runs in the order in which it was asked for, so many
 * at once of a kind and over a link. Who waits is a node in state 'waiting'; its
 * place is the number of its operation. Nothing is kept but in the nodes.
 */

#include "controller/logic/logic.h"

/* Puts a node whose operation waits among those that wait. */
void queue_insert(struct logic *logic, struct node *node);

/* Starts all whose turn has come; each is saved. */
void queue_advance(struct logic *logic, uint64_t now_ms, struct store_change *change);

/* Its machine has come, and asks what to do. False: it came when its turn was another's already,
 * and waits for the next one; it is saved. */
bool queue_keep_turn(struct logic *logic, struct node *node, uint64_t now_ms,
                     struct store_change *change);

/* Fills node->place and node->expected_ms of all that wait: from 1; when its turn is expected, 0
 * where nothing of the kind has ended yet. By the limit of the kind alone: of links nobody knows
 * who will be where. */
void queue_forecast(struct logic *logic, uint64_t now_ms);
