/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The tiny worker: the image of a disk with Debian's cloud kernel and one
 * program, cloudie-worker, as its first process. It is what an installation is
 * tried with; it boots by BIOS and by UEFI, with Secure Boot too, from NVMe. Its
 * disk is that of mkimage/layout.h, its root file system ext4, with the label root.
 */

#include <stdint.h>

#define WORKER_MIN_MIB     56      /* loaders, kernel and program, and ext4's own */
#define WORKER_MAX_MIB     1048576 /* a terabyte: nobody installs a larger test worker */
#define WORKER_DEFAULT_MIB 80

struct worker_options {
        const char *programs;   /* folder of the static cloudie-worker */
        const char *output;     /* file; replaced when the new image is whole */
        const char *kernel_deb; /* NULL: what linux-image-cloud-amd64 stands for, by apt */
        const char *cache;      /* folder of what apt downloads */
        uint64_t size_mib;      /* of the image */
};

/**
 * worker_build() - make the image
 * @error:  MKIMAGE_ERROR_SIZE bytes: one sentence
 *
 * The same kernel, GRUB, program and size give the same bytes.
 *
 * Return: 0 or negative errno; what was in @options->output is then untouched.
 */
int worker_build(const struct worker_options *options, char *error);
