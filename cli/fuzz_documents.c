/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts lie behind one another inside the text, and each but for the last ends at a mark. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/documents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data, *end = text;
        struct document_part part = {0};
        size_t at = 0, line = 0;

        while (document_next(text, size, &at, &part) > 0) {
                struct doc *document = NULL;

                if (part.size == 0 || part.text < end || part.line <= line || at > size ||
                    part.size > size - (size_t)(part.text - text))
                        abort();
                end = part.text + part.size;
                line = part.line;
                if (end != text + size && memcmp(end, "---", 3) != 0)
                        abort();
                if (document_parse(&part, NULL, &document) == 0)
                        doc_free(document);
        }
        if (at != size)
                abort();
        return 0;
}
