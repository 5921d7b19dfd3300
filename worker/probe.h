/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lib/node/worker.h"

/**
 * probe_facts() - what this system is, and how it is
 * @root:  "" or where etc, proc and run are
 *
 * What cannot be found out, or does not fit, is left out. What is told passes
 * worker_facts_check(). Takes seconds where systemctl is slow.
 */
void probe_facts(const char *root, struct worker_facts *ret);
