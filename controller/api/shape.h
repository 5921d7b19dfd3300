/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Shapes: what goes over the wire, by name, for OpenAPI. Those that a table writes come from it. */

#include "lib/doc/value.h"

/* JSON Schema 2020-12 of each, {NAME: schema}; references are "#/components/schemas/NAME". The
 * caller's; NULL without memory. */
struct doc *shapes_schemas(void);
bool shape_is_known(const char *name);
