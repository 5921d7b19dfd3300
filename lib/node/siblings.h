/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Siblings: machines of one make, and which of them is not as the others.
 *
 * Nobody writes down what a machine of a class should be: it is what most of
 * them are. A fact ("DIMMs: 8 x 32.0 GiB DDR4") that more than half of at least
 * SIBLINGS_LEAST machines share is the golden one, and who has another is odd.
 * Where there is no such majority nobody is.
 */

#include "lib/base/cleanup.h"
#include "lib/doc/value.h"

#define SIBLINGS_LEAST    3     /* of two that differ, nobody can say which is odd */
#define SIBLINGS_ROWS_MAX 10000 /* in one answer; the rest is counted */
#define FACT_TEXT_SIZE    200

/**
 * inventory_facts() - what of an inventory is compared with that of siblings
 *
 * {class: "Dell Inc. PowerEdge R640", facts: {"memory": "256.0 GiB", ...}}. A fact that is not
 * known is absent; without a maker or product there is no class, and no sibling.
 *
 * Return: the caller's; NULL without memory.
 */
struct doc *inventory_facts(const struct doc *inventory);

/* The facts that there are, in their order; no name has a dot. NULL past the last. */
const char *inventory_fact_name(size_t index);

struct siblings;
struct siblings *siblings_new(void); /* NULL without memory */
struct siblings *siblings_free(struct siblings *siblings);
CLEANUP_DEFINE(struct siblings *, siblings_free)

/* One machine, with its facts. 0, -ENOMEM. One without a class is counted, and compared with none.
 */
int siblings_add(struct siblings *siblings, const char *node, const struct doc *facts);

/**
 * siblings_odd() - who differs, and in what
 * @class:  of these alone; NULL: of all
 *
 * {nodes, without_class, rows, items: [{node, class, fact, has, siblings_have, same, of}],
 * classes: [{class, nodes, golden: {fact: text}}]}: by class, then in the order of facts, then by
 * node. `same` of `of` machines have the golden text; `rows` is how many there are, also beyond
 * SIBLINGS_ROWS_MAX.
 *
 * Return: the caller's; NULL without memory.
 */
struct doc *siblings_odd(struct siblings *siblings, const char *class);
