/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gpus: PCI functions that drive a display or compute
 *
 * Memory of a card is told by its driver. Without one a table of cards serves
 * that datacentres have many of, and the answer says that it is from there; last
 * comes the largest region of the card, which is a lower bound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/pci_function.h"
#include "discover/pci_resources.h"
#include "lib/base/text.h"

#define CLASS_DISPLAY     0x03 /* PCI Code and ID Assignment 1.4 */
#define CLASS_ACCELERATOR 0x12
#define RESOURCE_MAX      4096
#define WINDOW_SIZE       ((uint64_t)256 << 20) /* many cards show no more than this of their memory */
#define OTHERS_SIZE       128

/* clang-format off */
static const struct field bar_fields[] = {
        {.name = "number",       .kind = FIELD_NUMBER, .help = "0 to 5"},
        {.name = "size",         .kind = FIELD_NUMBER, .help = "bytes"},
        {.name = "prefetchable", .kind = FIELD_BOOL,   .help = "memory without side effects"},
        {.name = "resizable_to", .kind = FIELD_NUMBER, .help = "bytes that it can grow to"},
        {.name = NULL},
};

static const struct field mediated_fields[] = {
        {.name = "type",      .kind = FIELD_TEXT,   .help = "as the driver names it"},
        {.name = "name",      .kind = FIELD_TEXT,   .file = "name", .help = "for people"},
        {.name = "available", .kind = FIELD_NUMBER, .file = "available_instances", .help = "how many more can be made"},
        {.name = NULL},
};

static const struct field sharing_fields[] = {
        {.name = "sriov",    .kind = FIELD_BOOL,  .help = "by virtual functions; how many: sriov_total"},
        {.name = "mediated", .kind = FIELD_ITEMS, .inner = mediated_fields, .help = "by mediated devices, a type each"},
        {.name = "mig",      .kind = FIELD_BOOL,  .help = "by partitions of the card (MIG)"},
        {.name = "mig_instances", .kind = FIELD_NUMBER, .help = "how many these can be"},
        {.name = "partition_modes", .kind = FIELD_TEXTS, .help = "AMD's partitions of the card, as the driver offers them: SPX, DPX, ..."},
        {.name = NULL},
};

static const struct field gpu_fields[] = {
        PCI_FUNCTION_FIELDS,
        {.name = "vram",        .kind = FIELD_NUMBER, .help = "bytes of its own memory"},
        {.name = "vram_source", .kind = FIELD_TEXT, .help = "driver; table: of known cards; bar: it has at least this"},
        {.name = "bars",        .kind = FIELD_ITEMS,  .inner = bar_fields, .help = "a region each"},
        {.name = "sharing",     .kind = FIELD_OBJECT, .inner = sharing_fields, .help = "ways to share it"},
        {.name = "passthrough", .kind = FIELD_OBJECT, .inner = pci_passthrough_fields, .help = "can a virtual machine have it"},
        {.name = NULL},
};

const struct field gpus_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = gpu_fields, .help = "a function each"},
        {.name = NULL},
};

/*
 * Vendor and device, GiB, and into how many instances MIG divides it (0: it has none).
 *
 * Names are those of the PCI ID repository (pci.ids). The memory is in the name there, or stands in
 * NVIDIA's MIG User Guide, "Supported GPUs" (where the instances are from, too), AMD's ROCm GPU
 * specifications ("VRAM (GiB)"), or the maker's data sheet (T4, A10, A40, L4, L40, L40S). A card
 * sold with several sizes under one number is not here.
 */
