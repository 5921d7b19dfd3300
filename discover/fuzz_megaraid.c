/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "discover/megaraid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct doc *volumes = doc_list(), *doc = doc_object();
        uint16_t ids[MEGARAID_DRIVES_MAX];

        (void)megaraid_battery_parse(data, size, doc);
        (void)megaraid_info_parse(data, size, doc);
        (void)megaraid_drive_parse(data, size, doc);
        if (megaraid_drives_parse(data, size, ids) > MEGARAID_DRIVES_MAX)
                abort();
        (void)megaraid_config_parse(data, size, volumes);
        (void)megaraid_list_parse(data, size, volumes);
        if (doc_count(volumes) > MEGARAID_VOLUMES_MAX)
                abort();
        doc_free(volumes);
        doc_free(doc);
        return 0;
}
