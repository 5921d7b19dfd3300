/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The console that the firmware redirects to: ACPI's Serial Port Console Redirection table
 * (Microsoft's SPCR, revisions 1 to 4). Bytes alone. */

#include <stdbool.h>
#include <stddef.h>

#include "discover/field.h"

#define SPCR_MAX 4096 /* bytes of the table */

extern const struct field spcr_fields[];

/* Sets what the table tells. False, and nothing set: it is no such table, or its sum is wrong. */
bool spcr_parse(const void *bytes, size_t size, struct doc *console);
