/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/serve/range.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX};
        _free_ char *text = strndup((const char *)data, size);

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct range part;

                if (range_parse(text, sizes[i], &part) != RANGE_PART)
                        continue;
                if (part.length == 0 || part.start >= sizes[i] ||
                    part.length > sizes[i] - part.start)
                        abort();
        }
        (void)range_none_match(text, "\"abc\"");
        (void)range_if_range(text, "\"abc\"");
        return 0;
}
