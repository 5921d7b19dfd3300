/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that is not all alike: tiers, persistent memory, memory behind CXL
 *
 * A part of memory's section; where the kernel has none of these, each costs one
 * look at a folder that is not there.
 */
#include <stdio.h>
#include <string.h>

#include "discover/cpulist.h"
#include "discover/memory_tiers.h"
#include "lib/base/text.h"

#define TIERS  "sys/devices/virtual/memory_tiering"
#define NVDIMM "sys/bus/nd/devices"
#define CXL    "sys/bus/cxl/devices"

/* clang-format off */
const struct field memory_tier_fields[] = {
        {.name = "tier",  .kind = FIELD_NUMBER,  .help = "the lower, the faster"},
        {.name = "nodes", .kind = FIELD_NUMBERS, .help = "NUMA nodes in it"},
        {.name = NULL},
};

const struct field memory_persistent_fields[] = {
        {.name = "name", .kind = FIELD_TEXT,   .help = "namespace0.0"},
        {.name = "mode", .kind = FIELD_TEXT,   .file = "mode", .help = "how it is used: raw, memory, dax, safe (sector)"},
        {.name = "size", .kind = FIELD_NUMBER, .file = "size", .help = "bytes"},
        {.name = "uuid", .kind = FIELD_TEXT, .is_identity = true, .file = "uuid", .help = "of the namespace"},
        {.name = "numa_node", .kind = FIELD_NUMBER, .file = "numa_node", .help = "NUMA node that it is near to"},
        {.name = NULL},
};

const struct field memory_cxl_fields[] = {
        {.name = "name",       .kind = FIELD_TEXT,   .help = "mem0"},
        {.name = "volatile",   .kind = FIELD_NUMBER, .file = "ram/size", .help = "bytes that are lost without power"},
        {.name = "persistent", .kind = FIELD_NUMBER, .file = "pmem/size", .help = "bytes that are not"},
        {.name = "serial",     .kind = FIELD_TEXT, .is_identity = true, .file = "serial", .help = "serial number"},
        {.name = "firmware",   .kind = FIELD_TEXT,   .file = "firmware_version", .help = "version of its firmware"},
        {.name = "pci",        .kind = FIELD_TEXT,   .help = "PCI function"},
        {.name = "numa_node",  .kind = FIELD_NUMBER, .file = "numa_node", .help = "NUMA node that it is near to"},
        {.name = NULL},
};
/* clang-format on */

static void add_node(void *context, unsigned number)
{
        (void)doc_append_number(context, number);
}

static void take_tiers(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list = NULL;

        (void)tree_list(context->tree, TIERS, &names);
        for (size_t i = 0; i < names.count; i++) {
                char text[TREE_LINE_SIZE];
                struct doc *tier, *nodes;
                uint64_t number;

                if (!text_has_prefix(names.names[i], "memory_tier") ||
                    text_parse_u64(names.names[i] + strlen("memory_tier"), UINT32_MAX, &number) <
                            0 ||
                    !tree_line(context->tree, text, TIERS "/%s/nodelist", names.names[i]))
                        continue;
                nodes = doc_list();
                (void)cpulist_read(text, add_node, nodes);
                tier = doc_object();
                field_set_number(tier, "tier", number);
                (void)doc_set(tier, "nodes", nodes);
                list = list ? list : doc_list();
                (void)doc_append(list, tier);
        }
        (void)doc_set(context->section, "tiers", list);
}

/* A namespace of size 0 is the one that the next will be made of. */
static void take_persistent(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list = NULL;

        (void)tree_list(context->tree, NVDIMM, &names);
        for (size_t i = 0; i < names.count; i++) {
                char folder[TREE_PATH_MAX];
                struct doc *space;

                if (!text_has_prefix(names.names[i], "namespace"))
                        continue;
                space = doc_object();
                (void)doc_set_text(space, "name", names.names[i]);
                snprintf(folder, sizeof(folder), NVDIMM "/%s", names.names[i]);
                fields_read(context->tree, folder, memory_persistent_fields, space);
                if (doc_get_number(space, "size", 0) == 0) {
                        doc_free(space);
                        continue;
                }
                list = list ? list : doc_list();
                (void)doc_append(list, space);
        }
        (void)doc_set(context->section, "persistent", list);
}

static void take_cxl(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *list = NULL;

        (void)tree_list(context->tree, CXL, &names);
        for (size_t i = 0; i < names.count; i++) {
                char folder[TREE_PATH_MAX], link[TREE_PATH_MAX], pci[32];
                struct doc *device;

                if (!text_has_prefix(names.names[i], "mem"))
                        continue;
                device = doc_object();
                (void)doc_set_text(device, "name", names.names[i]);
                snprintf(folder, sizeof(folder), CXL "/%s", names.names[i]);
                fields_read(context->tree, folder, memory_cxl_fields, device);
                if (tree_link_path(context->tree, link, "%s", folder) &&
                    pci_address_in(link, pci, sizeof(pci)))
                        (void)doc_set_text(device, "pci", pci);
                list = list ? list : doc_list();
                (void)doc_append(list, device);
        }
        (void)doc_set(context->section, "cxl", list);
}

void memory_tiers_take(struct probe_context *context)
{
        take_tiers(context);
        take_persistent(context);
        take_cxl(context);
}
