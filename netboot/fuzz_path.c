/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a path, by both transports: what is found is a safe name or a usable MAC. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netboot/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, enum boot_transport transport)
{
        struct boot_path path = {0};

        if (boot_path_parse(text, transport, &path) < 0)
                return;
        switch (path.kind) {
        case BOOT_PATH_HEALTH:
                if (transport != TRANSPORT_HTTP)
                        abort();
                break;
        case BOOT_PATH_SCRIPT:
                if (!mac_is_usable(&path.mac))
                        abort();
                break;
        case BOOT_PATH_LOADER:
                if (transport != TRANSPORT_TFTP)
                        abort();
                /* fall through */
        case BOOT_PATH_ASSET:
                if (!asset_name_is_safe(path.name) || strchr(path.name, '/') ||
                    path.name[0] == '.' || !strstr(text, path.name))
                        abort();
                break;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        check(text, TRANSPORT_HTTP);
        check(text, TRANSPORT_TFTP);
        free(text);
        return 0;
}
