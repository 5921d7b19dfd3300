/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever name is understood leads to no place but ours, and is written as it was read. */
#include <stdlib.h>
#include <string.h>

#include "controller/backup/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t again[2 + BACKUP_HEAD_MAX];
        struct backup_entry entry;

        if (size < 8 || backup_entry_parse(reader_over(data, size), size - 8, &entry) < 0)
                return 0;
        if (entry.name[0] == '/' || entry.name[0] == '.' || strstr(entry.name, "/.") ||
            strstr(entry.name, "//"))
                abort();
        if (backup_entry_write(&entry, again) != (ssize_t)size + 2 ||
            memcmp(again + 2, data, size) != 0)
                abort();
        return 0;
}
