/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>

#include "discover/dmar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct dmar_path of = {
                .count = 2, .hops = {{2, 0}, {0, 0}}
        };
        struct dmar_region own[4], any[4];
        const size_t count = dmar_reserved(data, size, &of, own, 4);

        /* What is kept for one is kept for any. */
        if (count > dmar_reserved(data, size, NULL, any, 4))
                __builtin_trap();
        for (size_t i = 0; i < count; i++)
                if (own[i].end < own[i].start)
                        __builtin_trap();
        return 0;
}
