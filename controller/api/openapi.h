/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The route table as OpenAPI 3.1, and what it says of queries. */

#include "controller/api/route.h"
#include "lib/doc/value.h"

/* The caller's; NULL without memory. */
struct doc *openapi_make(const struct route *table, size_t count);

/* Whether @name may stand behind the ? of this route. */
bool route_has_query(const struct route *route, const char *name);
/* Whether parts of its answer can be asked for: ?fields= of lib/doc/members.h. */
bool route_has_fields(const struct route *route);
