/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/spcr.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/reader.h"
#include "lib/base/text.h"

#define HEADER_SIZE  36 /* of every ACPI table */
#define TABLE_SIZE   80 /* of revision 2, which later ones add to */
#define SPACE_MEMORY 0
#define SPACE_PORTS  1
#define NO_PCI       0xffff

/* clang-format off */
const struct field spcr_fields[] = {
        {.name = "enabled",  .kind = FIELD_BOOL,   .help = "the firmware shows itself on a serial port"},
        {.name = "type",     .kind = FIELD_TEXT,   .help = "16550, pl011, sbsa, ...; else its number in DBG2"},
        {.name = "space",    .kind = FIELD_TEXT,   .help = "what the address is in: ports, memory"},
        {.name = "address",  .kind = FIELD_TEXT,   .help = "of the port"},
        {.name = "device",   .kind = FIELD_TEXT,   .help = "as the kernel has it: ttyS1; absent where that is not certain"},
        {.name = "baud",     .kind = FIELD_NUMBER, .help = "bits a second; absent: as the firmware left the port"},
        {.name = "flow_control", .kind = FIELD_BOOL, .help = "by hardware (RTS, CTS)"},
        {.name = "terminal", .kind = FIELD_TEXT,   .help = "vt100, vt100-extended, vt-utf8, ansi"},
        {.name = "pci",      .kind = FIELD_TEXT,   .help = "function that has the port; absent: none"},
        {.name = NULL},
};
/* clang-format on */

/* Of the table, in its order. */
struct table {
        uint32_t length;
        uint8_t revision, type, space, baud, flow, terminal;
        uint64_t address;
        uint16_t pci_device, pci_vendor;
        uint8_t bus, slot, function, segment;
        uint32_t precise_baud;
};

static bool has_right_sum(const uint8_t *bytes, size_t size)
{
        uint8_t sum = 0;

        for (size_t i = 0; i < size; i++)
                sum = (uint8_t)(sum + bytes[i]);
        return sum == 0;
}

/* Reserved bytes, and those that this file does not tell, are skipped. */
static bool read_table(const void *bytes, size_t size, struct table *ret)
{
        struct reader r = reader_over(bytes, size), signature;
        struct table t = {0};

        if (reader_take(&r, 4, &signature) < 0 || memcmp(signature.at, "SPCR", 4) != 0 ||
            reader_le32(&r, &t.length) < 0 || t.length < TABLE_SIZE || t.length > size ||
            !has_right_sum(bytes, t.length) || reader_u8(&r, &t.revision) < 0 ||
            reader_skip(&r, HEADER_SIZE - 9) < 0)
                return false;
        if (reader_u8(&r, &t.type) < 0 || reader_skip(&r, 3) < 0 || reader_u8(&r, &t.space) < 0 ||
            reader_skip(&r, 3) < 0 || reader_le64(&r, &t.address) < 0 || reader_skip(&r, 6) < 0 ||
            reader_u8(&r, &t.baud) < 0 || reader_skip(&r, 2) < 0 || reader_u8(&r, &t.flow) < 0 ||
            reader_u8(&r, &t.terminal) < 0 || reader_skip(&r, 1) < 0)
                return false;
        if (reader_le16(&r, &t.pci_device) < 0 || reader_le16(&r, &t.pci_vendor) < 0 ||
            reader_u8(&r, &t.bus) < 0 || reader_u8(&r, &t.slot) < 0 ||
            reader_u8(&r, &t.function) < 0 || reader_skip(&r, 4) < 0 ||
            reader_u8(&r, &t.segment) < 0 || reader_skip(&r, 4) < 0)
                return false;
        if (t.revision >= 4 && t.length >= TABLE_SIZE + 4)
                (void)reader_le32(&r, &t.precise_baud);
        *ret = t;
        return true;
}

/* Microsoft's DBG2, serial subtypes. */
static void set_type(struct doc *to, uint8_t type)
{
        static const struct {
                uint8_t type;
                const char *name;
        } types[] = {
                {0x00, "16550"  },
                {0x01, "16550"  }, /* a subset of it */
                {0x03, "pl011"  },
                {0x0d, "sbsa"   },
                {0x0e, "sbsa"   },
                {0x0f, "dcc"    },
                {0x10, "bcm2835"},
                {0x12, "16550"  },
        };
        char text[8];

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].type == type) {
                        (void)doc_set_text(to, "type", types[i].name);
                        return;
                }
        snprintf(text, sizeof(text), "0x%02x", type);
        (void)doc_set_text(to, "type", text);
}

static void set_baud(struct doc *to, const struct table *t)
{
        static const uint32_t rates[] = {[3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200};

        if (t->precise_baud > 0)
                (void)doc_set_number(to, "baud", t->precise_baud);
        else if (t->baud < ARRAY_SIZE(rates) && rates[t->baud] > 0)
                (void)doc_set_number(to, "baud", rates[t->baud]);
}

/* The four ports that PCs have had since ever have fixed names. */
static void set_place(struct doc *to, const struct table *t)
{
        static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
        char text[32];

        if (t->space == SPACE_PORTS || t->space == SPACE_MEMORY)
                (void)doc_set_text(to, "space", t->space == SPACE_PORTS ? "ports" : "memory");
        snprintf(text, sizeof(text), "0x%llx", (unsigned long long)t->address);
        (void)doc_set_text(to, "address", text);
        for (size_t i = 0; i < ARRAY_SIZE(ports) && t->space == SPACE_PORTS; i++)
                if (ports[i] == t->address) {
                        snprintf(text, sizeof(text), "ttyS%zu", i);
                        (void)doc_set_text(to, "device", text);
                }
        if (t->pci_vendor == NO_PCI || t->pci_device == NO_PCI || t->pci_vendor == 0)
                return;
        snprintf(text, sizeof(text), "%04x:%02x:%02x.%u", t->segment, t->bus, t->slot & 0x1fU,
                 t->function & 7U);
        (void)doc_set_text(to, "pci", text);
}

bool spcr_parse(const void *bytes, size_t size, struct doc *console)
{
        static const char *const terminals[] = {"vt100", "vt100-extended", "vt-utf8", "ansi"};
        struct table t;

        if (!read_table(bytes, size, &t))
                return false;
        (void)doc_set_bool(console, "enabled", t.address != 0);
        if (t.address == 0)
                return true;
        set_type(console, t.type);
        set_place(console, &t);
        set_baud(console, &t);
        (void)doc_set_bool(console, "flow_control", (t.flow & 2) != 0);
        if (t.terminal < ARRAY_SIZE(terminals))
                (void)doc_set_text(console, "terminal", terminals[t.terminal]);
        return true;
}
