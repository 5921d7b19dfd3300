/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What changed between two inventories of a machine, in sentences. */

#include "lib/doc/value.h"

/**
 * inventory_diff() - compare two inventories
 *
 * A sentence a change: "DIMM B2 gone (S/N 12345)", "eth1 25G -> 10G", "disk S/N X replaced by Y".
 * What is different at each look (took_ms, order, names that the kernel gives anew) is no change.
 * A section that one of them lacks, or that was not read whole, is not compared.
 *
 * Return: a list of texts, the caller's; NULL without memory.
 */
struct doc *inventory_diff(const struct doc *before, const struct doc *after);

/* The same without what changes by itself: links, drivers, USB devices, removable disks, arrays
 * that are rebuilt; and without what was not known before. What is left is another machine than
 * before. */
struct doc *inventory_drift(const struct doc *before, const struct doc *after);

/* Every section of @before that may be compared can be compared with one of @after. */
bool inventory_covers(const struct doc *after, const struct doc *before);

/* A section that may be compared. NULL: it is not there, or a device that did not answer is missing
 * from it, which is not gone for that. */
const struct doc *inventory_section(const struct doc *inventory, const char *name);
