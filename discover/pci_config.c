/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of capabilities are linked by the card: they may point anywhere, and in circles. */
#include "discover/pci_config.h"

#include <string.h>

#include "lib/base/reader.h"
#include "lib/base/text.h"

#define HEADER_SIZE        64
#define STATUS             0x06
#define STATUS_CAPS        0x10
#define CAPS_AT            0x34
#define HEADER_CARDBUS     2 /* PC Card 8.0 volume 4, 4.5.2 */
#define CARDBUS_CAPS_AT    0x14
#define CAPS_MAX           48   /* in 192 bytes, at 4 bytes each */
#define CAP_SUBSYSTEM      0x0d /* of bridges; PCI-to-PCI Bridge 1.2 3.2.5.13 */
#define CAP_EXPRESS        0x10
#define EXTENDED_AT        0x100
#define EXTENDED_MAX       ((PCI_CONFIG_EXTENDED - EXTENDED_AT) / 8)
#define EXTENDED_ACS       0x000d
#define EXTENDED_SRIOV     0x0010
#define EXTENDED_RESIZABLE 0x0015

struct space {
        const void *bytes;
        size_t size;
};

/* 0 past the end, as an unimplemented register reads. */
static uint32_t read32(const struct space *s, size_t at)
{
        struct reader r = reader_over(s->bytes, s->size);
        uint32_t value;

        return reader_skip(&r, at) == 0 && reader_le32(&r, &value) == 0 ? value : 0;
}

static uint16_t read16(const struct space *s, size_t at)
{
        return (uint16_t)(read32(s, at & ~(size_t)3) >> (at & 2) * 8);
}

static void take_express(const struct space *s, size_t at, struct pci_config *c)
{
        const uint32_t link = read32(s, at + 0x0c);
        const uint16_t status = read16(s, at + 0x12);

        c->is_express = true;
        c->has_function_reset = (read32(s, at + 0x04) & 1U << 28) != 0;
        c->max_speed = link & 0xf;
        c->max_width = (uint8_t)(link >> 4 & 0x3f);
        c->link_speed = status & 0xf;
        c->link_width = (uint8_t)(status >> 4 & 0x3f);
}

static void take_subsystem(const struct space *s, size_t at, struct pci_config *c)
{
        c->subsystem_vendor = read16(s, at);
        c->subsystem_device = read16(s, at + 2);
}

static void take_capabilities(const struct space *s, size_t at, struct pci_config *c)
{
        at = read32(s, at) & 0xfc;

        if (!(read16(s, STATUS) & STATUS_CAPS))
                return;
        for (int i = 0; i < CAPS_MAX && at >= HEADER_SIZE; i++) {
                const uint32_t head = read32(s, at);

                if ((head & 0xff) == CAP_EXPRESS && !c->is_express)
                        take_express(s, at, c);
                else if ((head & 0xff) == CAP_SUBSYSTEM && c->is_bridge)
                        take_subsystem(s, at + 4, c);
                at = head >> 8 & 0xfc;
        }
}

/* PCI Express Base 5.0 7.8.6: for each BAR a register of sizes from 1 MiB on, and its number. */
static void take_resizable(const struct space *s, size_t at, struct pci_config *c)
{
        const unsigned count = read32(s, at + 8) >> 5 & 7;

        for (unsigned i = 0; i < count && i < PCI_BARS; i++) {
                const uint32_t sizes = read32(s, at + 4 + (size_t)i * 8) >> 4;
                const unsigned bar = read32(s, at + 8 + (size_t)i * 8) & 7;

                for (unsigned bit = 0; bit < 28 && bar < PCI_BARS; bit++)
                        if (sizes & 1U << bit)
                                c->resizable_to[bar] = (uint64_t)1 << (20 + bit);
        }
}

static void take_extended(const struct space *s, struct pci_config *c)
{
        size_t at = EXTENDED_AT;

        for (size_t i = 0; i < EXTENDED_MAX && at >= EXTENDED_AT; i++) {
                const uint32_t head = read32(s, at);

                if (head == 0 || head == UINT32_MAX)
                        return;
                switch (head & 0xffff) {
                case EXTENDED_ACS:
                        c->has_acs = true;
                        break;
                case EXTENDED_SRIOV:
                        c->virtual_functions = read16(s, at + 0x0e);
                        break;
                case EXTENDED_RESIZABLE:
                        take_resizable(s, at, c);
                        break;
                default:
                        break;
                }
                at = head >> 20 & 0xffc;
        }
}

bool pci_config_parse(const void *bytes, size_t size, struct pci_config *ret)
{
        const struct space s = {.bytes = bytes, .size = size};
        struct pci_config c = {0};
        uint8_t type;

        if (size < HEADER_SIZE || read32(&s, 0) == UINT32_MAX)
                return false;
        c.vendor = read16(&s, 0);
        c.device = read16(&s, 2);
        c.revision = (uint8_t)read32(&s, 8);
        c.class_code = read32(&s, 8) >> 8;
        type = read32(&s, 0x0c) >> 16 & 0x7f;
        c.is_bridge = type != 0;
        if (type == 0)
                take_subsystem(&s, 0x2c, &c);
        else if (type == HEADER_CARDBUS)
                take_subsystem(&s, 0x40, &c);
        take_capabilities(&s, type == HEADER_CARDBUS ? CARDBUS_CAPS_AT : CAPS_AT, &c);
        if (size > EXTENDED_AT)
                take_extended(&s, &c);
        *ret = c;
        return true;
}

const char *pci_speed_text(uint8_t generation)
{
        static const char *const speeds[] = {NULL,        "2.5 GT/s",  "5.0 GT/s", "8.0 GT/s",
                                             "16.0 GT/s", "32.0 GT/s", "64.0 GT/s"};

        return generation < sizeof(speeds) / sizeof(speeds[0]) ? speeds[generation] : NULL;
}

/* @prefix, and behind it exactly @digits hexadecimal digits, at most 8. */
static bool take_hex(const char **at, const char *prefix, size_t digits, uint32_t *ret)
{
        char padded[9] = "00000000";
        uint8_t bytes[4];

        if (!text_has_prefix(*at, prefix))
                return false;
        *at += strlen(prefix);
        if (strspn(*at, "0123456789abcdefABCDEF") < digits)
                return false;
        memcpy(padded + 8 - digits, *at, digits);
        if (text_unhex(padded, bytes, sizeof(bytes)) < 0)
                return false;
        *at += digits;
        *ret = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
               bytes[3];
        return true;
}

bool pci_modalias_parse(const char *text, struct pci_config *ret)
{
        uint32_t vendor, device, subvendor, subdevice, base, sub, interface;

        if (!take_hex(&text, "pci:v", 8, &vendor) || !take_hex(&text, "d", 8, &device) ||
            !take_hex(&text, "sv", 8, &subvendor) || !take_hex(&text, "sd", 8, &subdevice) ||
            !take_hex(&text, "bc", 2, &base) || !take_hex(&text, "sc", 2, &sub) ||
            !take_hex(&text, "i", 2, &interface) || *text)
                return false;
        *ret = (struct pci_config){
                .vendor = (uint16_t)vendor,
                .device = (uint16_t)device,
                .subsystem_vendor = (uint16_t)subvendor,
                .subsystem_device = (uint16_t)subdevice,
                .class_code = base << 16 | sub << 8 | interface,
        };
        return true;
}