static const struct card {
        const char *vendor, *device;
        unsigned gib, instances;
} cards[] = {
        {"0x10de", "0x15f7", 12,  0}, /* Tesla P100 PCIe 12GB */
        {"0x10de", "0x15f8", 16,  0}, /* Tesla P100 PCIe 16GB */
        {"0x10de", "0x1db1", 16,  0}, /* Tesla V100 SXM2 16GB */
        {"0x10de", "0x1db4", 16,  0}, /* Tesla V100 PCIe 16GB */
        {"0x10de", "0x1db5", 32,  0}, /* Tesla V100 SXM2 32GB */
        {"0x10de", "0x1db6", 32,  0}, /* Tesla V100 PCIe 32GB */
        {"0x10de", "0x1eb8", 16,  0}, /* Tesla T4 */
        {"0x10de", "0x20b0", 40,  7}, /* A100 SXM4 40GB */
        {"0x10de", "0x20b2", 80,  7}, /* A100 SXM4 80GB */
        {"0x10de", "0x20b5", 80,  7}, /* A100 PCIe 80GB */
        {"0x10de", "0x20b7", 24,  4}, /* A30 PCIe */
        {"0x10de", "0x20f1", 40,  7}, /* A100 PCIe 40GB */
        {"0x10de", "0x2235", 48,  0}, /* A40 */
        {"0x10de", "0x2236", 24,  0}, /* A10 */
        {"0x10de", "0x26b5", 48,  0}, /* L40 */
        {"0x10de", "0x26b9", 48,  0}, /* L40S */
        {"0x10de", "0x27b8", 24,  0}, /* L4 */
        {"0x10de", "0x2330", 80,  7}, /* H100 SXM5 80GB */
        {"0x10de", "0x2331", 80,  7}, /* H100 PCIe */
        {"0x10de", "0x2335", 141, 7}, /* H200 SXM 141GB */
        {"0x10de", "0x233b", 141, 7}, /* H200 NVL */
        {"0x1002", "0x738c", 32,  0}, /* Instinct MI100 */
        {"0x1002", "0x740f", 64,  0}, /* Instinct MI210 */
        {"0x1002", "0x74a1", 192, 0}, /* Instinct MI300X */
        {"0x1002", "0x74a5", 256, 0}, /* Instinct MI325X */
};
/* clang-format on */

/* Files of drivers that hold bytes. */
static const char *const memory_files[] = {"mem_info_vram_total", "lmem_total_bytes"};

static const struct card *card_of(const struct doc *gpu)
{
        for (size_t i = 0; i < ARRAY_SIZE(cards); i++)
                if (text_is_equal(doc_get_text(gpu, "vendor"), cards[i].vendor) &&
                    text_is_equal(doc_get_text(gpu, "device"), cards[i].device))
                        return &cards[i];
        return NULL;
}

static bool is_gpu(struct tree *tree, const char *address)
{
        uint64_t class;

        if (!tree_number(tree, &class, PCI_DEVICES "/%s/class", address))
                return false;
        return class >> 16 == CLASS_DISPLAY || class >> 16 == CLASS_ACCELERATOR;
}

/* Returns the size of the largest prefetchable one. */
static uint64_t set_bars(struct tree *tree, const char *address, const struct pci_config *config,
                         struct doc *gpu)
{
        char path[TREE_PATH_MAX];
        _free_ char *text = NULL;
        struct pci_resource resource;
        uint64_t largest = 0;
        struct doc *bars;
        const char *at;

        snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource", address);
        if (tree_read(tree, path, RESOURCE_MAX, &text, NULL) < 0)
                return 0;
        bars = doc_list();
        at = text;
        for (unsigned i = 0; i < PCI_BARS && pci_resource_next(&at, &resource); i++) {
                struct doc *bar;

                if (resource.size == 0 || !resource.is_memory)
                        continue;
                bar = doc_object();
                (void)doc_set_number(bar, "number", i);
                field_set_number(bar, "size", resource.size);
                (void)doc_set_bool(bar, "prefetchable", resource.is_prefetchable);
                if (config->resizable_to[i] > resource.size)
                        field_set_number(bar, "resizable_to", config->resizable_to[i]);
                (void)doc_append(bars, bar);
                if (resource.is_prefetchable && resource.size > largest)
                        largest = resource.size;
        }
        (void)doc_set(gpu, "bars", bars);
        return largest;
}

static void set_memory(struct tree *tree, const char *address, uint64_t largest, struct doc *gpu)
{
        const struct card *card = card_of(gpu);
        const char *source = NULL;
        uint64_t bytes = 0;

        for (size_t i = 0; i < ARRAY_SIZE(memory_files) && !source; i++)
                if (tree_number(tree, &bytes, PCI_DEVICES "/%s/%s", address, memory_files[i]) &&
                    bytes > 0)
                        source = "driver";
        if (!source && card) {
                bytes = (uint64_t)card->gib << 30;
                source = "table";
        }
        if (!source && largest > WINDOW_SIZE) {
                bytes = largest;
                source = "bar";
        }
        if (!source)
                return;
        field_set_number(gpu, "vram", bytes);
        (void)doc_set_text(gpu, "vram_source", source);
}

