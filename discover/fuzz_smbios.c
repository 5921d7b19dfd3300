/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct reader table = reader_over(data, size);
        struct smbios_structure s;
        uint64_t bytes;
        char text[64];

        while (smbios_next(&table, &s) > 0) {
                for (size_t offset = 4; offset < 8; offset++)
                        (void)smbios_string(&s, offset, text, sizeof(text));
                (void)smbios_memory_size(&s, &bytes);
        }
        return 0;
}
