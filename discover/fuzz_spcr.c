/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "discover/spcr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct doc *console = doc_object();
        struct doc *fitting = NULL;

        if (!spcr_parse(data, size, console) && doc_count(console) > 0)
                abort();
        fitting = fields_fit(console, spcr_fields, NULL);
        if (doc_count(fitting) != doc_count(console))
                abort();
        doc_free(fitting);
        doc_free(console);
        return 0;
}
