/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "discover/pci_config.h"
#include "discover/pci_resources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct pci_config config;
        struct pci_resource resource;
        char *text = malloc(size + 1);
        const char *at = text;

        if (pci_config_parse(data, size, &config) && (size < 64 || config.class_code > 0xffffff))
                __builtin_trap();
        (void)pci_speed_text((uint8_t)size);
        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (pci_modalias_parse(text, &config) && config.class_code > 0xffffff)
                __builtin_trap();
        while (pci_resource_next(&at, &resource))
                if (resource.size > INT64_MAX)
                        __builtin_trap();
        free(text);
        return 0;
}
