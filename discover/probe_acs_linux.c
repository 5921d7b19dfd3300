/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * acs: what stands far behind in the configuration space of a PCI Express function
 *
 * Four kilobytes, and each four bytes of them are asked of the card, in a virtual machine of its
 * host: this runs beside the other probes. Captures are read there and then.
 */
#include <stdio.h>

#include "discover/pci_function.h"
#include "discover/probe.h"

static void take_acs(struct probe_context *context, const char *address)
{
        char path[TREE_PATH_MAX], bytes[PCI_CONFIG_EXTENDED];
        struct pci_config config;
        struct doc *found;
        size_t size;

        snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", address);
        if (tree_read_into(context->tree, path, bytes, sizeof(bytes), &size) < 0 ||
            size <= PCI_CONFIG_SIZE || !pci_config_parse(bytes, size, &config) ||
            !config.is_express)
                return;
        found = doc_object();
        (void)doc_set_text(found, "address", address);
        (void)doc_set_bool(found, "acs", config.has_acs);
        probe_item(context, found);
}

void probe_acs(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        if (!tree_is_own(context->tree))
                return;
        (void)tree_list(context->tree, PCI_DEVICES, &names);
        for (size_t i = 0; i < names.count; i++)
                if (tree_has(context->tree, PCI_DEVICES "/%s/max_link_width", names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        take_acs(context, names.names[i]);
}
