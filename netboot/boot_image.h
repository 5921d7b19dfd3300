/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The boot image of UEFI HTTP Boot, with the script of one machine in it. Any thread. */

#include "lib/serve/serve.h"
#include "netboot/assets.h"

/* Firmware tells by it, as by the end of the name, that it is a disk (UEFI 2.10 24.7.4). */
#define BOOT_IMAGE_TYPE "application/vnd.efi-img"

struct boot_image {
        struct asset_file file;
        char name[WIRE_NAME_SIZE];
        struct serve_patches patches; /* site.cpio, and the script: their bytes are the caller's */
        uint64_t site_size;
};

/* As it came from the controller, with neither. 0, or as assets_open(). */
int boot_image_open(struct assets *assets, struct boot_image *ret);

/**
 * boot_image_fill() - what takes the place of its two files
 * @image:   as opened
 * @script:  of GRUB
 *
 * Return: 0; -ENOENT: there is no site.cpio; -EBADMSG: it is no image that has places for both;
 * -EFBIG if one is too small; -ENOMEM, -errno of reading.
 */
int boot_image_fill(struct assets *assets, const char *script, size_t size,
                    struct boot_image *image);
/* What was not taken out of it. */
void boot_image_done(struct boot_image *image);
#define _boot_image_ __attribute__((cleanup(boot_image_done)))
