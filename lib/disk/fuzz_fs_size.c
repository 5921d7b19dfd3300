/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "lib/disk/fs_size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const kinds[] = {"ext4", "xfs", "btrfs", "vfat", "ntfs", "zfs_member"};
        uint64_t bytes;

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (fs_size_parse(kinds[i], data, size, &bytes) && (bytes == 0 || i == 5))
                        abort();
        return 0;
}
