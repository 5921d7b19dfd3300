/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/kept.h"

#include <stdlib.h>
#include <string.h>

void *kept_find(const struct map *map, const char *name)
{
        const size_t len = strlen(name);

        return len < NODE_NAME_SIZE ? map_find(map, name, len) : NULL;
}

int kept_move(struct map *map, const char *from, const char *to)
{
        void *value = kept_find(map, from);
        const int rc = value ? map_set(map, to, strlen(to), value) : 0;

        if (value && rc == 0)
                map_remove(map, from, strlen(from));
        return rc;
}

void kept_save(const struct kept_kind *kind, const char *name, const void *from, uint64_t *version,
               uint64_t now_ms, struct store_change *change)
{
        struct store_document row = {.kind = kind->name, .name = name, .at_ms = now_ms};
        _doc_ struct doc *object = doc_encode(kind->table, from);
        _free_ char *text = NULL;

        if (doc_print(object, DOC_COMPACT, &text) == 0)
                row.body = text;
        row.version = ++*version;
        store_keep_document(change, &row); /* nobody asks what it said before */
}
