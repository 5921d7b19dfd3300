/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dhcp/arp.h"

#include <errno.h>
#include <string.h>

#include "lib/base/writer.h"

enum {
        ETHERTYPE_IPV4 = 0x0800,
        ETHERTYPE_OF_ARP = 0x0806,
        HARDWARE_ETHERNET = 1,
        ARP_REQUEST = 1,
};

void dhcp_arp_probe(const struct mac_address *from, struct ip4_address address,
                    uint8_t to[static DHCP_ARP_SIZE])
{
        static const struct mac_address all = {
                {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
        };
        struct writer w = writer_over(to, DHCP_ARP_SIZE);

        writer_bytes(&w, all.bytes, sizeof(all.bytes));
        writer_bytes(&w, from->bytes, sizeof(from->bytes));
        writer_be16(&w, ETHERTYPE_OF_ARP);

        writer_be16(&w, HARDWARE_ETHERNET);
        writer_be16(&w, ETHERTYPE_IPV4);
        writer_u8(&w, sizeof(from->bytes));
        writer_u8(&w, sizeof(address.be));
        writer_be16(&w, ARP_REQUEST);
        writer_bytes(&w, from->bytes, sizeof(from->bytes));
        writer_zero(&w, sizeof(address.be));
        writer_zero(&w, sizeof(from->bytes));
        writer_bytes(&w, &address.be, sizeof(address.be));
}

int dhcp_arp_reply_parse(struct reader frame, struct mac_address *ret_mac,
                         struct ip4_address *ret_address)
{
        /* Ethertype, hardware, protocol, the sizes of both addresses, operation. */
        static const uint8_t answer[] = {0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 2};
        struct mac_address mac;
        struct ip4_address address;
        struct reader kind;

        if (reader_skip(&frame, 2 * sizeof(mac.bytes)) < 0 ||
            reader_take(&frame, sizeof(answer), &kind) < 0 ||
            reader_copy(&frame, mac.bytes, sizeof(mac.bytes)) < 0 ||
            reader_copy(&frame, &address.be, sizeof(address.be)) < 0)
                return -EBADMSG;
        if (memcmp(kind.at, answer, sizeof(answer)) != 0)
                return -ENOMSG;
        if (!mac_is_usable(&mac) || !ip4_is_set(address))
                return -EBADMSG;
        *ret_mac = mac;
        *ret_address = address;
        return 0;
}
