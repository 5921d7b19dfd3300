/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Health: what files and numbers of a machine mean, one check each. Pure; where
 * they come from is probe_linux.c. Each writes a whole row; false: nothing can be
 * said, and there is no row.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/node/worker.h"

/* /proc/meminfo (proc_meminfo(5)). */
bool health_memory(const char *meminfo, struct worker_check *ret);
/* /proc/loadavg (proc_loadavg(5)): the mean of 15 minutes. @cpus: at least 1. */
bool health_load(const char *loadavg, unsigned cpus, struct worker_check *ret);
/* The root file system. @free_bytes: what others than root may still write. */
bool health_root(uint64_t total_bytes, uint64_t free_bytes, struct worker_check *ret);
/* Whether something keeps the clock right (adjtimex(2), STA_UNSYNC). */
bool health_clock(bool is_synchronised, struct worker_check *ret);
/* @state: `systemctl show --property=SystemState --value`; @failed: `systemctl list-units
 * --failed --plain --no-legend`, a unit a line. Either may be "". */
bool health_systemd(const char *state, const char *failed, struct worker_check *ret);
/* @result: /run/cloud-init/result.json; NULL: not there, as it still runs. */
bool health_cloud_init(const char *result, struct worker_check *ret);
