/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A table as JSON Schema, draft 2020-12: what doc_decode() takes and doc_encode() gives. */

#include "lib/doc/table.h"

/* The caller's; NULL without memory. A DOC_TREE is anything. */
struct doc *doc_table_schema(const struct doc_table *table);
