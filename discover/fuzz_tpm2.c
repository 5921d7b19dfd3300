/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/tpm2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char vendor[5], firmware[32], key[TPM2_KEY_SIZE];

        (void)tpm2_maker_parse(data, size, vendor, firmware);
        (void)tpm2_key_parse(data, size, key);
        return 0;
}
