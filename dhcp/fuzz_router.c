/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dhcp/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct dhcp_router_solicitation solicitation;

        (void)dhcp_router_solicitation_parse(reader_over(data, size), 255, true, &solicitation);
        return 0;
}
