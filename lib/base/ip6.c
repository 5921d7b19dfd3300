/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/ip6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/base/text.h"

const char *ip6_text(char to[static IP6_TEXT_SIZE], const struct ip6_address *ip)
{
        (void)inet_ntop(AF_INET6, ip->bytes, to, IP6_TEXT_SIZE);
        return to;
}

int ip6_parse(const char *text, struct ip6_address *ret)
{
        struct in6_addr addr;

        if (inet_pton(AF_INET6, text, &addr) != 1)
                return -EINVAL;
        memcpy(ret->bytes, &addr, sizeof(ret->bytes));
        return 0;
}

bool ip6_is_equal(const struct ip6_address *a, const struct ip6_address *b)
{
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip6_is_set(const struct ip6_address *ip)
{
        static const struct ip6_address none;

        return !ip6_is_equal(ip, &none);
}

bool ip6_is_link_local(const struct ip6_address *ip)
{
        return ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool ip6_mac(const struct ip6_address *ip, struct mac_address *ret)
{
        const uint8_t *host = ip->bytes + 8;
        struct mac_address mac = {
                {host[0] ^ 0x02, host[1], host[2], host[5], host[6], host[7]}
        };

        if (host[3] != 0xff || host[4] != 0xfe || !mac_is_usable(&mac))
                return false;
        *ret = mac;
        return true;
}

struct ip6_address ip6_link_local_of(const struct mac_address *mac)
{
        const uint8_t *m = mac->bytes;

        return (struct ip6_address){
                {0xfe, 0x80, [8] = m[0] ^ 0x02, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}
        };
}

/* Bits of byte @i that belong to the network. */
static uint8_t ip6_mask(uint8_t prefix, size_t i)
{
        if (prefix >= 8 * (i + 1))
                return 0xff;
        return prefix <= 8 * i ? 0 : (uint8_t)(0xff << (8 * (i + 1) - prefix));
}

int ip6_network_parse(const char *text, struct ip6_network *ret)
{
        const char *slash = strchr(text, '/');
        struct ip6_network network;
        char address[IP6_TEXT_SIZE];
        uint64_t prefix;

        if (!slash || strlen(slash + 1) > 3)
                return -EINVAL;
        if (text_copy_bytes(address, sizeof(address), text, (size_t)(slash - text)) < 0)
                return -EINVAL;
        if (ip6_parse(address, &network.address) < 0)
                return -EINVAL;
        if (text_parse_u64(slash + 1, 128, &prefix) < 0)
                return -EINVAL;
        network.prefix = (uint8_t)prefix;
        for (size_t i = 0; i < sizeof(network.address.bytes); i++)
                if (network.address.bytes[i] & ~ip6_mask(network.prefix, i))
                        return -EINVAL;

        *ret = network;
        return 0;
}

bool ip6_network_has(const struct ip6_network *network, const struct ip6_address *ip)
{
        for (size_t i = 0; i < sizeof(ip->bytes); i++)
                if ((ip->bytes[i] & ip6_mask(network->prefix, i)) != network->address.bytes[i])
                        return false;
        return true;
}
