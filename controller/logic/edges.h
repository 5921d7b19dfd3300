/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Edges: the netbootds that joined. */

#include "controller/logic/logic.h"

struct edge *edge_find(const struct logic *logic, uint64_t id); /* NULL: none */

/**
 * edge_join() - a netbootd that showed the join token becomes an edge
 * @ret:  its credential
 *
 * One that comes again under its old name takes the old one's place.
 *
 * Return: 0, -ENOSPC at EDGES_MAX, -ENOMEM, -errno.
 */
int edge_join(struct logic *logic, const char *name, uint64_t now_ms, struct store_change *change,
              char ret[static WIRE_TOKEN_SIZE]);

void edges_free(struct logic *logic); /* all of them, and their map */
int edge_restore(struct logic *logic, const struct store_edge *row);
