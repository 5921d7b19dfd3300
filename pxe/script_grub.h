/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A boot plan as a script of GRUB, Debian's signed one for the network. Pure. */

#include "pxe/script.h"

/* Where that GRUB looks for its configuration, whatever folder it came from. */
#define PXE_GRUB_CONFIGURATION "grub/grub.cfg"

/**
 * pxe_grub_configuration_write() - what GRUB is to do: fetch its plan, do it, and ask again
 *
 * The same for every machine: GRUB itself puts its MAC into the name of its plan.
 *
 * Return: as pxe_script_write().
 */
int pxe_grub_configuration_write(const struct pxe_site *site, char to[static PXE_SCRIPT_SIZE],
                                 size_t *ret_size);

/* As pxe_script_write(). All files come by TFTP, whatever the site's protocol: that GRUB speaks
 * nothing else. One that ends without having booted is asked for again after 5 seconds. */
int pxe_grub_script_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                          char to[static PXE_SCRIPT_SIZE], size_t *ret_size);

/* The same inside of the boot image, which GRUB has begun from: kernel and ramdisks are in it, and
 * nothing is asked of the network. One that ends without having booted restarts the machine after
 * 10 seconds, which then asks for another image. */
int pxe_grub_image_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                         char to[static PXE_SCRIPT_SIZE], size_t *ret_size);
