/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Boots: what firmware would find to start on a disk. Pure: sectors in, facts out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/reader.h"

#define DISK_BOOTS_SECTOR                                                                          \
        512 /* of an MBR, and of what tells a FAT volume, whatever the disk's is */

struct disk_boots {
        bool has_bios; /* a BIOS jumps into code that goes on to a system */
        unsigned esp;  /* number of the EFI system partition, from 1; 0: there is none */
};

/**
 * disk_boots_parse() - by the disk's partition tables
 * @head:         its first gpt_head_size() bytes, or as many as there are
 * @sector_size:  the disk's logical sector, 512 or 4,096
 *
 * A BIOS is said to find a system where sector 0 is signed and holds code, and one of: a partition
 * is marked active, there is a BIOS boot partition, the code is GRUB's, which needs neither. Code
 * alone is nothing: who makes a table often writes some that only says "no system".
 *
 * What cannot be read as a table boots nothing. @ret is always filled.
 */
void disk_boots_parse(struct reader head, uint32_t sector_size, struct disk_boots *ret);

/* Whether a partition begins as a FAT volume does: an EFI system partition without one boots
 * nothing. @start: its first DISK_BOOTS_SECTOR bytes. */
bool disk_boots_is_volume(struct reader start);
