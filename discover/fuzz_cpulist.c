/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "discover/cpulist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (cpulist_read(text, NULL, NULL) > CPULIST_MAX)
                __builtin_trap();
        if (cpumap_parse(text, NULL, NULL) > CPULIST_MAX)
                __builtin_trap();
        free(text);
        return 0;
}
