/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is kept beside a node or a network, under its name: in a map, and as a document. */

#include "controller/logic/logic.h"
#include "lib/doc/table.h"

/* NULL: there is none of this name. */
void *kept_find(const struct map *map, const char *name);

struct kept_kind {
        const char *name; /* of the documents */
        const struct doc_table *table;
};

/* What has this name gets another; nothing may have none. -ENOMEM, -ENOSPC. */
int kept_move(struct map *map, const char *from, const char *to);

/* The next version of it into @change; without memory the change remembers that. */
void kept_save(const struct kept_kind *kind, const char *name, const void *from, uint64_t *version,
               uint64_t now_ms, struct store_change *change);
