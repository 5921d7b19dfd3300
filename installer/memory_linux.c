/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>

#include "installer/memory.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define MEMINFO_MAX ((size_t)64 << 10)

uint64_t memory_available_in(const char *meminfo)
{
        static const char name[] = "MemAvailable:";
        const char *at = strstr(meminfo, name);
        char digits[24];
        uint64_t kib;

        if (!at)
                return 0;
        at += strlen(name);
        at += strspn(at, " \t");
        if (text_copy_bytes(digits, sizeof(digits), at, strspn(at, "0123456789")) < 0 ||
            text_parse_u64(digits, UINT64_MAX >> 10, &kib) < 0)
                return 0;
        return kib << 10;
}

uint64_t memory_available(void)
{
        _free_ char *text = NULL;

        if (file_read(AT_FDCWD, "/proc/meminfo", MEMINFO_MAX, &text, NULL) < 0)
                return 0;
        return memory_available_in(text);
}
