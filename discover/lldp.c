/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Anybody on the cable can say anything: what is too long or cut off ends the message. */
#include "discover/lldp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "discover/field.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define PARTS_MAX              64 /* of one message */
#define SUBTYPE_MAC_OF_CHASSIS 4
#define SUBTYPE_MAC_OF_PORT    3
#define SUBTYPE_IP             5 /* of a chassis: an address */
#define FAMILY_IP4             1
#define FAMILY_IP6             2

enum part { /* 8.4 */
            PART_END = 0,
            PART_CHASSIS = 1,
            PART_PORT = 2,
            PART_TIME = 3,
            PART_PORT_DESCRIPTION = 4,
            PART_NAME = 5,
            PART_DESCRIPTION = 6,
            PART_ADDRESS = 8,
            PART_OTHER = 127,
};

/* Without NUL bytes at its end, and cut where it is too long. */
static void set_text(struct doc *to, const char *name, struct reader value)
{
        char text[LLDP_TEXT_MAX + 1];
        size_t len = reader_left(&value);

        len = len > LLDP_TEXT_MAX ? LLDP_TEXT_MAX : len;
        len = strnlen((const char *)value.at, len);
        if (len > 0 && text_copy_bytes(text, sizeof(text), value.at, len) == 0)
                field_set_text(to, name, text);
}

static void set_mac(struct doc *to, const char *name, struct reader value)
{
        struct mac_address mac;
        char text[MAC_TEXT_SIZE];

        if (reader_left(&value) == sizeof(mac) && reader_copy(&value, &mac, sizeof(mac)) == 0)
                (void)doc_set_text(to, name, mac_text(text, &mac));
}

/* @ip6_name: what an IPv6 address is set as. What is there already stays. */
static void set_ip(struct doc *to, const char *name, const char *ip6_name, struct reader value)
{
        char text[INET6_ADDRSTRLEN];
        struct ip4_address ip;
        uint8_t family, ip6[16];

        if (reader_u8(&value, &family) < 0)
                return;
        if (family == FAMILY_IP4 && !doc_get(to, name) && reader_left(&value) == sizeof(ip.be) &&
            reader_copy(&value, &ip.be, sizeof(ip.be)) == 0)
                (void)doc_set_text(to, name, ip4_text(text, ip));
        else if (family == FAMILY_IP6 && !doc_get(to, ip6_name) &&
                 reader_left(&value) == sizeof(ip6) && reader_copy(&value, ip6, sizeof(ip6)) == 0 &&
                 inet_ntop(AF_INET6, ip6, text, sizeof(text)))
                (void)doc_set_text(to, ip6_name, text);
}

/* An identity: its subtype says what it is. False: it is empty. */
static bool take_id(struct reader value, enum part part, struct doc *to)
{
        const char *name = part == PART_CHASSIS ? "chassis" : "port";
        const uint8_t mac = part == PART_CHASSIS ? SUBTYPE_MAC_OF_CHASSIS : SUBTYPE_MAC_OF_PORT;
        uint8_t subtype;

        if (reader_u8(&value, &subtype) < 0 || reader_left(&value) == 0)
                return false;
        if (subtype == mac)
                set_mac(to, name, value);
        else if (part == PART_CHASSIS && subtype == SUBTYPE_IP)
                set_ip(to, name, name, value);
        else
                set_text(to, name, value);
        return true;
}

/* 8.5.9: the length of the address, its family, the address. There may be several. */
static void take_address(struct reader value, struct doc *to)
{
        struct reader address;
        uint8_t len;

        if (reader_u8(&value, &len) == 0 && reader_take(&value, len, &address) == 0)
                set_ip(to, "address", "ipv6_address", address);
}

/* Annex D (802.1): the VLAN of the port; 802.3 annex 79: the longest frame. */
static void take_other(struct reader value, struct doc *to)
{
        uint32_t kind;
        uint16_t number;

        if (reader_be32(&value, &kind) < 0 || reader_be16(&value, &number) < 0)
                return;
        if (kind == 0x0080c201 && number > 0 && number < 4095)
                (void)doc_set_number(to, "vlan", number);
        else if (kind == 0x00120f04)
                (void)doc_set_number(to, "frame_max", number);
}

static void take_part(uint8_t part, struct reader value, struct doc *to)
{
        switch (part) {
        case PART_PORT_DESCRIPTION:
                set_text(to, "port_description", value);
                break;
        case PART_NAME:
                set_text(to, "system_name", value);
                break;
        case PART_DESCRIPTION:
                set_text(to, "system_description", value);
                break;
        case PART_ADDRESS:
                take_address(value, to);
                break;
        case PART_OTHER:
                take_other(value, to);
                break;
        default:
                break;
        }
}

/* 7 bits of type, 9 of length, the value. */
static bool next_part(struct reader *r, uint8_t *ret_part, struct reader *ret_value)
{
        uint16_t head;

        if (reader_be16(r, &head) < 0 || reader_take(r, head & 0x1ffU, ret_value) < 0)
                return false;
        *ret_part = (uint8_t)(head >> 9);
        return true;
}

bool lldp_parse(const void *bytes, size_t size, struct doc *to)
{
        _doc_ struct doc *said = doc_object();
        struct reader r = reader_over(bytes, size), value;
        struct doc *member;
        const char *name;
        uint16_t seconds;
        uint8_t part;

        if (!next_part(&r, &part, &value) || part != PART_CHASSIS ||
            !take_id(value, PART_CHASSIS, said) || !next_part(&r, &part, &value) ||
            part != PART_PORT || !take_id(value, PART_PORT, said) ||
            !next_part(&r, &part, &value) || part != PART_TIME ||
            reader_be16(&value, &seconds) < 0 || seconds == 0)
                return false;
        for (int i = 0; i < PARTS_MAX && next_part(&r, &part, &value) && part != PART_END; i++)
                take_part(part, value, said);
        for (size_t at = 0; doc_next(said, &at, &name, &member) > 0;)
                (void)doc_set(to, name, doc_copy(member));
        return true;
}
