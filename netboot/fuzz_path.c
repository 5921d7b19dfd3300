/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a path, by both transports: what is found is a safe name or a usable MAC. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netboot/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *text, const struct boot_path *path, bool is_right)
{
        if (!is_right || !asset_name_is_safe(path->name) || strchr(path->name, '/') ||
            path->name[0] == '.' || !strstr(text, path->name))
                abort();
}

static void check(const char *text, enum boot_transport transport)
{
        struct boot_path path = {0};

        if (boot_path_parse(text, transport, &path) < 0)
                return;
        switch (path.kind) {
        case BOOT_PATH_HEALTH:
        case BOOT_PATH_METRICS:
                if (transport != TRANSPORT_HTTP)
                        abort();
                break;
        case BOOT_PATH_SCRIPT:
                if (!mac_is_usable(&path.mac) ||
                    (transport == TRANSPORT_HTTP && path.language != LANGUAGE_IPXE))
                        abort();
                break;
        case BOOT_PATH_BOOT_IMAGE:
                if (!mac_is_usable(&path.mac) || transport != TRANSPORT_HTTP ||
                    path.language != LANGUAGE_GRUB_IMAGE)
                        abort();
                break;
        case BOOT_PATH_GRUB:
                if (transport != TRANSPORT_TFTP)
                        abort();
                break;
        case BOOT_PATH_LOADER:
                check_name(text, &path, transport == TRANSPORT_TFTP);
                break;
        case BOOT_PATH_IMAGE:
                check_name(text, &path,
                           transport == TRANSPORT_HTTP && image_file_name_is_safe(path.name) &&
                                   strspn(path.name, "0123456789abcdef") == 32);
                break;
        case BOOT_PATH_ASSET:
                check_name(text, &path, true);
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
