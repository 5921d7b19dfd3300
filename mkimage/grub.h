/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* GRUB for BIOS machines, placed by hand: grub-install wants root and a device. */

#include <stddef.h>
#include <stdint.h>

#include "mkimage/workshop.h"

#define GRUB_SECTOR         512
#define GRUB_BOOT_CODE_SIZE 440 /* of the first sector; the partition table's part follows */

struct grub {
        uint8_t boot[GRUB_SECTOR]; /* boot.img, the first sector of the disk */
        char *core;                /* core.img, for the BIOS boot partition */
        size_t core_size;
};

/**
 * grub_make() - boot.img, and a core.img that runs a few commands
 * @shop:           where it may work
 * @cache:          as of package_fetch(); needed if grub-pc-bin is not installed
 * @configuration:  the commands; $root is the boot disk's @partition, counted from 1
 * @ret:            end with grub_done()
 *
 * Return: 0 or negative errno; @error says what: -ENOENT for a program that is missing.
 */
int grub_make(const struct workshop *shop, const char *cache, const char *configuration,
              unsigned partition, char *error, struct grub *ret);
void grub_done(struct grub *grub);

/**
 * grub_patch() - tell both where core.img lies
 * @sector:  of the disk, where core.img begins
 *
 * Return: 0; -EBADMSG if they are not as GRUB 2 makes them: nothing is changed then.
 */
int grub_patch(struct grub *grub, uint64_t sector);
