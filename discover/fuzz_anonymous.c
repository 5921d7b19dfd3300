/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table is masked in its place: nothing beside it is written, and it stays as long as it is. */
#include <stdlib.h>
#include <string.h>

#include "discover/anonymous.h"
#include "discover/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t key[SIPHASH_KEY_SIZE];
        struct mask *mask = mask_new(key);
        uint8_t *copy = malloc(size ? size : 1);
        struct reader table;
        struct smbios_structure s;
        size_t before = 0, after = 0;

        if (!mask || !copy)
                abort();
        if (size > 0)
                memcpy(copy, data, size);
        for (table = smbios_table(copy, size); smbios_next(&table, &s) > 0;)
                before++;
        (void)anonymous_smbios(mask, copy, size);
        mask_apply(mask, copy, size);
        for (table = smbios_table(copy, size); smbios_next(&table, &s) > 0;)
                after++;
        if (before != after && size < 24) /* longer ones may have had a UUID as their first bytes */
                abort();
        anonymous_pci_config(copy, size);
        if (size > 0)
                memcpy(copy, data, size);
        anonymous_pci_vpd(copy, size);
        free(copy);
        mask_free(mask);
        return 0;
}
