/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What decodes encodes to the very same text. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ uint8_t *bytes = NULL;
        _free_ char *text = NULL;
        size_t bytes_size;

        if (base64_decode((const char *)data, size, &bytes, &bytes_size) < 0)
                return 0;
        if (base64_encode(bytes, bytes_size, &text) < 0 || strlen(text) != size ||
            memcmp(text, data, size) != 0)
                abort();
        return 0;
}
