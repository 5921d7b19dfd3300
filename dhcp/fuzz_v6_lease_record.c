/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "dhcp/v6_lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t record[DHCP6_LEASE_RECORD_MAX];
        struct dhcp6_lease lease;

        if (dhcp6_lease_record_parse(data, size, &lease) < 0)
                return 0;
        if (dhcp6_lease_record_write(&lease, record) != size || memcmp(record, data, size) != 0)
                abort();
        return 0;
}
