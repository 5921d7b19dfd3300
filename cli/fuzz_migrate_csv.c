/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fuzz_migrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return fuzz_migrate(migrate_csv, data, size);
}
