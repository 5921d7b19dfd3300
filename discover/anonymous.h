/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* An inventory, and a snapshot, that do not tell whose machine it is. */

#include "discover/mask.h"
#include "discover/snapshot.h"
#include "lib/doc/value.h"

/**
 * anonymous_mask() - a mask that knows all that names this machine
 * @inventory:  whole; its fields that are an identity count
 * @host_name:  may be NULL
 *
 * NULL without memory.
 */
struct mask *anonymous_mask(const struct doc *inventory, const char *host_name,
                            const uint8_t key[static SIPHASH_KEY_SIZE]);

/* Masks all that is in it; of what no probe understands, and may hold anything, nothing stays.
 * 0, -ENOMEM. */
int anonymous_snapshot(struct mask *mask, struct snapshot *snapshot);

/* A copy of a document with its texts masked; NULL without memory. */
struct doc *anonymous_document(const struct mask *mask, const struct doc *document);

/* Learns the serials and asset tags of an SMBIOS table, and blanks in it what makers made up. */
int anonymous_smbios(struct mask *mask, uint8_t *table, size_t size);

/* A PCI function's configuration space: the serial number in it, often a MAC. */
void anonymous_pci_config(uint8_t *bytes, size_t size);

/* A card's vital product data: all but its name, part number, serial and change level. */
void anonymous_pci_vpd(uint8_t *bytes, size_t size);

/* What a device told, by the path that it has in a snapshot: of a page that is known, the bytes
 * that no probe reads. */
void anonymous_page(const char *path, uint8_t *bytes, size_t size);
