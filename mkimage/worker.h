/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The image of a worker's disk: the Debian worker (mkimage/debian.h), or the tiny one.
 *
 * The tiny worker: the image of a disk with Debian's cloud kernel and one
 * program, cloudie-worker, as its first process. It is what an installation is
 * tried with; it boots by BIOS and by UEFI, with Secure Boot too, from NVMe. Its
 * disk is that of mkimage/layout.h, its root file system ext4, with the label root.
 */

#include <stdbool.h>
#include <stdint.h>

#define WORKER_MIN_MIB     56      /* loaders, kernel and program, and ext4's own */
#define WORKER_MAX_MIB     1048576 /* a terabyte: nobody installs a larger test worker */
#define WORKER_DEFAULT_MIB 80

/* The Debian worker: half of it is used; the root grows to its disk. */
#define WORKER_DEBIAN_MIB     1024
#define WORKER_DEBIAN_MIN_MIB 768

struct worker_options {
        bool is_tiny;
        const char *programs;   /* folder of the static cloudie-worker */
        const char *output;     /* file; replaced when the new image is whole */
        const char *kernel_deb; /* of the tiny one. NULL: what linux-image-cloud-amd64 stands for,
                                   by apt */
        const char *cache;      /* folder of what apt downloads */
        uint64_t size_mib;      /* of the image */
        /* Of the Debian worker alone: */
        const char *mirror;                 /* URL; NULL: what this machine's apt is set up with */
        uint64_t time_s;                    /* SOURCE_DATE_EPOCH: nothing in it is younger */
        void (*progress)(const char *text); /* a step begins; on any thread. NULL: nobody listens */
};

/**
 * worker_build() - make the image
 * @error:  MKIMAGE_ERROR_SIZE bytes: one sentence
 *
 * The same packages, program and options give the same bytes.
 *
 * Return: 0 or negative errno; what was in @options->output is then untouched.
 */
int worker_build(const struct worker_options *options, char *error);
