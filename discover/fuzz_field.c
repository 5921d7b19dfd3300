/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever a probe fills in, what leaves is as the schema has it. */
#include "discover/test_validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _doc_ struct doc *document = NULL, *refused = doc_list();

        if (doc_parse((const char *)data, size, &doc_limits_message, NULL, &document) < 0)
                return 0;
        for (size_t i = 0; i < probe_count; i++) {
                const struct doc *section = doc_get(document, probes[i].name);
                _doc_ struct doc *fitting = NULL, *schema = NULL;

                if (!doc_is_object(section))
                        continue;
                fitting = fields_fit(section, probes[i].fields, refused);
                schema = fields_schema(probes[i].fields);
                if (!validate(fitting, schema, "fitting"))
                        __builtin_trap();
        }
        return 0;
}
