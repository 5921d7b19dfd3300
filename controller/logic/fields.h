/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Fields: what of a node may be asked for in a filter (lib/doc/filter.h). A row
 * each; a name without a dot that is none of them is a label's, and so is all that
 * begins with "label.".
 */

#include "controller/logic/logic.h"
#include "lib/doc/filter.h"

/* Of filter_parse(). One thread. */
bool node_field_bind(const char *name, struct filter_field *ret);
/* Of filter_holds(); @object is a struct node. */
void node_field_values(const void *object, int id, const char *name, struct filter_probe *probe);

/* Whether nodes can be put in the order of this field: of those with one value. */
bool node_field_orders(int id);
/* Below 0: @a comes before @b. Numbers by size, words in the order of their table, texts as people
 * count; no text comes first. Nodes that are equal stand in no order. */
int node_field_compare(const struct node *a, const struct node *b, int id);

/* The name of each row, for people; NULL past the last. */
const char *node_field_name(size_t index);
