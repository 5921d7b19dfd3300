/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "METHOD PATH": whatever is asked for, a match is a row and a name that fits. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        struct route_match match;
        char *path;

        if (!text)
                return 0;
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        path = strchr(text, ' ');
        if (path) {
                *path++ = '\0';
                if (route_find(routes, route_count, text, path, &match) == 0 &&
                    (!match.route || strlen(match.name) >= sizeof(match.name)))
                        abort();
        }
        free(text);
        return 0;
}
