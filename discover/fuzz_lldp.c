/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/lldp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct doc *said = doc_object();

        if (!lldp_parse(data, size, said) && doc_count(said) > 0)
                __builtin_trap();
        doc_free(said);
        return 0;
}
