/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Signatures of RAID on disks and partitions, gathered by what they belong to: a container of a
 * BIOS's RAID (Intel's isw, DDF, ...) or the kernel's, in use or not.
 */

#include "discover/crew.h"

extern const struct field raid_signature_fields[];

/* Adds "signatures" to the section raid, where the disks' contents tell of any. */
void raid_signatures_add(const struct crew_job *job, struct crew_result *results);
