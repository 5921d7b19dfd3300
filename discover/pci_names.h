/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Names of PCI ids, out of the list that the PCI ID repository keeps (pci.ids, its format
 * in its head and in pci.ids(5)): a vendor a line, its devices behind one tab, cards of these
 * behind two; classes in the same way, behind a C.
 *
 * The list has 36,000 lines, and a machine some dozens of ids: they are collected first
 * and found in one pass.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pci_name_kind {
        PCI_NAME_VENDOR,
        PCI_NAME_DEVICE,    /* of a vendor */
        PCI_NAME_SUBSYSTEM, /* a card with that device */
        PCI_NAME_CLASS,
        PCI_NAME_SUBCLASS, /* of a class */
};

struct pci_name {
        enum pci_name_kind kind;
        uint64_t id;      /* pci_name_id() */
        const char *text; /* into the list; NULL: it has none */
        size_t len;
};

/*
 * 16 bits each, the first is the highest: vendor, device, vendor and device of the card; class and
 * subclass. What a kind does not have is 0.
 */
uint64_t pci_name_id(uint16_t first, uint16_t second, uint16_t third, uint16_t fourth);

/* Sorts and makes unique; returns how many are left. */
size_t pci_names_sort(struct pci_name *names, size_t count);

/**
 * pci_names_find() - one pass over the list
 * @names:  sorted; gets texts, which stand in @bytes
 *
 * Lines that are not as they should be are passed over. Of two of the same id the first counts.
 */
void pci_names_find(const void *bytes, size_t size, struct pci_name *names, size_t count);

/* NULL: it is not among @names, or the list has no name for it. */
const struct pci_name *pci_names_get(const struct pci_name *names, size_t count,
                                     enum pci_name_kind kind, uint64_t id);

/* A list with these names alone, the caller's to free; it gives the same answers. NULL without
 * memory. */
char *pci_names_write(const struct pci_name *names, size_t count, size_t *ret_size);
