/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memory: what the kernel uses, and what sits in the slots (SMBIOS 17). */
#include <string.h>

#include "discover/probe.h"
#include "discover/smbios.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define MEMINFO_MAX ((size_t)64 << 10)

/* DSP0134 7.18.2 */
static const char *const memory_types[] = {
        [0x0f] = "SDRAM",  [0x12] = "DDR",    [0x13] = "DDR2",  [0x14] = "DDR2 FB-DIMM",
        [0x18] = "DDR3",   [0x1a] = "DDR4",   [0x1b] = "LPDDR", [0x1c] = "LPDDR2",
        [0x1d] = "LPDDR3", [0x1e] = "LPDDR4", [0x20] = "HBM",   [0x21] = "HBM2",
        [0x22] = "DDR5",   [0x23] = "LPDDR5", [0x24] = "HBM3",
};

/* Of the memory types, those that hold firmware: they are no RAM, whatever stands beside them. */
#define TYPE_ROM   0x08
#define TYPE_EPROM 0x0c /* ROM, flash, EEPROM, FEPROM, EPROM */

/* DSP0134 7.17.2: what an array is for */
#define USE_SYSTEM_MEMORY 3

/* DSP0134 7.17.3: error correction of the whole array */
static const char *const ecc_types[] = {
        [3] = "none", [4] = "parity", [5] = "single-bit", [6] = "multi-bit", [7] = "crc",
};

static void take_total(struct probe_context *context)
{
        _free_ char *text = NULL;
        const char *line;
        uint64_t kib;
        char number[32];

        if (tree_read(context->tree, "proc/meminfo", MEMINFO_MAX, &text, NULL) < 0) {
                probe_error(context, "/proc/meminfo cannot be read");
                return;
        }
        line = strstr(text, "MemTotal:");
        if (!line)
                return;
        line += strlen("MemTotal:");
        line += strspn(line, " ");
        if (text_copy_bytes(number, sizeof(number), line, strspn(line, "0123456789")) == 0 &&
            text_parse_u64(number, INT64_MAX / 1024, &kib) == 0)
                (void)doc_set_number(context->section, "total", (int64_t)kib * 1024);
}

static struct doc *module(const struct smbios_structure *s, uint64_t size)
{
        struct doc *m = doc_object();
        uint16_t speed;
        uint8_t type;

        smbios_set_string(m, "slot", s, 0x10);
        smbios_set_string(m, "bank", s, 0x11);
        (void)doc_set_number(m, "size", (int64_t)size);
        if (smbios_u8(s, 0x12, &type) && type < ARRAY_SIZE(memory_types))
                (void)doc_set_text(m, "type", memory_types[type]);
        if (smbios_le16(s, 0x15, &speed) && speed != 0 && speed != 0xffff)
                (void)doc_set_number(m, "rated_mts", speed);
        if (smbios_le16(s, 0x20, &speed) && speed != 0 && speed != 0xffff)
                (void)doc_set_number(m, "configured_mts", speed);
        smbios_set_string(m, "vendor", s, 0x17);
        smbios_set_string(m, "serial", s, 0x18);
        smbios_set_string(m, "part", s, 0x1a);
        return m;
}

struct slots {
        struct doc *modules;
        uint64_t installed;
        int64_t count, empty;
};

static void take_device(struct slots *slots, const struct smbios_structure *s)
{
        uint64_t size;
        uint8_t type;

        if (smbios_u8(s, 0x12, &type) && type >= TYPE_ROM && type <= TYPE_EPROM)
                return;
        slots->count++;
        if (!smbios_memory_size(s, &size))
                return;
        if (size == 0) {
                slots->empty++;
                return;
        }
        if (size <= INT64_MAX - slots->installed)
                slots->installed += size;
        (void)doc_append(slots->modules, module(s, size));
}

static void take_array(struct probe_context *context, const struct smbios_structure *s)
{
        uint8_t use, ecc;

        if (smbios_u8(s, 0x05, &use) && use == USE_SYSTEM_MEMORY && smbios_u8(s, 0x06, &ecc) &&
            ecc < ARRAY_SIZE(ecc_types))
                (void)doc_set_text(context->section, "ecc", ecc_types[ecc]);
}

void probe_memory(struct probe_context *context)
{
        struct slots slots = {.modules = doc_list()};
        _free_ char *bytes = NULL;
        struct smbios_structure s;
        struct reader table;
        int rc;

        take_total(context);
        rc = smbios_read(context->tree, &bytes, &table);
        while (rc == 0 && smbios_next(&table, &s) > 0) {
                if (s.type == SMBIOS_MEMORY_DEVICE)
                        take_device(&slots, &s);
                else if (s.type == SMBIOS_MEMORY_ARRAY)
                        take_array(context, &s);
        }
        if (slots.count > 0) {
                (void)doc_set_number(context->section, "slots", slots.count);
                (void)doc_set_number(context->section, "empty_slots", slots.empty);
        }
        if (slots.installed > 0)
                (void)doc_set_number(context->section, "installed", (int64_t)slots.installed);
        (void)doc_set(context->section, "items", slots.modules);
}
