/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memory: what the kernel uses, on which nodes, and what sits in the slots (SMBIOS 16, 17). */
#include <stdio.h>
#include <string.h>

#include "discover/cpulist.h"
#include "discover/memory_tiers.h"
#include "discover/probe.h"
#include "discover/smbios.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define MEMINFO_MAX ((size_t)64 << 10)
#define LIST_MAX    ((size_t)64 << 10) /* a list of CPUs: 8192 of them, each by itself */

/* clang-format off */
static const struct field module_fields[] = {
        {.name = "slot",           .kind = FIELD_TEXT,   .help = "as printed on the board"},
        {.name = "bank",           .kind = FIELD_TEXT,   .help = "bank, channel or node, as the maker names it"},
        {.name = "size",           .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "type",           .kind = FIELD_TEXT,   .help = "DDR4, DDR5, ..."},
        {.name = "form_factor",    .kind = FIELD_TEXT,   .help = "DIMM, SODIMM, ..."},
        {.name = "rated_mts",      .kind = FIELD_NUMBER, .help = "MT/s that the module can"},
        {.name = "configured_mts", .kind = FIELD_NUMBER, .help = "MT/s that it runs at"},
        {.name = "millivolts",     .kind = FIELD_NUMBER, .help = "configured voltage"},
        {.name = "ranks",          .kind = FIELD_NUMBER, .help = "ranks"},
        {.name = "width",          .kind = FIELD_NUMBER, .help = "bits with those for error correction"},
        {.name = "data_width",     .kind = FIELD_NUMBER, .help = "bits without them"},
        {.name = "ecc",            .kind = FIELD_BOOL,   .help = "the module has bits for error correction"},
        {.name = "registered",     .kind = FIELD_BOOL,   .help = "registered (true) or unbuffered (false)"},
        {.name = "technology",     .kind = FIELD_TEXT,   .help = "DRAM, NVDIMM-N, persistent, ..."},
        {.name = "vendor",         .kind = FIELD_TEXT,   .help = "maker of the module"},
        {.name = "serial",         .kind = FIELD_TEXT, .is_identity = true,   .help = "serial number"},
        {.name = "part",           .kind = FIELD_TEXT,   .help = "part number"},
        {.name = "asset_tag",      .kind = FIELD_TEXT, .is_identity = true,   .help = "the owner's own number"},
        {.name = NULL},
};

static const struct field node_fields[] = {
        {.name = "node",     .kind = FIELD_NUMBER,  .help = "number of the NUMA node"},
        {.name = "total",    .kind = FIELD_NUMBER,  .help = "bytes; 0: a node without memory"},
        {.name = "threads",  .kind = FIELD_NUMBER,  .help = "CPUs of this node"},
        {.name = "distance", .kind = FIELD_NUMBERS, .help = "to each node that is online; 10 is near"},
        {.name = NULL},
};

static const struct field huge_fields[] = {
        {.name = "size",  .kind = FIELD_NUMBER, .help = "bytes of one page"},
        {.name = "total", .kind = FIELD_NUMBER, .file = "nr_hugepages",   .help = "pages set aside"},
        {.name = "free",  .kind = FIELD_NUMBER, .file = "free_hugepages", .help = "of these, not in use"},
        {.name = NULL},
};

const struct field memory_fields[] = {
        {.name = "total",            .kind = FIELD_NUMBER, .help = "bytes that the kernel has"},
        {.name = "installed",        .kind = FIELD_NUMBER, .help = "bytes in the slots"},
        {.name = "maximum",          .kind = FIELD_NUMBER, .help = "bytes that the board can take"},
        {.name = "slots",            .kind = FIELD_NUMBER, .help = "slots for modules"},
        {.name = "empty_slots",      .kind = FIELD_NUMBER, .help = "slots without one"},
        {.name = "empty_slot_names", .kind = FIELD_TEXTS,  .help = "which these are"},
        {.name = "ecc",   .kind = FIELD_TEXT, .help = "none, parity, single-bit, multi-bit, crc"},
        {.name = "items", .kind = FIELD_ITEMS, .inner = module_fields, .help = "a module each"},
        {.name = "nodes", .kind = FIELD_ITEMS, .inner = node_fields, .help = "a NUMA node each"},
        {.name = "huge_pages", .kind = FIELD_ITEMS, .inner = huge_fields, .help = "a size each"},
        {.name = "tiers", .kind = FIELD_ITEMS, .inner = memory_tier_fields, .help = "by speed, as the kernel sorts its NUMA nodes"},
        {.name = "persistent", .kind = FIELD_ITEMS, .inner = memory_persistent_fields, .help = "a namespace of NVDIMMs each"},
        {.name = "cxl",   .kind = FIELD_ITEMS, .inner = memory_cxl_fields, .help = "a device behind CXL each"},
        {.name = NULL},
};
/* clang-format on */

