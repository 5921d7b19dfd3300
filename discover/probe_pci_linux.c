/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci: every function; gpus: those of them that drive a display or compute. */
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct field pci_item_fields[] = {
        {.name = "address", .kind = FIELD_TEXT, .help = "address"},
        {.name = "class", .kind = FIELD_TEXT, .help = "class"},
        {.name = "vendor", .kind = FIELD_TEXT, .help = "vendor"},
        {.name = "device", .kind = FIELD_TEXT, .help = "device"},
        {.name = "subsystem_vendor", .kind = FIELD_TEXT, .help = "subsystem vendor"},
        {.name = "subsystem_device", .kind = FIELD_TEXT, .help = "subsystem device"},
        {.name = "revision", .kind = FIELD_TEXT, .help = "revision"},
        {.name = "driver", .kind = FIELD_TEXT, .help = "driver"},
        {.name = "iommu_group", .kind = FIELD_TEXT, .help = "iommu group"},
        {.name = "numa_node", .kind = FIELD_NUMBER, .help = "numa node"},
        {.name = NULL},
};

const struct field pci_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = pci_item_fields, .help = "items"},
        {.name = NULL},
};
/* clang-format on */

const struct field gpus_fields[] = {
        {.name = "items",           .kind = FIELD_ITEMS, .inner = pci_item_fields, .help = "items"},
        {.name = NULL},
};

/* Fields that are a text in a file of the function's folder. */
static const struct {
        const char *name, *file;
} texts[] = {
        {"class",            "class"           },
        {"vendor",           "vendor"          },
        {"device",           "device"          },
        {"subsystem_vendor", "subsystem_vendor"},
        {"subsystem_device", "subsystem_device"},
        {"revision",         "revision"        },
};

#define PCI_CLASS_DISPLAY     0x03 /* PCI Code and ID Assignment 1.4 */
#define PCI_CLASS_ACCELERATOR 0x12

static struct doc *take_function(struct tree *tree, const char *address)
{
        struct doc *function = doc_object();
        char text[TREE_LINE_SIZE];
        uint64_t node;

        (void)doc_set_text(function, "address", address);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (tree_line(tree, text, "sys/bus/pci/devices/%s/%s", address, texts[i].file))
                        (void)doc_set_text(function, texts[i].name, text);
        if (tree_link(tree, text, "sys/bus/pci/devices/%s/driver", address))
                (void)doc_set_text(function, "driver", text);
        if (tree_link(tree, text, "sys/bus/pci/devices/%s/iommu_group", address))
                (void)doc_set_text(function, "iommu_group", text);
        /* -1 is no number here: no node, and so it is absent. */
        if (tree_number(tree, &node, "sys/bus/pci/devices/%s/numa_node", address))
                (void)doc_set_number(function, "numa_node", (int64_t)node);
        return function;
}

void probe_pci(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        /* A machine without PCI has no such folder: nothing to say, and nothing wrong. */
        (void)tree_list(context->tree, "sys/bus/pci/devices", &names);
        for (size_t i = 0; i < names.count; i++)
                if (probe_begin(context, names.names[i]))
                        probe_item(context, take_function(context->tree, names.names[i]));
}

static bool is_gpu(struct tree *tree, const char *address)
{
        uint64_t class;

        if (!tree_number(tree, &class, "sys/bus/pci/devices/%s/class", address))
                return false;
        return class >> 16 == PCI_CLASS_DISPLAY || class >> 16 == PCI_CLASS_ACCELERATOR;
}

void probe_gpus(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, "sys/bus/pci/devices", &names);
        for (size_t i = 0; i < names.count; i++)
                if (is_gpu(context->tree, names.names[i]) && probe_begin(context, names.names[i]))
                        probe_item(context, take_function(context->tree, names.names[i]));
}
