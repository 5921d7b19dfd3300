/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What differs between two documents, in what people write of them: "  labels.rack: a1 -> a2". */

#include <stdio.h>

#include "lib/doc/value.h"

/* Lines to @to; how many. Hostile bytes are escaped. */
size_t show_diff(FILE *to, const struct doc *before, const struct doc *after);
