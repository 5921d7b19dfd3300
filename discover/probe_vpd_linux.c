/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vpd: what PCI cards keep in a memory of their own
 *
 * Each four bytes are asked of the card, and some take milliseconds for them, or
 * never answer: this runs beside the other probes, with a deadline a card.
 */
#include <stdio.h>

#include "discover/pci_function.h"
#include "discover/pci_vpd.h"
#include "discover/probe.h"

/* clang-format off */
const struct field pci_vpd_fields[] = {
        {.name = "name",   .kind = FIELD_TEXT, .help = "as its maker calls it"},
        {.name = "part",   .kind = FIELD_TEXT, .help = "part number"},
        {.name = "serial", .kind = FIELD_TEXT, .is_identity = true, .help = "serial number"},
        {.name = "change", .kind = FIELD_TEXT, .help = "engineering change level"},
        {.name = NULL},
};
/* clang-format on */

static void take_vpd(struct probe_context *context, const char *address)
{
        char path[TREE_PATH_MAX], bytes[PCI_VPD_MAX];
        struct doc *found, *doc;
        struct pci_vpd vpd;
        size_t size;

        snprintf(path, sizeof(path), PCI_DEVICES "/%s/vpd", address);
        if (tree_read_into(context->tree, path, bytes, sizeof(bytes), &size) < 0 ||
            !pci_vpd_parse(bytes, size, &vpd))
                return;
        found = doc_object();
        doc = doc_object();
        field_set_text(doc, "name", vpd.name);
        field_set_text(doc, "part", vpd.part);
        field_set_text(doc, "serial", vpd.serial);
        field_set_text(doc, "change", vpd.change);
        (void)doc_set_text(found, "address", address);
        (void)doc_set(found, "vpd", doc);
        probe_item(context, found);
}

void probe_vpd(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, PCI_DEVICES, &names);
        for (size_t i = 0; i < names.count; i++)
                if (tree_has(context->tree, PCI_DEVICES "/%s/vpd", names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        take_vpd(context, names.names[i]);
}
