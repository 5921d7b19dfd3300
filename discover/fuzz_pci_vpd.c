/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>

#include "discover/pci_vpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct pci_vpd vpd;

        (void)pci_vpd_parse(data, size, &vpd);
        return 0;
}
