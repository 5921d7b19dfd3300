/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an edge says of its leases; what was read is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/lease_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
        static struct lease_report first, again;
        _doc_ struct doc *doc = NULL, *back = NULL;

        if (doc_parse((const char *)bytes, size, &doc_limits_message, NULL, &doc) < 0 ||
            lease_report_decode(doc, NULL, &first) < 0)
                return 0;
        back = lease_report_encode(&first);
        if (!back || lease_report_decode(back, NULL, &again) < 0 ||
            again.row_count != first.row_count || again.pool_count != first.pool_count)
                abort();
        return 0;
}
