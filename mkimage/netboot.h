/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The netboot package: what cloudie-netbootd serves to a machine that boots.
 *
 *   vmlinuz               Debian's kernel, with Debian's signature
 *   discovery.initrd      stage one
 *   stage-two.squashfs    stage two
 *   undionly.kpxe         iPXE, for BIOS machines
 *   shimx64.efi           Debian's shim, for UEFI machines, with Microsoft's signature
 *   grubx64.efi           Debian's GRUB for the network, which shim loads; signed by Debian
 *   boot.img              all of these for UEFI HTTP Boot, as one disk: mkimage/boot_image.h
 *   manifest.json         sizes and hashes of the above
 */

struct netboot_options {
        const char *programs;   /* folder of the static programs */
        const char *output;     /* folder; replaced when the new package is whole */
        const char *kernel_deb; /* NULL: what linux-image-amd64 stands for, by apt */
        const char *cache;      /* folder of what apt downloads */
        int level;              /* of compression, 1 to 19 */
};

/**
 * netboot_build() - make the package
 * @error:  MKIMAGE_ERROR_SIZE bytes: one sentence
 *
 * The same kernel, programs, lists and level give the same bytes.
 *
 * Return: 0 or negative errno; what was in @options->output is then untouched.
 */
int netboot_build(const struct netboot_options *options, char *error);
