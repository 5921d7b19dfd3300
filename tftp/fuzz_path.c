/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tftp/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No way out of the root: each part of what comes out is a name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char path[TFTP_PATH_SIZE];
        char *rest = path;
        const char *part;

        if (tftp_path_parse(data, size, path) < 0)
                return 0;
        if (path[0] == '\0' || strchr(path, '\\'))
                abort();
        while ((part = strsep(&rest, "/")))
                if (part[0] == '\0' || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
                        abort();
        return 0;
}
