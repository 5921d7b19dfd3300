/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "discover/efi_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct efi_entry entry;

        if (efi_entry_parse(data, size, &entry) &&
            (strlen(entry.name) >= sizeof(entry.name) || strlen(entry.file) >= sizeof(entry.file) ||
             strlen(entry.url) >= sizeof(entry.url)))
                abort();
        return 0;
}
