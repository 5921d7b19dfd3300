/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Install: one run of cloudie-install, and what its steps hand to one another.
 * docs/protocol.md has the steps; install.c has their table.
 */

#include <stdbool.h>
#include <stdint.h>

#include "image/frame.h"
#include "installer/disk_linux.h"
#include "installer/image_fetch.h"
#include "installer/job.h"
#include "installer/report.h"
#include "lib/disk/gpt.h"

struct install_options {
        const char *root; /* before /sys and /dev; "" on a real machine */
        bool is_dry_run;  /* looks at disk and image, writes nothing */
        uint32_t patience_ms;
};

/* Where the seed goes. */
struct seed_place {
        int partition; /* index */
        uint64_t offset, size;
        bool is_appended; /* not of the image: made for it at the disk's end */
};

struct install {
        const struct job *job;
        const struct public_key *key;
        const struct install_options *options;
        struct report report;

        /* Since `check`. */
        struct disk disk;
        struct gpt_guid neighbours[DISK_MAX_NEIGHBOURS]; /* of disk_neighbours() */
        size_t neighbour_count;

        /* Since `image`. */
        struct image_source source;
        struct image_manifest manifest;
        uint8_t *table_bytes;
        struct image_table *table;
        uint8_t *head; /* frame 0: not on the disk before `table` */
        uint32_t head_size;
        struct gpt gpt; /* as it will be on this disk */
        struct seed_place seed;
};

/**
 * install_run() - all steps that the plan asks for
 *
 * Return: 0 when all are done; else a negative errno, and the last line that was
 *         printed has the step that failed, its cause and its evidence.
 */
int install_run(const struct job *job, const struct public_key *key,
                const struct install_options *options);

/*
 * Says that the running step failed. The first that says so counts: others of the
 * step's threads fail in its wake. Returns -ECANCELED.
 */
int install_fail(struct install *in, enum node_cause cause, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The steps; each 0, or what install_fail() returned. @text: EVENT_TEXT_SIZE bytes, what was done.
 */
int install_check(struct install *in, char *text);
int install_image(struct install *in, char *text);
int install_wipe(struct install *in, char *text);
int install_write(struct install *in, char *text);
int install_seed(struct install *in, char *text);
int install_table(struct install *in, char *text);
int install_boot(struct install *in, char *text);

/* Of install_image(): fits the image's partition table to the disk, in memory. */
int install_layout(struct install *in);

/**
 * install_confine() - nothing is written but what lies below /dev, and boot entries
 * @name:  of the program, at its start: also no exec, and nobody connects to it. NULL: only the
 * boot entries are left, and no device can be opened, as the disk is open
 * @root:  as in install_options
 *
 * Before the threads are made. Return: 0, -errno.
 */
int install_confine(const char *name, const char *root);

/* Whether the firmware has boot entries to set. */
bool install_is_uefi(const struct install *in);

/* Bytes to the disk, but what lies in the first frame: that goes into its copy in memory. 0 or
 * -errno. */
int install_place(struct install *in, uint64_t offset, const void *bytes, size_t size);
