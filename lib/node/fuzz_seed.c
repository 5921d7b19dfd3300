/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An operator's text as a key and as a file: what is taken is one safe line, or plain text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/node/seed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_line(const uint8_t *data, size_t size)
{
        _free_ char *line = calloc(1, size + 1);

        if (!line)
                return;
        memcpy(line, data, size);
        if (!seed_key_fault(line) && (strpbrk(line, "\r\n") || !strchr(line, ' ')))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct text_file file;
        char error[DOC_ERROR_SIZE] = "";
        struct seed_key key;
        _doc_ struct doc *document = NULL;

        try_line(data, size);
        if (doc_parse_yaml((const char *)data, size, &doc_limits_message, NULL, &document) < 0)
                return 0;
        if (seed_key_decode(document, error, &key) == 0) {
                if (seed_key_fault(key.line) || !seed_name_is_valid(key.name))
                        abort();
        } else if (!error[0]) {
                abort();
        }
        error[0] = '\0';
        if (text_file_decode(document, error, &file) == 0) {
                if (!file.text[0] || !seed_text_is_plain(file.text) ||
                    !seed_name_is_valid(file.name))
                        abort();
        } else if (!error[0]) {
                abort();
        }
        return 0;
}
