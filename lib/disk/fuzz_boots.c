/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first byte chooses the sector size; the rest is the disk's beginning, and a partition's. */
#include <stdlib.h>

#include "lib/disk/boots.h"
#include "lib/disk/gpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct disk_boots boots;

        if (size == 0)
                return 0;
        disk_boots_parse(reader_over(data + 1, size - 1), data[0] % 2 ? 4096 : 512, &boots);
        if (boots.esp > GPT_MAX_PARTITIONS || (boots.has_bios && size < 1 + DISK_BOOTS_SECTOR))
                abort();
        if (disk_boots_is_volume(reader_over(data + 1, size - 1)) && size < 1 + DISK_BOOTS_SECTOR)
                abort();
        return 0;
}
