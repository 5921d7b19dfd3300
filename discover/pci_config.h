/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The configuration space of a PCI function (PCI 3.0 6.1, PCI Express Base 5.0 7.5, 7.8):
 * 64 bytes for anybody, 256 or 4096 for root.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_SIZE     256
#define PCI_CONFIG_EXTENDED 4096
#define PCI_BARS            6

struct pci_config {
        uint16_t vendor, device, subsystem_vendor, subsystem_device; /* subsystem: 0 if none */
        uint32_t class_code;                                         /* 24 bits */
        uint8_t revision;
        bool is_bridge;
        bool is_express; /* the following is known */
        bool has_function_reset;
        uint8_t link_speed, link_width, max_speed, max_width; /* speed: generation; 0: not told */
        bool has_acs;
        uint16_t virtual_functions;      /* of SR-IOV; 0: none */
        uint64_t resizable_to[PCI_BARS]; /* bytes that a BAR can grow to; 0: it cannot */
};

/* False if it is no function's: shorter than 64 bytes, or all ones as from a dead card. */
bool pci_config_parse(const void *bytes, size_t size, struct pci_config *ret);

/* Of a generation: 3 -> "8.0 GT/s"; NULL if it is not known. */
const char *pci_speed_text(uint8_t generation);

/* Ids, class and all but the revision out of
 * "pci:v00008086d00000D57sv00000000sd00000000bc06sc00i00". */
bool pci_modalias_parse(const char *text, struct pci_config *ret);
