/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "discover/mpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct doc *one = doc_object(), *zero = doc_object(), *disk = doc_object();
        struct mpt_page page;
        uint16_t handle;
        uint8_t number;

        if (!mpt_volume1_parse(data, size, &handle, one) && doc_count(one) > 0)
                abort();
        if (!mpt_volume0_parse(data, size, zero) && doc_count(zero) > 0)
                abort();
        if (!mpt_disk_parse(data, size, &number, disk) && doc_count(disk) > 0)
                abort();
        (void)mpt_reply_parse(data, size, &page);
        doc_free(one);
        doc_free(zero);
        doc_free(disk);
        return 0;
}
