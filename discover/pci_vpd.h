/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Vital product data of a PCI card (PCI 3.0 appendix I): what it is, and its serial number. */

#include <stdbool.h>
#include <stddef.h>

#define PCI_VPD_MAX                                                                                \
        1024 /* the part for reading; each four bytes of it are a message to the card              \
              */
#define PCI_VPD_TEXT 256

struct pci_vpd {
        char name[PCI_VPD_TEXT];   /* "": not told; as all of these */
        char part[PCI_VPD_TEXT];   /* PN */
        char serial[PCI_VPD_TEXT]; /* SN */
        char change[PCI_VPD_TEXT]; /* EC: engineering change level */
};

/* False if it is no such data. What is cut off tells what stands before the cut. */
bool pci_vpd_parse(const void *bytes, size_t size, struct pci_vpd *ret);
