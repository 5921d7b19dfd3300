/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A head that is understood costs what it may cost, and is written as it was read. */
#include <stdlib.h>
#include <string.h>

#include "lib/trust/locked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t again[LOCKED_HEAD_SIZE];
        struct locked_head head;

        if (locked_head_parse(reader_over(data, size), &head) < 0)
                return 0;
        if (head.cost > LOCKED_COST_MAX || head.block != LOCKED_BLOCK ||
            head.parallel > LOCKED_PARALLEL)
                abort();
        locked_head_write(&head, again);
        if (size < sizeof(again) || memcmp(again, data, sizeof(again)) != 0)
                abort();
        return 0;
}
