/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A PCI function
 *
 * The kernel has its ids in one file. Its configuration space says more, but each
 * read of it goes to the card, and in a virtual machine out of it: only cards that
 * are worth it are read so, and captures.
 */
#include "discover/pci_function.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/dmar.h"
#include "lib/base/text.h"

#define CLASS_BRIDGE      0x06
#define CLASS_DISPLAY     0x03
#define CLASS_USB         0x0c03
#define DMAR_PATH         "sys/firmware/acpi/tables/DMAR"
#define DMAR_MAX          ((size_t)64 << 10) /* the largest seen has 2 KB */
#define REGIONS_MAX       8
#define HEADER_OF_ANYBODY 64 /* bytes that are shown to all users */

/* clang-format off */
const struct field pci_link_fields[] = {
        {.name = "speed",      .kind = FIELD_TEXT,   .help = "now, per lane"},
        {.name = "width",      .kind = FIELD_NUMBER, .help = "lanes now"},
        {.name = "max_speed",  .kind = FIELD_TEXT,   .help = "that the device can"},
        {.name = "max_width",  .kind = FIELD_NUMBER, .help = "lanes that the device can"},
        {.name = "below_possible", .kind = FIELD_BOOL, .help = "fewer lanes than the device can"},
        {.name = NULL},
};

const struct field pci_passthrough_fields[] = {
        {.name = "possible", .kind = FIELD_BOOL, .help = "a virtual machine can have it"},
        {.name = "reason",   .kind = FIELD_TEXT, .help = "why, or why not"},
        {.name = NULL},
};

const struct field pci_reserved_fields[] = {
        {.name = "start", .kind = FIELD_TEXT, .help = "address of the first byte"},
        {.name = "end",   .kind = FIELD_TEXT, .help = "and of the last"},
        {.name = NULL},
};
/* clang-format on */

/* Fields that are a text in a file of the function's folder. */
static const char *const id_files[] = {
        "class", "vendor", "device", "subsystem_vendor", "subsystem_device", "revision"};

static void set_hex(struct doc *to, const char *name, int digits, uint32_t number)
{
        char text[16];

        snprintf(text, sizeof(text), "0x%0*x", digits, number);
        (void)doc_set_text(to, name, text);
}

static void set_ids(struct doc *function, const struct pci_config *c)
{
        set_hex(function, "class", 6, c->class_code);
        set_hex(function, "vendor", 4, c->vendor);
        set_hex(function, "device", 4, c->device);
        if (c->subsystem_vendor != 0) {
                set_hex(function, "subsystem_vendor", 4, c->subsystem_vendor);
                set_hex(function, "subsystem_device", 4, c->subsystem_device);
        }
        set_hex(function, "revision", 2, c->revision);
}

static void set_link(struct doc *function, const struct pci_config *c)
{
        struct doc *link;

        if (!c->is_express || c->max_width == 0)
                return;
        link = doc_object();
        (void)doc_set_text(link, "speed", pci_speed_text(c->link_speed));
        if (c->link_width > 0)
                (void)doc_set_number(link, "width", c->link_width);
        (void)doc_set_text(link, "max_speed", pci_speed_text(c->max_speed));
        (void)doc_set_number(link, "max_width", c->max_width);
        (void)doc_set_bool(link, "below_possible",
                           c->link_width > 0 && c->link_width < c->max_width);
        (void)doc_set(function, "link", link);
}

/* "8.0 GT/s PCIe", and 0 or 255 lanes where there is no link. */
static void set_link_from_files(struct tree *tree, const char *folder, struct doc *function)
{
        struct doc *link;
        char text[TREE_LINE_SIZE], *end;
        uint64_t width, max_width;

        if (!tree_number(tree, &max_width, "%s/max_link_width", folder) || max_width == 0 ||
            max_width > 32 || !tree_number(tree, &width, "%s/current_link_width", folder))
                return;
        link = doc_object();
        if (tree_line(tree, text, "%s/current_link_speed", folder) && (end = strstr(text, " PCIe")))
                field_set_text(link, "speed", (*end = '\0', text));
        if (width > 0 && width <= 32)
                field_set_number(link, "width", width);
        if (tree_line(tree, text, "%s/max_link_speed", folder) && (end = strstr(text, " PCIe")))
                field_set_text(link, "max_speed", (*end = '\0', text));
        field_set_number(link, "max_width", max_width);
        (void)doc_set_bool(link, "below_possible", width > 0 && width < max_width);
        (void)doc_set(function, "link", link);
}

