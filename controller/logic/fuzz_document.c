/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node's document: what was read can be written, and reads the same again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        struct store_document row = {.kind = "node", .name = "one", .version = 1, .body = text};
        struct node *first = NULL, *second = NULL;

        if (!text)
                return 0;
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        if (node_decode(&row, &first) == 0) {
                row.body = node_text(first);
                /* Numbers above what JSON holds are not written. */
                if (row.body &&
                    (node_decode(&row, &second) < 0 || strcmp(node_text(second), row.body) != 0))
                        abort();
        }
        node_free(first);
        node_free(second);
        free(text);
        return 0;
}
