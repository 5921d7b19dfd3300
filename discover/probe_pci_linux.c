/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci: every function, and whether a virtual machine could have it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/pci_function.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct field function_fields[] = {
        PCI_FUNCTION_FIELDS,
        {.name = "passthrough", .kind = FIELD_OBJECT, .inner = pci_passthrough_fields, .help = "can a virtual machine have it"},
        {.name = "vpd", .kind = FIELD_OBJECT, .inner = pci_vpd_fields, .help = "what the card keeps of itself"},
        {.name = NULL},
};

const struct field pci_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = function_fields, .help = "a function each"},
        {.name = NULL},
};
/* clang-format on */

void probe_pci(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        /* The rest of it is read beside, where a card has to be asked: probe_acs_linux.c. */
        const size_t size = tree_is_own(context->tree) ? PCI_CONFIG_SIZE : PCI_CONFIG_EXTENDED;

        /* A machine without PCI has no such folder: nothing to say, and nothing wrong. */
        (void)tree_list(context->tree, PCI_DEVICES, &names);
        for (size_t i = 0; i < names.count; i++) {
                struct pci_config config;

                if (probe_begin(context, names.names[i]))
                        probe_item(context,
                                   pci_function_take(context->tree, names.names[i], size, &config));
        }
}

/* Functions by their groups; those without one come first. */
struct grouped {
        const char *group;
        struct doc *function;
};

static int compare_groups(const void *a, const void *b)
{
        const struct grouped *x = a, *y = b;

        return strcmp(x->group ? x->group : "", y->group ? y->group : "");
}

static void judge(struct grouped *members, size_t count, const struct grouped *one)
{
        char with[TREE_LINE_SIZE / 2] = "";
        size_t used = 0;

        for (size_t i = 0; i < count && one->group; i++) {
                const char *address = doc_get_text(members[i].function, "address");
                const size_t left = sizeof(with) - used;

                if (members[i].function == one->function || pci_is_bridge(members[i].function))
                        continue;
                if (left <= strlen(address) + sizeof(", ...")) {
                        (void)text_copy(with + used, left, ", ...");
                        break;
                }
                used += (size_t)snprintf(with + used, left, "%s%s", used > 0 ? ", " : "", address);
        }
        (void)doc_set(one->function, "passthrough", pci_passthrough(one->function, with));
}

void pci_finish(struct doc *section)
{
        struct doc *items = doc_get(section, "items");
        const size_t count = doc_count(items);
        _free_ struct grouped *all = calloc(count + 1, sizeof(*all));

        for (size_t i = 0; all && i < count; i++) {
                all[i].function = doc_at(items, i);
                all[i].group = doc_get_text(all[i].function, "iommu_group");
        }
        if (!all)
                return;
        qsort(all, count, sizeof(*all), compare_groups);
        for (size_t first = 0, end; first < count; first = end) {
                for (end = first + 1; end < count && compare_groups(&all[first], &all[end]) == 0;)
                        end++;
                for (size_t i = first; i < end; i++)
                        judge(all + first, all[first].group ? end - first : 0, &all[i]);
        }
}
