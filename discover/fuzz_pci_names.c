/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>

#include "discover/pci_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was found stands in the list, and a list of it alone gives the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct pci_name names[] = {
                {.kind = PCI_NAME_VENDOR,    .id = pci_name_id(0x8086, 0,      0,      0)},
                {.kind = PCI_NAME_DEVICE,    .id = pci_name_id(0x8086, 0x1572, 0,      0)},
                {.kind = PCI_NAME_SUBSYSTEM, .id = pci_name_id(0x8086, 0x1572, 0x1028, 1)},
                {.kind = PCI_NAME_CLASS,     .id = pci_name_id(2,      0,      0,      0)},
                {.kind = PCI_NAME_SUBCLASS,  .id = pci_name_id(2,      0,      0,      0)},
        };
        struct pci_name again[sizeof(names) / sizeof(names[0])];
        const size_t count = pci_names_sort(names, sizeof(names) / sizeof(names[0]));
        size_t small;
        char *text;

        pci_names_find(data, size, names, count);
        text = pci_names_write(names, count, &small);
        if (!text)
                return 0;
        for (size_t i = 0; i < count; i++) {
                again[i] = names[i];
                again[i].text = NULL;
        }
        pci_names_find(text, small, again, count);
        for (size_t i = 0; i < count; i++) {
                const char *was = names[i].text, *is = again[i].text;

                if (was && ((const uint8_t *)was < data || names[i].len == 0 ||
                            names[i].len > size - (size_t)((const uint8_t *)was - data)))
                        __builtin_trap();
                if (!was != !is || (was && names[i].len != again[i].len))
                        __builtin_trap();
        }
        free(text);
        return 0;
}
