/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The Debian worker: the image of a disk with a Debian 12 system that takes its
 * name, users, keys and network from the installer's seed, by cloud-init. It
 * boots by BIOS and by UEFI, with Secure Boot too, on any hardware that Debian's
 * kernel knows. Its disk is that of mkimage/layout.h.
 */

#include "mkimage/worker.h"
#include "mkimage/workshop.h"

/**
 * debian_build() - make the image
 * @shop:   where it may work; the packages are unpacked in TMPDIR by mmdebstrap
 * @image:  file that is not there yet
 * @error:  MKIMAGE_ERROR_SIZE bytes: one sentence
 *
 * Without root by a user namespace, or by fakechroot where those are forbidden. The same packages,
 * programs, options and time give the same bytes.
 *
 * Return: 0 or negative errno: -ENOENT for a program that is missing, -EFBIG if it does not fit
 * into @options->size_mib.
 */
int debian_build(const struct worker_options *options, const struct workshop *shop,
                 const char *image, char *error);
