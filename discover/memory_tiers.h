/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Memory that is not all alike: tiers, persistent memory, memory behind CXL. */

#include "discover/probe.h"

extern const struct field memory_tier_fields[], memory_persistent_fields[], memory_cxl_fields[];

/* Sets "tiers", "persistent" and "cxl" of memory's section, if there are any. */
void memory_tiers_take(struct probe_context *context);
