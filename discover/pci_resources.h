/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The "resource" file of a PCI function: a line a region, "0xSTART 0xEND 0xFLAGS". */

#include <stdbool.h>
#include <stdint.h>

struct pci_resource {
        uint64_t size; /* bytes; 0: not there */
        bool is_memory, is_prefetchable;
};

/* Takes the next line, the rest of @at. False at the end, and at a line that is no such line. */
bool pci_resource_next(const char **at, struct pci_resource *ret);
