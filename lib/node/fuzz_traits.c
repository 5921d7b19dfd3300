/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An inventory as a machine sends it; what is kept of it reads back as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/node/traits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(traits_free) struct traits *traits = NULL, *again = NULL;
        _doc_ struct doc *inventory = NULL, *stored = NULL;

        if (doc_parse((const char *)data, size, &doc_limits_inventory, NULL, &inventory) < 0 ||
            traits_of(inventory, &traits) < 0)
                return 0;
        stored = traits_encode(traits);
        if (stored && traits_decode(stored, &again) == 0 && !traits_is_same(traits, again))
                __builtin_trap();
        return 0;
}
