/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One PCI function, for the sections pci and gpus. */

#include "discover/naming.h"
#include "discover/pci_config.h"
#include "discover/probe.h"

extern const struct field pci_link_fields[], pci_passthrough_fields[], pci_reserved_fields[];

/* clang-format off */
#define PCI_FUNCTION_FIELDS \
        {.name = "address",          .kind = FIELD_TEXT, .help = "domain:bus:device.function"}, \
        {.name = "class",            .kind = FIELD_TEXT, .help = "class code"}, \
        {.name = "vendor",           .kind = FIELD_TEXT, .help = "vendor"}, \
        {.name = "device",           .kind = FIELD_TEXT, .help = "device"}, \
        {.name = "subsystem_vendor", .kind = FIELD_TEXT, .help = "vendor of the card"}, \
        {.name = "subsystem_device", .kind = FIELD_TEXT, .help = "the card"}, \
        PCI_NAME_FIELDS, \
        {.name = "subsystem_vendor_name", .kind = FIELD_TEXT, .help = "the card's vendor, from there"}, \
        {.name = "subsystem_name",   .kind = FIELD_TEXT, .help = "the card, from there"}, \
        {.name = "class_name",       .kind = FIELD_TEXT, .help = "its kind, from there"}, \
        {.name = "revision",         .kind = FIELD_TEXT, .help = "revision"}, \
        {.name = "driver",           .kind = FIELD_TEXT, .link = "driver", .help = "driver; absent: none has it"}, \
        {.name = "iommu_group",      .kind = FIELD_TEXT, .link = "iommu_group", .help = "functions of one group go together"}, \
        {.name = "numa_node",        .kind = FIELD_NUMBER, .file = "numa_node", .help = "NUMA node that it is near to"}, \
        {.name = "link",             .kind = FIELD_OBJECT, .inner = pci_link_fields, .help = "PCI Express link"}, \
        {.name = "function_reset",   .kind = FIELD_BOOL, .help = "it can be reset by itself (FLR)"}, \
        {.name = "reset_methods",    .kind = FIELD_TEXTS, .help = "how the kernel can reset it"}, \
        {.name = "reserved_memory",  .kind = FIELD_ITEMS, .inner = pci_reserved_fields, .help = "that the firmware keeps for it (RMRR)"}, \
        {.name = "acs",              .kind = FIELD_BOOL, .help = "it has Access Control Services"}, \
        {.name = "sriov_total",      .kind = FIELD_NUMBER, .help = "virtual functions it can have"}, \
        {.name = "sriov_enabled",    .kind = FIELD_NUMBER, .help = "virtual functions it has"}, \
        {.name = "virtual_function_of", .kind = FIELD_TEXT, .link = "physfn", .help = "the function that it is a part of"}
/* clang-format on */

#define PCI_DEVICES "sys/bus/pci/devices"

/* @config: filled where the configuration space can be read; is there but zero otherwise. */
struct doc *pci_function_take(struct tree *tree, const char *address, size_t config_size,
                              struct pci_config *config);

/**
 * pci_passthrough() - can a virtual machine have this function?
 * @function:  as taken
 * @with:      others of its group that are no bridges, "0000:01:00.1"; NULL or "": none
 */
struct doc *pci_passthrough(const struct doc *function, const char *with);

bool pci_is_bridge(const struct doc *function);
