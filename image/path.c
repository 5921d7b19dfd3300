/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

#include "image/path.h"

bool path_is_plain(const char *path)
{
        for (const char *part = path; part;) {
                const size_t len = strcspn(part, "/");

                if (len == 0 || (len == 1 && part[0] == '.') ||
                    (len == 2 && part[0] == '.' && part[1] == '.'))
                        return false;
                part = part[len] == '/' ? part + len + 1 : NULL;
        }
        return true;
}
