/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        struct dhcp_lease lease;

        if (dhcp_lease_record_parse(data, size, &lease) < 0)
                return 0;
        if (dhcp_lease_record_write(&lease, record) != size || memcmp(record, data, size) != 0)
                abort();
        return 0;
}
