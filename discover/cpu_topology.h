/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How CPUs hang together: packages, dies, cores, threads, and the caches between them. */

#include "discover/probe.h"

/* Sets packages, dies, cores, threads, present, and "topology", a package each. */
void cpu_topology_take(struct probe_context *context);
void cpu_caches_take(struct probe_context *context);

/* The number of the first CPU that is online: CPU 0 may not be. */
unsigned cpu_first_online(struct tree *tree);

/* Numbers of CPUs that are online, all of them or @max that are spread over all. Returns how many.
 */
size_t cpu_some_online(struct tree *tree, unsigned *ret, size_t max);

extern const struct field cpu_package_fields[], cpu_cache_fields[];
