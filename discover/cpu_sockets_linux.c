/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sockets for processors, as the firmware lists them (SMBIOS type 4, DSP0134 7.5): also those
 * that are empty, and what the kernel does not see.
 */
#include "discover/cpu_sockets.h"

#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define SMBIOS_PROCESSOR 4
#define CENTRAL          3    /* and no coprocessor */
#define POPULATED        0x40 /* of the status */
#define SEE_SECOND       0xff /* the count is in the field of two bytes */
#define SOCKETS_MAX      64

/* clang-format off */
const struct field cpu_socket_fields[] = {
        {.name = "socket",        .kind = FIELD_TEXT,   .help = "as the board names it"},
        {.name = "populated",     .kind = FIELD_BOOL,   .help = "there is a processor in it"},
        {.name = "vendor",        .kind = FIELD_TEXT,   .help = "as the firmware writes it"},
        {.name = "model",         .kind = FIELD_TEXT,   .help = "name of the processor"},
        {.name = "cores",         .kind = FIELD_NUMBER, .help = "cores that it has"},
        {.name = "cores_enabled", .kind = FIELD_NUMBER, .help = "of these, those that the firmware left on"},
        {.name = "threads",       .kind = FIELD_NUMBER, .help = "threads that it has"},
        {.name = "mhz",           .kind = FIELD_NUMBER, .help = "frequency that it was started with"},
        {.name = "serial",        .kind = FIELD_TEXT, .is_identity = true, .help = "serial number"},
        {.name = "part",          .kind = FIELD_TEXT,   .help = "part number"},
        {.name = NULL},
};

/* Offsets of the texts, and of the counts: one byte, and two since SMBIOS 3.0. */
static const struct {
        const char *name;
        uint8_t offset;
} texts[] = {
        {"vendor", 0x07},
        {"model",  0x10},
        {"serial", 0x20},
        {"part",   0x22},
};

static const struct {
        const char *name;
        uint8_t offset, second;
} counts[] = {
        {"cores",         0x23, 0x2a},
        {"cores_enabled", 0x24, 0x2c},
        {"threads",       0x25, 0x2e},
};
/* clang-format on */

static void take_count(const struct smbios_structure *s, size_t i, struct doc *socket)
{
        uint16_t wide;
        uint8_t count;

        if (!smbios_u8(s, counts[i].offset, &count) || count == 0)
                return;
        if (count != SEE_SECOND)
                (void)doc_set_number(socket, counts[i].name, count);
        else if (smbios_le16(s, counts[i].second, &wide) && wide > 0 && wide < UINT16_MAX)
                (void)doc_set_number(socket, counts[i].name, wide);
}

static struct doc *take_socket(const struct smbios_structure *s)
{
        struct doc *socket = doc_object();
        uint8_t status;
        uint16_t mhz;

        smbios_set_string(socket, "socket", s, 0x04);
        if (!smbios_u8(s, 0x18, &status))
                return socket;
        (void)doc_set_bool(socket, "populated", (status & POPULATED) != 0);
        if (!(status & POPULATED))
                return socket;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                smbios_set_string(socket, texts[i].name, s, texts[i].offset);
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
                take_count(s, i, socket);
        if (smbios_le16(s, 0x16, &mhz) && mhz > 0)
                (void)doc_set_number(socket, "mhz", mhz);
        return socket;
}

void cpu_sockets_take(struct probe_context *context)
{
        struct smbios_structure s;
        struct doc *list = NULL;
        struct reader table;
        uint8_t type;

        if (smbios_read(context->tree, &table) < 0)
                return;
        while (smbios_next(&table, &s) > 0 && doc_count(list) < SOCKETS_MAX) {
                if (s.type != SMBIOS_PROCESSOR || !smbios_u8(&s, 0x05, &type) || type != CENTRAL)
                        continue;
                list = list ? list : doc_list();
                (void)doc_append(list, take_socket(&s));
        }
        (void)doc_set(context->section, "sockets", list);
}
