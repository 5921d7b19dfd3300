/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Naming: the names of vendors and devices beside their numbers, when all sections are
 * there. Only ids of this machine are looked for, in the list that the system has.
 */

#include "discover/crew.h"

/* Adds what the list knows; without one nothing, and that is no error. In a snapshot goes of the
 * list what was of use. */
void naming_add(const struct crew_job *job, struct crew_result *results);

/* clang-format off */
#define PCI_NAME_FIELDS \
        {.name = "vendor_name",           .kind = FIELD_TEXT, .help = "the vendor, as the PCI ID repository has it"}, \
        {.name = "device_name",           .kind = FIELD_TEXT, .help = "the device, from there"}
/* clang-format on */
