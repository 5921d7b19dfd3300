/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Events: who may report which step, each report once, and what becomes of it. */

#include "controller/logic/logic.h"

/* One of the controller's own; id, node, boot and MAC are filled in. @node may be NULL. */
void event_add(struct logic *logic, const struct node *node, struct node_event *event,
               struct store_change *change);

/* The same of what was not given: @event says of which step, and why. More than so many a minute
 * stand in the log alone: nobody fills the timelines by being refused. */
#define REFUSALS_A_MINUTE 60
void event_refused(struct logic *logic, const struct node *node, struct node_event *event,
                   struct store_change *change);

/* A retired machine was heard of: told once in so long, as a system on its disk may ask for its
 * address every few minutes. Nothing is told of any other; @node may be NULL. */
#define RETIRED_TOLD_MS 3600000
void event_of_retired(struct logic *logic, struct node *node, uint64_t now_ms,
                      struct store_change *change);

/* The events of an edge. Returns the newest seq of all that it may now forget. */
uint64_t events_of_edge(struct logic *logic, struct edge *edge, const struct node_event *events,
                        size_t count, uint64_t now_ms, struct store_change *change);

/* The events of an agent: they are of its own machine and boot, whatever they say. */
uint64_t events_of_agent(struct logic *logic, struct claim *claim, const struct node_event *events,
                         size_t count, uint64_t now_ms, struct store_change *change);