/* DSP0134 7.18.2 */
static const char *const memory_types[] = {
        [0x0f] = "SDRAM",  [0x12] = "DDR",    [0x13] = "DDR2",  [0x14] = "DDR2 FB-DIMM",
        [0x18] = "DDR3",   [0x1a] = "DDR4",   [0x1b] = "LPDDR", [0x1c] = "LPDDR2",
        [0x1d] = "LPDDR3", [0x1e] = "LPDDR4", [0x20] = "HBM",   [0x21] = "HBM2",
        [0x22] = "DDR5",   [0x23] = "LPDDR5", [0x24] = "HBM3",
};

/* DSP0134 7.18.1 */
static const char *const form_factors[] = {
        [0x03] = "SIMM",    [0x09] = "DIMM", [0x0b] = "soldered", [0x0d] = "SODIMM",
        [0x0f] = "FB-DIMM", [0x10] = "die",  [0x11] = "CAMM",
};

/* DSP0134 7.18.6 */
static const char *const technologies[] = {
        [0x03] = "DRAM",     [0x04] = "NVDIMM-N",   [0x05] = "NVDIMM-F",
        [0x06] = "NVDIMM-P", [0x07] = "persistent",
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

#define DETAIL_REGISTERED (1U << 13) /* DSP0134 7.18.3 */
#define DETAIL_UNBUFFERED (1U << 14)

/* "MemTotal:   16374508 kB", wherever in its line it stands. */
static bool meminfo_bytes(const char *text, const char *name, uint64_t *ret)
{
        const char *line = strstr(text, name);
        char number[32];
        uint64_t kib;

        if (!line)
                return false;
        line += strlen(name);
        line += strspn(line, " ");
        if (text_copy_bytes(number, sizeof(number), line, strspn(line, "0123456789")) < 0 ||
            text_parse_u64(number, INT64_MAX / 1024, &kib) < 0)
                return false;
        *ret = kib * 1024;
        return true;
}

static void take_total(struct probe_context *context)
{
        _free_ char *text = NULL;
        uint64_t bytes;

        if (tree_read(context->tree, "proc/meminfo", MEMINFO_MAX, &text, NULL) < 0)
                probe_error(context, "/proc/meminfo cannot be read");
        else if (meminfo_bytes(text, "MemTotal:", &bytes))
                field_set_number(context->section, "total", bytes);
}

/* --------------------------------------------------------- SMBIOS 16, 17 */

static void set_name(struct doc *to, const char *name, const char *const *names, size_t count,
                     size_t number)
{
        if (number < count)
                field_set_text(to, name, names[number] ? names[number] : "");
}

static void set_u16(struct doc *to, const char *name, const struct smbios_structure *s,
                    size_t offset)
{
        uint16_t number;

        if (smbios_le16(s, offset, &number) && number != 0 && number != 0xffff)
                (void)doc_set_number(to, name, number);
}

/* 0xffff in the field of 16 bits: the number stands in one of 32 (DSP0134 3.3). */
static void set_speed(struct doc *to, const char *name, const struct smbios_structure *s,
                      size_t offset, size_t extended)
{
        uint16_t number;
        uint32_t wide;

        if (!smbios_le16(s, offset, &number) || number != 0xffff)
                set_u16(to, name, s, offset);
        else if (smbios_le32(s, extended, &wide) && (wide & 0x7fffffff) != 0)
                (void)doc_set_number(to, name, wide & 0x7fffffff);
}

static void set_widths(struct doc *m, const struct smbios_structure *s)
{
        uint16_t total, data;

        set_u16(m, "width", s, 0x08);
        set_u16(m, "data_width", s, 0x0a);
        total = (uint16_t)doc_get_number(m, "width", 0);
        data = (uint16_t)doc_get_number(m, "data_width", 0);
        if (total > 0 && data > 0)
                (void)doc_set_bool(m, "ecc", total > data);
}

static struct doc *module(const struct smbios_structure *s, uint64_t size)
{
        struct doc *m = doc_object();
        uint16_t detail;
        uint8_t byte;

        smbios_set_string(m, "slot", s, 0x10);
        smbios_set_string(m, "bank", s, 0x11);
        field_set_number(m, "size", size);
        if (smbios_u8(s, 0x12, &byte))
                set_name(m, "type", memory_types, ARRAY_SIZE(memory_types), byte);
        if (smbios_u8(s, 0x0e, &byte))
                set_name(m, "form_factor", form_factors, ARRAY_SIZE(form_factors), byte);
        set_speed(m, "rated_mts", s, 0x15, 0x54);
        set_speed(m, "configured_mts", s, 0x20, 0x58);
        set_u16(m, "millivolts", s, 0x26);
        if (smbios_u8(s, 0x1b, &byte) && (byte & 0x0f) != 0)
                (void)doc_set_number(m, "ranks", byte & 0x0f);
        set_widths(m, s);
        if (smbios_le16(s, 0x13, &detail) && (detail & (DETAIL_REGISTERED | DETAIL_UNBUFFERED)))
                (void)doc_set_bool(m, "registered", (detail & DETAIL_REGISTERED) != 0);
        if (smbios_u8(s, 0x28, &byte))
                set_name(m, "technology", technologies, ARRAY_SIZE(technologies), byte);
        smbios_set_string(m, "vendor", s, 0x17);
        smbios_set_string(m, "serial", s, 0x18);
        smbios_set_string(m, "part", s, 0x1a);
        smbios_set_string(m, "asset_tag", s, 0x19);
        return m;
}

struct slots {
        struct doc *modules, *empty_names;
        uint64_t installed, maximum;
        int64_t count, empty;
};

static void take_device(struct slots *slots, const struct smbios_structure *s)
{
        char name[TREE_LINE_SIZE];
        uint64_t size;
        uint8_t type;

        if (smbios_u8(s, 0x12, &type) && type >= TYPE_ROM && type <= TYPE_EPROM)
                return;
        slots->count++;
        if (!smbios_memory_size(s, &size))
                return;
        if (size == 0) {
                slots->empty++;
                if (smbios_string(s, 0x10, name, sizeof(name)))
                        field_append_text(slots->empty_names, name);
                return;
        }
        if (size <= INT64_MAX - slots->installed)
                slots->installed += size;
        (void)doc_append(slots->modules, module(s, size));
}

/* DSP0134 7.17: KiB, or from 2 TiB on bytes in a field of their own. */
static uint64_t capacity(const struct smbios_structure *s)
{
        uint32_t kib, low, high;

        if (!smbios_le32(s, 0x07, &kib))
                return 0;
        if (kib != 0x80000000)
                return (uint64_t)kib << 10;
        if (!smbios_le32(s, 0x0f, &low) || !smbios_le32(s, 0x13, &high))
                return 0;
        return (uint64_t)high << 32 | low;
}

static void take_array(struct probe_context *context, struct slots *slots,
                       const struct smbios_structure *s)
{
        const uint64_t more = capacity(s);
        uint8_t use, ecc;

        if (!smbios_u8(s, 0x05, &use) || use != USE_SYSTEM_MEMORY)
                return;
        if (more <= INT64_MAX - slots->maximum)
                slots->maximum += more;
        if (smbios_u8(s, 0x06, &ecc))
                set_name(context->section, "ecc", ecc_types, ARRAY_SIZE(ecc_types), ecc);
}

static void take_slots(struct probe_context *context)
{
        struct slots slots = {.modules = doc_list(), .empty_names = doc_list()};
        struct smbios_structure s;
        struct reader table;
        int rc;

        rc = smbios_read(context->tree, &table);
        while (rc == 0 && smbios_next(&table, &s) > 0) {
                if (s.type == SMBIOS_MEMORY_DEVICE)
                        take_device(&slots, &s);
                else if (s.type == SMBIOS_MEMORY_ARRAY)
                        take_array(context, &slots, &s);
        }
        if (slots.count > 0) {
                (void)doc_set_number(context->section, "slots", slots.count);
                (void)doc_set_number(context->section, "empty_slots", slots.empty);
        }
        if (slots.installed > 0)
                field_set_number(context->section, "installed", slots.installed);
        /* Some tables tell less than what sits in the slots: then it is not known. */
        if (slots.maximum > 0 && slots.maximum >= slots.installed)
                field_set_number(context->section, "maximum", slots.maximum);
        if (doc_count(slots.empty_names) > 0)
                (void)doc_set(context->section, "empty_slot_names", slots.empty_names);
        else
                doc_free(slots.empty_names);
        (void)doc_set(context->section, "items", slots.modules);
}

/* ---------------------------------------------------------------- nodes */

static void set_distances(struct tree *tree, const char *folder, struct doc *node)
{
        char path[TREE_PATH_MAX];
        _free_ char *text = NULL;
        struct doc *list;

        snprintf(path, sizeof(path), "%s/distance", folder);
        if (tree_read(tree, path, LIST_MAX, &text, NULL) < 0)
                return;
        list = doc_list();
        for (const char *at = text; *at;) {
                const size_t digits = strspn(at, "0123456789");
                char number[8];
                uint64_t distance;

                if (digits == 0 || text_copy_bytes(number, sizeof(number), at, digits) < 0 ||
                    text_parse_u64(number, 255, &distance) < 0)
                        break;
                (void)doc_append_number(list, (int64_t)distance);
                at += digits;
                at += strspn(at, " \n");
        }
        (void)doc_set(node, "distance", list);
}

static struct doc *take_node(struct tree *tree, const char *name, uint64_t number)
{
        struct doc *node = doc_object();
        char folder[128], path[TREE_PATH_MAX];
        _free_ char *meminfo = NULL, *list = NULL;
        uint64_t bytes;
        int threads;

        snprintf(folder, sizeof(folder), "sys/devices/system/node/%s", name);
        field_set_number(node, "node", number);
        snprintf(path, sizeof(path), "%s/meminfo", folder);
        if (tree_read(tree, path, MEMINFO_MAX, &meminfo, NULL) == 0 &&
            meminfo_bytes(meminfo, "MemTotal:", &bytes))
                field_set_number(node, "total", bytes);
        snprintf(path, sizeof(path), "%s/cpulist", folder);
        if (tree_read(tree, path, LIST_MAX, &list, NULL) == 0) {
                threads = cpulist_read(list, NULL, NULL);
                if (threads >= 0)
                        (void)doc_set_number(node, "threads", threads);
        }
        set_distances(tree, folder, node);
        return node;
}

static void take_nodes(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *nodes;
        uint64_t number;

        if (tree_list(context->tree, "sys/devices/system/node", &names) < 0)
                return; /* a kernel without NUMA */
        nodes = doc_list();
        for (size_t i = 0; i < names.count; i++)
                if (text_has_prefix(names.names[i], "node") &&
                    text_parse_u64(names.names[i] + strlen("node"), UINT32_MAX, &number) == 0)
                        (void)doc_append(nodes, take_node(context->tree, names.names[i], number));
        (void)doc_set(context->section, "nodes", nodes);
}

static void take_huge_pages(struct probe_context *context)
{
        static const char folder[] = "sys/kernel/mm/hugepages";
        _names_ struct tree_names names = {0};
        struct doc *sizes;

        if (tree_list(context->tree, folder, &names) < 0)
                return;
        sizes = doc_list();
        for (size_t i = 0; i < names.count; i++) { /* hugepages-2048kB */
                const size_t start = strlen("hugepages-");
                char digits[24], path[TREE_PATH_MAX];
                uint64_t kib;
                struct doc *pages;

                if (!text_has_prefix(names.names[i], "hugepages-") ||
                    text_copy_bytes(digits, sizeof(digits), names.names[i] + start,
                                    strspn(names.names[i] + start, "0123456789")) < 0 ||
                    text_parse_u64(digits, INT64_MAX / 1024, &kib) < 0)
                        continue;
                pages = doc_object();
                field_set_number(pages, "size", kib * 1024);
                snprintf(path, sizeof(path), "%s/%s", folder, names.names[i]);
                fields_read(context->tree, path, huge_fields, pages);
                (void)doc_append(sizes, pages);
        }
        (void)doc_set(context->section, "huge_pages", sizes);
}

void probe_memory(struct probe_context *context)
{
        take_total(context);
        take_slots(context);
        take_nodes(context);
        take_huge_pages(context);
        memory_tiers_take(context);
}
