/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The EFI system partition of a disk that we make: Debian's signed shim and GRUB, so that it starts
 * with Secure Boot on as with it off, by firmware that knows no entry for it.
 *
 *   EFI/BOOT/BOOTX64.EFI   shim
 *   EFI/BOOT/grubx64.efi   GRUB, which shim loads from its own folder
 *   EFI/debian/grub.cfg    where that GRUB looks, whatever folder it came from
 */

#include <stdint.h>

#include "mkimage/workshop.h"

/* The least for both loaders, 5.3 MB in Debian 12. A system whose packages update them in place
 * needs as much again and more. */
#define ESP_MIN_SIZE ((uint64_t)8 << 20)

struct esp_options {
        const char *configuration; /* GRUB's commands; $root is this partition: "hd0,gpt2" */
        const char *cache;         /* as of package_fetch() */
        uint32_t id;               /* of the volume */
        uint64_t size;             /* bytes: FAT_MAX_SIZE at most */
};

/**
 * esp_make() - the whole volume
 * @shop:   where it may work
 * @error:  MKIMAGE_ERROR_SIZE bytes: one sentence
 * @ret:    @options->size bytes, the caller's; the same each time
 *
 * The loaders are those of the installed packages shim-signed and grub-efi-amd64-signed, or else
 * out of the packages themselves.
 *
 * Return: 0; -ENOSPC if they do not fit; -EINVAL for another size; what package_read() returns.
 */
int esp_make(const struct workshop *shop, const struct esp_options *options, char *error,
             uint8_t **ret);
