/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of a machine, and what its programs print, by the first byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "worker/health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool judge(uint8_t kind, const char *text, struct worker_check *ret)
{
        const char *second = strchr(text, '|');

        switch (kind) {
        case 'm':
                return health_memory(text, ret);
        case 'l':
                return health_load(text, 1, ret);
        case 'c':
                return health_cloud_init(text, ret);
        default:
                return health_systemd(kind == 'd' ? "degraded" : text, second ? second + 1 : text,
                                      ret);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct worker_facts facts = {.check_count = 1};
        _free_ char *text = NULL;

        if (size < 1)
                return 0;
        text = malloc(size);
        if (!text)
                return 0;
        memcpy(text, data + 1, size - 1);
        text[size - 1] = '\0';
        if (judge(data[0], text, &facts.health[0]) && worker_facts_check(&facts, NULL) < 0)
                abort();
        return 0;
}
