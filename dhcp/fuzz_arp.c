/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "dhcp/arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct mac_address mac;
        struct ip4_address address;

        if (dhcp_arp_reply_parse(reader_over(data, size), &mac, &address) == 0 &&
            (!mac_is_usable(&mac) || !ip4_is_set(address)))
                abort();
        return 0;
}
