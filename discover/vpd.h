/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Vital product data of SCSI disks (SPC-4 7.8, SBC-4 6.6), as sysfs shows the pages. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VPD_PAGE_MAX  4096
#define VPD_TEXT_SIZE 256

/* Page 0x80: the unit's serial number, without blanks at its ends. False if it has none. */
bool vpd_serial(const void *page, size_t size, char to[static VPD_TEXT_SIZE]);

/*
 * Page 0x89 (SAT-4 12.4.2): what a disk behind a translation from ATA says of itself, whole;
 * SCSI's own fields have room for its first 16 bytes. False if the page does not tell.
 */
struct vpd_ata {
        char model[41], firmware[9];
};
bool vpd_ata_identity(const void *page, size_t size, struct vpd_ata *ret);

/* Page 0xb1: rotations a minute; 0: it does not turn. False if the page does not tell. */
bool vpd_rotation(const void *page, size_t size, uint16_t *ret);
