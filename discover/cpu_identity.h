/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who made a processor, and what they call it: /proc/cpuinfo, which each architecture fills in its
 * own words. */

#include "lib/doc/value.h"

/* Sets vendor, model, family, model_id, stepping and microcode, each where @cpuinfo tells it. */
void cpu_identity_take(const char *cpuinfo, struct doc *to);

/* The flags of a CPU, with blanks between them. False, and "" in @to, if there are none. */
bool cpu_flags_take(const char *cpuinfo, char *to, size_t size);
