/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static bool (*const parsers[])(const void *, size_t, struct doc *) = {
                health_nvme,          health_ata_data,  health_ata_statistics,
                health_ata_verdict,   health_scsi_page, nvme_controller_parse,
                nvme_namespace_parse, capacity16_parse, capacity10_parse,
        };

        (void)health_ata_has_logs(data, size);
        for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
                struct doc *to = doc_object();

                if (!parsers[i](data, size, to) && doc_count(to) > 0)
                        __builtin_trap();
                doc_free(to);
        }
        return 0;
}
