/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The boot image: what firmware loads by UEFI HTTP Boot as a disk in its memory. Debian's signed
 * GRUB speaks no HTTP, so that all it needs is in there; it asks the network for nothing.
 *
 *   EFI/BOOT/BOOTX64.EFI   shim
 *   EFI/BOOT/grubx64.efi   GRUB for the network: its prefix is /grub wherever it came from
 *   vmlinuz, discovery.initrd
 *   site.cpio, grub/grub.cfg   places that cloudie-netbootd writes over for each machine
 *
 * The last two are BOOT_IMAGE_... bytes large, each in one piece: docs/protocol.md.
 */

#include <stddef.h>

/* An archive of three small files, of which a chain of certificates is the largest. */
#define BOOT_IMAGE_SITE_SIZE ((size_t)64 << 10)
/* A script of cloudie-netbootd has 4 KiB at most. */
#define BOOT_IMAGE_SCRIPT_SIZE ((size_t)8 << 10)

/**
 * boot_image_write() - out of a package that is ready but for it
 * @package:  folder of vmlinuz, discovery.initrd, shimx64.efi, grubx64.efi
 * @to:       the file; it must not exist
 * @error:    MKIMAGE_ERROR_SIZE bytes: one sentence
 *
 * The same files give the same bytes. Return: 0; -ENOSPC if they do not fit; negative errno.
 */
int boot_image_write(const char *package, const char *to, char *error);
