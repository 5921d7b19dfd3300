/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

const char *mac_text(char to[static MAC_TEXT_SIZE], const struct mac_address *mac)
{
        const uint8_t *b = mac->bytes;

        snprintf(to, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                 b[5]);
        return to;
}

int mac_parse(const char *text, struct mac_address *ret)
{
        char digits[2 * sizeof(ret->bytes) + 1];

        if (strnlen(text, MAC_TEXT_SIZE) != MAC_TEXT_SIZE - 1)
                return -EINVAL;
        if (text[2] != ':' && text[2] != '-')
                return -EINVAL;
        for (size_t i = 0; i < sizeof(ret->bytes); i++) {
                if (i > 0 && text[3 * i - 1] != text[2])
                        return -EINVAL;
                digits[2 * i] = text[3 * i];
                digits[2 * i + 1] = text[3 * i + 1];
        }
        digits[sizeof(digits) - 1] = '\0';
        return text_unhex(digits, ret->bytes, sizeof(ret->bytes));
}

bool mac_is_usable(const struct mac_address *mac)
{
        static const struct mac_address none;

        /* IEEE 802 8.2: the lowest bit of the first byte marks a group. */
        return (mac->bytes[0] & 0x01) == 0 && !mac_is_equal(mac, &none);
}

bool mac_is_equal(const struct mac_address *a, const struct mac_address *b)
{
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const char *ip4_text(char to[static IP4_TEXT_SIZE], struct ip4_address ip)
{
        struct in_addr addr = {.s_addr = ip.be};

        inet_ntop(AF_INET, &addr, to, IP4_TEXT_SIZE);
        return to;
}

int ip4_parse(const char *text, struct ip4_address *ret)
{
        struct in_addr addr;

        /* inet_pton() takes the dotted quad alone, without the octal and short forms of old. */
        if (inet_pton(AF_INET, text, &addr) != 1)
                return -EINVAL;
        ret->be = addr.s_addr;
        return 0;
}

int ip4_network_parse(const char *text, struct ip4_network *ret)
{
        const char *slash = strchr(text, '/');
        struct ip4_network network;
        char address[IP4_TEXT_SIZE];
        uint64_t prefix;

        if (!slash || strlen(slash + 1) > 2)
                return -EINVAL;
        if (text_copy_bytes(address, sizeof(address), text, (size_t)(slash - text)) < 0)
                return -EINVAL;
        if (ip4_parse(address, &network.address) < 0)
                return -EINVAL;
        if (text_parse_u64(slash + 1, 32, &prefix) < 0)
                return -EINVAL;
        network.prefix = (uint8_t)prefix;
        if (network.address.be & ~ip4_network_mask(&network).be)
                return -EINVAL;

        *ret = network;
        return 0;
}

struct ip4_address ip4_network_mask(const struct ip4_network *network)
{
        /* A shift by 32 is undefined, so the mask of /0 is made in 64 bits. */
        uint64_t mask = UINT64_C(0xffffffff) << (32 - network->prefix);

        return (struct ip4_address){.be = htonl((uint32_t)mask)};
}

struct ip4_address ip4_network_broadcast(const struct ip4_network *network)
{
        uint32_t mask = ip4_network_mask(network).be;

        return (struct ip4_address){.be = network->address.be | ~mask};
}

bool ip4_network_has(const struct ip4_network *network, struct ip4_address ip)
{
        return (ip.be & ip4_network_mask(network).be) == network->address.be;
}

const char *uuid_text(char to[static UUID_TEXT_SIZE], const struct uuid *uuid)
{
        char digits[2 * sizeof(uuid->bytes) + 1];

        text_hex(digits, uuid->bytes, sizeof(uuid->bytes));
        snprintf(to, UUID_TEXT_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
                 digits + 16, digits + 20);
        return to;
}

int uuid_parse(const char *text, struct uuid *ret)
{
        static const uint8_t groups[] = {8, 4, 4, 4, 12};
        char digits[2 * sizeof(ret->bytes) + 1];
        size_t at = 0, from = 0;

        if (strnlen(text, UUID_TEXT_SIZE) != UUID_TEXT_SIZE - 1)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(groups); i++) {
                if (i > 0 && text[from++] != '-')
                        return -EINVAL;
                memcpy(digits + at, text + from, groups[i]);
                at += groups[i];
                from += groups[i];
        }
        digits[at] = '\0';
        return text_unhex(digits, ret->bytes, sizeof(ret->bytes));
}

struct uuid uuid_from_smbios(const uint8_t bytes[static 16])
{
        /* Where each byte of the text form lies in the SMBIOS one. */
        static const uint8_t from[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
        struct uuid uuid;

        for (size_t i = 0; i < sizeof(uuid.bytes); i++)
                uuid.bytes[i] = bytes[from[i]];
        return uuid;
}

bool uuid_is_set(const struct uuid *uuid)
{
        static const struct uuid none;

        return memcmp(uuid, &none, sizeof(none)) != 0;
}

/* What firmware says when nobody gave the board a number, in the order of the text. */
static const char *const nobodys_uuids[] = {
        "00000000-0000-0000-0000-000000000000", /* SMBIOS 7.2.1: not set, may be set */
        "ffffffff-ffff-ffff-ffff-ffffffffffff", /* SMBIOS 7.2.1: not present */
        "03000200-0400-0500-0006-000700080009", /* AMI reference firmware, unedited */
        "00020003-0004-0005-0006-000700080009", /* the same, by firmware that swaps */
        "12345678-1234-5678-90ab-cddeefaabbcc", /* reference boards */
        "01234567-8910-1112-1314-151617181920",
        "fefefefe-fefe-fefe-fefe-fefefefefefe", /* erased flash */
        "4c4c4544-0000-2010-8020-80c04f202020", /* Dell, with a blank service tag */
};

bool uuid_identifies(const struct uuid *uuid)
{
        char text[UUID_TEXT_SIZE];

        uuid_text(text, uuid);
        for (size_t i = 0; i < ARRAY_SIZE(nobodys_uuids); i++)
                if (strcmp(text, nobodys_uuids[i]) == 0)
                        return false;
        return true;
}
