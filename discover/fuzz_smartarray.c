/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "discover/smartarray.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static bool (*const parsers[])(const void *, size_t, struct doc *) = {
                smartarray_controller_parse, smartarray_subsystem_parse, smartarray_volume_parse,
                smartarray_status_parse,     smartarray_drive_parse,
        };
        static struct smartarray_lun luns[SMARTARRAY_MAX];
        struct doc *volume = doc_object();
        const int count = smartarray_drives_parse(data, size, luns);

        if (count > SMARTARRAY_MAX)
                abort();
        (void)smartarray_map_parse(data, size, luns, count > 0 ? (size_t)count : 0, volume);
        doc_free(volume);
        if (smartarray_volumes_parse(data, size, luns) > SMARTARRAY_MAX)
                abort();
        for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
                struct doc *to = doc_object();

                if (!parsers[i](data, size, to) && doc_count(to) > 0)
                        abort();
                doc_free(to);
        }
        return 0;
}