/* amdgpu's: "SPX, DPX, QPX, CPX". */
static void set_partitions(struct tree *tree, const char *address, struct doc *sharing)
{
        char text[TREE_LINE_SIZE], *save = NULL;
        struct doc *modes;

        if (!tree_line(tree, text, PCI_DEVICES "/%s/available_compute_partition", address))
                return;
        modes = doc_list();
        for (char *mode = strtok_r(text, ", ", &save); mode; mode = strtok_r(NULL, ", ", &save))
                field_append_text(modes, mode);
        (void)doc_set(sharing, "partition_modes", modes);
}

static void set_sharing(struct tree *tree, const char *address, struct doc *gpu)
{
        _names_ struct tree_names names = {0};
        struct doc *sharing = doc_object(), *types = NULL;
        const struct card *card = card_of(gpu);
        char folder[TREE_PATH_MAX];

        (void)doc_set_bool(sharing, "sriov", doc_get_number(gpu, "sriov_total", 0) > 0);
        if (card) {
                (void)doc_set_bool(sharing, "mig", card->instances > 0);
                (void)doc_set_number(sharing, "mig_instances", card->instances);
        }
        set_partitions(tree, address, sharing);
        snprintf(folder, sizeof(folder), PCI_DEVICES "/%s/mdev_supported_types", address);
        (void)tree_list(tree, folder, &names);
        for (size_t i = 0; i < names.count; i++) {
                struct doc *type = doc_object();

                snprintf(folder, sizeof(folder), PCI_DEVICES "/%s/mdev_supported_types/%s", address,
                         names.names[i]);
                field_set_text(type, "type", names.names[i]);
                fields_read(tree, folder, mediated_fields, type);
                types = types ? types : doc_list();
                (void)doc_append(types, type);
        }
        (void)doc_set(sharing, "mediated", types);
        (void)doc_set(gpu, "sharing", sharing);
}

/* A card's sound goes with it and is no other's; a bridge is nobody's. */
static void set_passthrough(struct tree *tree, const char *address, struct doc *gpu)
{
        const size_t own = strcspn(address, ".");
        _names_ struct tree_names names = {0};
        char folder[TREE_PATH_MAX], others[OTHERS_SIZE] = "";
        size_t used = 0;
        uint64_t class;

        snprintf(folder, sizeof(folder), PCI_DEVICES "/%s/iommu_group/devices", address);
        (void)tree_list(tree, folder, &names);
        for (size_t i = 0; i < names.count; i++) {
                const size_t left = sizeof(others) - used;

                if (strncmp(names.names[i], address, own + 1) == 0 ||
                    (tree_number(tree, &class, PCI_DEVICES "/%s/class", names.names[i]) &&
                     class >> 16 == 0x06))
                        continue;
                if (left <= strlen(names.names[i]) + sizeof(", ..."))
                        break;
                used += (size_t)snprintf(others + used, left, "%s%s", used > 0 ? ", " : "",
                                         names.names[i]);
        }
        (void)doc_set(gpu, "passthrough", pci_passthrough(gpu, others));
}

static struct doc *take_gpu(struct tree *tree, const char *address)
{
        struct pci_config config;
        struct doc *gpu = pci_function_take(tree, address, PCI_CONFIG_EXTENDED, &config);
        const uint64_t largest = set_bars(tree, address, &config, gpu);

        set_memory(tree, address, largest, gpu);
        set_sharing(tree, address, gpu);
        set_passthrough(tree, address, gpu);
        return gpu;
}

void probe_gpus(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, PCI_DEVICES, &names);
        for (size_t i = 0; i < names.count; i++)
                if (is_gpu(context->tree, names.names[i]) && probe_begin(context, names.names[i]))
                        probe_item(context, take_gpu(context->tree, names.names[i]));
}
