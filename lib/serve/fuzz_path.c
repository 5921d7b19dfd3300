/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/serve/path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every handler relies on: no control byte, and no way out. */
static void check(const char *text)
{
        for (const char *c = text; *c; c++) {
                if ((unsigned char)*c < 0x20 || *c == 0x7f)
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _free_ char *target = strndup((const char *)data, size);
        _free_ char *to = malloc(PATH_SPACE(strlen(target)));
        struct path_target parsed;

        if (path_parse(target, to, &parsed) < 0)
                return 0;
        if (parsed.path[0] != '/' || strstr(parsed.path, "/../"))
                abort();
        check(parsed.path);
        for (size_t i = 0; i < parsed.query_count; i++) {
                check(parsed.query[i].name);
                check(parsed.query[i].value);
        }
        return 0;
}
