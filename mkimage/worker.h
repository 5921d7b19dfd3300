/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The tiny worker: the image of a disk with Debian's cloud kernel and one
 * program, cloudie-worker, as its first process. It is what an installation is
 * tried with; it boots by BIOS from NVMe.
 *
 *   1  BIOS boot   1 MiB at 1 MiB   GRUB
 *   2  cidata      4 MiB            FAT, label CIDATA, empty: the installer's seed goes here
 *   3  root        the rest         ext4, label root; last, so that it can grow
 */

#include <stdint.h>

#define WORKER_MIN_MIB     48      /* the kernel and the program, and ext4's own */
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
