/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "discover/vpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char text[VPD_TEXT_SIZE];
        struct vpd_ata ata;
        uint16_t rate;

        if (vpd_serial(data, size, text) && (!text[0] || !memchr(text, 0, sizeof(text))))
                __builtin_trap();
        if (vpd_rotation(data, size, &rate) && rate != 0 && rate <= 0x400)
                __builtin_trap();
        if (vpd_ata_identity(data, size, &ata) &&
            (strnlen(ata.model, sizeof(ata.model)) == sizeof(ata.model) || !ata.firmware[0]))
                __builtin_trap();
        return 0;
}