static void set_reset(struct tree *tree, const char *folder, struct doc *function)
{
        char text[TREE_LINE_SIZE], *save = NULL;
        struct doc *methods;

        if (!tree_line(tree, text, "%s/reset_method", folder))
                return;
        methods = doc_list();
        for (const char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
                field_append_text(methods, word);
        (void)doc_set(function, "reset_methods", methods);
}

static void set_sriov(struct tree *tree, const char *folder, const struct pci_config *c,
                      struct doc *function)
{
        uint64_t total, enabled;

        if (!tree_number(tree, &total, "%s/sriov_totalvfs", folder))
                total = c->virtual_functions;
        if (total == 0)
                return;
        field_set_number(function, "sriov_total", total);
        if (tree_number(tree, &enabled, "%s/sriov_numvfs", folder))
                field_set_number(function, "sriov_enabled", enabled);
}

/* Few machines have any: then the function's place is not looked up. */
static void set_reserved(struct tree *tree, const char *folder, struct doc *function)
{
        struct dmar_region regions[REGIONS_MAX];
        char link[TREE_PATH_MAX];
        struct dmar_path path;
        struct doc *list;
        const char *table;
        size_t size, count;

        if (tree_borrow(tree, DMAR_PATH, DMAR_MAX, &table, &size) < 0 ||
            dmar_reserved(table, size, NULL, regions, 1) == 0 ||
            !tree_link_path(tree, link, "%s", folder) || !dmar_path_parse(link, &path))
                return;
        count = dmar_reserved(table, size, &path, regions, REGIONS_MAX);
        if (count == 0)
                return;
        list = doc_list();
        for (size_t i = 0; i < count; i++) {
                struct doc *region = doc_object();
                char text[24];

                snprintf(text, sizeof(text), "0x%" PRIx64, regions[i].start);
                (void)doc_set_text(region, "start", text);
                snprintf(text, sizeof(text), "0x%" PRIx64, regions[i].end);
                (void)doc_set_text(region, "end", text);
                (void)doc_append(list, region);
        }
        (void)doc_set(function, "reserved_memory", list);
}

/* All ids in one file that the kernel has at hand: a read of the card itself takes its time. */
static bool read_ids(struct tree *tree, const char *folder, struct pci_config *ret)
{
        char text[TREE_LINE_SIZE];
        uint64_t revision;

        if (!tree_line(tree, text, "%s/modalias", folder) || !pci_modalias_parse(text, ret) ||
            !tree_number(tree, &revision, "%s/revision", folder))
                return false;
        ret->revision = (uint8_t)revision;
        return true;
}

/* From the card. False if there is nothing to read. */
static bool take_config(struct tree *tree, const char *folder, size_t config_size,
                        struct doc *function, struct pci_config *config)
{
        char path[TREE_PATH_MAX], bytes[PCI_CONFIG_EXTENDED];
        size_t size = 0;

        snprintf(path, sizeof(path), "%s/config", folder);
        if (tree_read_into(tree, path, bytes, config_size, &size) < 0 ||
            !pci_config_parse(bytes, size, config))
                return false;
        if (size > HEADER_OF_ANYBODY)
                set_link(function, config);
        if (config->is_express)
                (void)doc_set_bool(function, "function_reset", config->has_function_reset);
        if (size > PCI_CONFIG_SIZE && config->is_express)
                (void)doc_set_bool(function, "acs", config->has_acs);
        return true;
}

struct doc *pci_function_take(struct tree *tree, const char *address, size_t config_size,
                              struct pci_config *config)
{
        static const struct field files[] = {
                PCI_FUNCTION_FIELDS,
                {.name = NULL},
        };
        struct doc *function = doc_object();
        char folder[TREE_PATH_MAX], path[TREE_PATH_MAX + 32];
        struct pci_config ids;
        bool has_config;

        snprintf(folder, sizeof(folder), PCI_DEVICES "/%s", address);
        (void)doc_set_text(function, "address", address);
        *config = (struct pci_config){0};
        has_config = (!tree_is_own(tree) || config_size > PCI_CONFIG_SIZE) &&
                     take_config(tree, folder, config_size, function, config);
        if (read_ids(tree, folder, &ids)) {
                set_ids(function, &ids);
        } else if (has_config) {
                set_ids(function, config);
        } else {
                for (size_t i = 0; i < ARRAY_SIZE(id_files); i++) {
                        snprintf(path, sizeof(path), "%s/%s", folder, id_files[i]);
                        probe_set_text(tree, function, id_files[i], path);
                }
        }
        if (!doc_get(function, "link"))
                set_link_from_files(tree, folder, function);
        fields_read(tree, folder, files, function);
        set_reset(tree, folder, function);
        set_reserved(tree, folder, function);
        set_sriov(tree, folder, config, function);
        return function;
}

/* The kernel gives a function with such memory to nobody, but for displays and USB hosts, whose
 * firmware needs it only while the machine starts. */
static bool is_locked(const struct doc *function)
{
        const char *text = doc_get_text(function, "class");
        const unsigned long class = text ? strtoul(text, NULL, 16) : 0;

        return doc_get(function, "reserved_memory") && class >> 16 != CLASS_DISPLAY &&
               class >> 8 != CLASS_USB;
}

bool pci_is_bridge(const struct doc *function)
{
        const char *class = doc_get_text(function, "class");

        return class && strtoul(class, NULL, 16) >> 16 == CLASS_BRIDGE;
}

struct doc *pci_passthrough(const struct doc *function, const char *with)
{
        const char *group = doc_get_text(function, "iommu_group");
        struct doc *verdict = doc_object();
        char reason[TREE_LINE_SIZE];
        bool is_possible = false;

        if (pci_is_bridge(function)) {
                snprintf(reason, sizeof(reason), "it is a bridge");
        } else if (!group) {
                snprintf(reason, sizeof(reason), "the kernel uses no IOMMU for it");
        } else if (with && with[0]) {
                snprintf(reason, sizeof(reason), "its IOMMU group %s has others in it: %s", group,
                         with);
        } else if (is_locked(function)) {
                snprintf(reason, sizeof(reason), "the firmware keeps memory for it (RMRR)");
        } else if (!doc_get(function, "reset_methods") &&
                   !doc_get_bool(function, "function_reset", false)) {
                is_possible = true;
                snprintf(reason, sizeof(reason),
                         "alone in IOMMU group %s, but no way is known to reset it", group);
        } else {
                is_possible = true;
                snprintf(reason, sizeof(reason), "alone in IOMMU group %s", group);
        }
        (void)doc_set_bool(verdict, "possible", is_possible);
        field_set_text(verdict, "reason", reason);
        return verdict;
}
