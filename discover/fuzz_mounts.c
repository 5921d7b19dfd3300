/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "discover/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        const char *at = text;
        struct mount_row row;

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        (void)mounts_is_swap(text, "sda1");
        while (mounts_next(&at, &row))
                if (!memchr(row.point, 0, sizeof(row.point)) || !row.type[0])
                        __builtin_trap();
        free(text);
        return 0;
}
