/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two inventories with a NUL byte between them; a file given to --diff is anybody's. */
#include <stdlib.h>
#include <string.h>

#include "lib/node/inventory_diff.h"
#include "lib/node/inventory_form.h"
#include "lib/node/siblings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *middle = size > 0 ? memchr(data, 0, size) : NULL;
        _doc_ struct doc *before = NULL, *after = NULL, *changes = NULL, *none = NULL;
        _doc_ struct doc *drift = NULL, *lasting = NULL, *facts = NULL;
        size_t first;

        if (!middle)
                return 0;
        first = (size_t)(middle - data);
        if (doc_parse((const char *)data, first, &doc_limits_message, NULL, &before) < 0 ||
            doc_parse((const char *)middle + 1, size - first - 1, &doc_limits_message, NULL,
                      &after) < 0)
                return 0;
        changes = inventory_diff(before, after);
        none = inventory_diff(before, before);
        drift = inventory_drift(before, after);
        lasting = inventory_lasting(after);
        facts = inventory_facts(after);
        /* A machine does not differ from itself; what is drift is told, too. */
        if (!changes || !none || doc_count(none) > 0 || !lasting || !facts ||
            doc_count(drift) > doc_count(changes))
                __builtin_trap();
        return 0;
}
