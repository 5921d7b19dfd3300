/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON that parses prints; what is printed parses to the same text; YAML of it reads back, too. */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/value.h"

static const struct doc_limits limits = {.size = 65536, .depth = 16, .count = 2000};
static const struct doc_limits grown = {.size = 1 << 20, .depth = 16, .count = 2000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _doc_ struct doc *value = NULL, *again = NULL, *from_yaml = NULL;
        _free_ char *text = NULL, *text_again = NULL, *yaml = NULL, *text_yaml = NULL;
        char error[DOC_ERROR_SIZE];

        if (doc_parse((const char *)data, size, &limits, error, &value) < 0)
                return 0;
        if (doc_print(value, DOC_COMPACT, &text) < 0 ||
            doc_parse(text, strlen(text), &grown, error, &again) < 0 ||
            doc_print(again, DOC_COMPACT, &text_again) < 0 || strcmp(text, text_again) != 0)
                abort();
        if (doc_print(value, DOC_YAML, &yaml) < 0 ||
            doc_parse_yaml(yaml, strlen(yaml), &grown, error, &from_yaml) < 0 ||
            doc_print(from_yaml, DOC_COMPACT, &text_yaml) < 0 || strcmp(text, text_yaml) != 0)
                abort();
        return 0;
}
