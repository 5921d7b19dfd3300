/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What of an inventory is kept in its history: what does not change by itself. */

#include "lib/doc/value.h"

/**
 * inventory_lasting() - a copy without what is different at each look
 *
 * Hours, temperatures, how long it took, the kernel's command line: the table stands in the .c
 * file. Members stand in the order of their names, so that the same machine gives the same bytes.
 *
 * Return: the caller's; NULL without memory.
 */
struct doc *inventory_lasting(const struct doc *inventory);
