/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML that parses prints as JSON that parses, to the same text. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/value.h"

static const struct doc_limits limits = {.size = 16384, .depth = 16, .count = 2000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _doc_ struct doc *value = NULL, *again = NULL;
        _free_ char *text = NULL, *text_again = NULL;
        char error[DOC_ERROR_SIZE];

        if (doc_parse_yaml((const char *)data, size, &limits, error, &value) < 0)
                return 0;
        if (doc_print(value, DOC_COMPACT, &text) < 0 ||
            doc_parse(text, strlen(text), &doc_limits_message, error, &again) < 0 ||
            doc_print(again, DOC_COMPACT, &text_again) < 0 || strcmp(text, text_again) != 0)
                abort();
        return 0;
}
