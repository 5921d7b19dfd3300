/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "lib/bmc/amt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct amt_versions versions;
        const char *state = NULL;

        if (amt_versions_parse(data, size, &versions) == 0 &&
            strlen(versions.amt) + strlen(versions.build) + strlen(versions.sku) >
                    (size_t)3 * (AMT_TEXT_SIZE - 1))
                abort();
        if (amt_state_parse(data, size, &state) == 0 && !state)
                abort();
        return 0;
}
