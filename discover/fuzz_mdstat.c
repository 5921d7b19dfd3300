/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "discover/mdstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        struct mdstat_array *array = malloc(sizeof(*array));
        const char *at = text;

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        while (array && mdstat_next(&at, array))
                if (array->count > MDSTAT_MEMBERS_MAX || array->permille > 1009 ||
                    !memchr(array->name, 0, sizeof(array->name)))
                        __builtin_trap();
        free(array);
        free(text);
        return 0;
}
