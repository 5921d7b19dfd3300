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

struct grub_options {
        const char *cache; /* as of package_fetch(); needed if grub-pc-bin is not installed */
        const char *configuration;  /* the commands; $root is the boot disk's @partition */
        unsigned partition;         /* counted from 1 */
        const char *const *modules; /* NULL-ended: what the commands need besides linux; or NULL */
};

/**
 * grub_make() - boot.img, and a core.img that runs a few commands
 * @shop:  where it may work
 * @ret:   end with grub_done()
 *
 * Return: 0 or negative errno; @error says what: -ENOENT for a program that is missing; -E2BIG for
 * more modules than GRUB_MODULES_MAX.
 */
#define GRUB_MODULES_MAX 12
int grub_make(const struct workshop *shop, const struct grub_options *options, char *error,
              struct grub *ret);
void grub_done(struct grub *grub);

/**
 * grub_patch() - tell both where core.img lies
 * @sector:  of the disk, where core.img begins
 *
 * Return: 0; -EBADMSG if they are not as GRUB 2 makes them: nothing is changed then.
 */
int grub_patch(struct grub *grub, uint64_t sector);
