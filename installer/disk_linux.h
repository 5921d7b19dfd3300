/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The disk of the plan: found by what stays with it, opened for us alone, written. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/disk/gpt.h"
#include "lib/node/operation.h"

struct disk {
        int fd;        /* -EBADF before disk_open() */
        char name[32]; /* "nvme0n1" */
        uint64_t size; /* bytes */
        uint32_t sector_size;
        bool is_read_only;
        bool is_regular; /* a file that plays the disk */
};

/**
 * disk_find() - the disk that has this serial number and WWN
 * @root:    before /sys and /dev; ""
 * @wanted:  its name is not looked at: names change from boot to boot
 * @ret:     all but its descriptor; written only on success
 *
 * Return: 0, -ENODEV: none, -ENOTUNIQ: more than one, -errno.
 */
int disk_find(const char *root, const struct disk_id *wanted, struct disk *ret);

/* A server has a boot disk or two, and may have dozens more, without such a partition. */
#define DISK_MAX_NEIGHBOURS 64

/**
 * disk_neighbours() - which EFI system partitions the other disks of this machine have
 * @mine:  of disk_find(); not looked at
 * @ret:   their unique GUIDs, of each disk the first
 *
 * Reads the heads of all other disks. One that does not answer, or has no table, has none.
 *
 * Return: how many, DISK_MAX_NEIGHBOURS at most.
 */
size_t disk_neighbours(const char *root, const struct disk *mine,
                       struct gpt_guid ret[static DISK_MAX_NEIGHBOURS]);

/* Who stands on the disk or on a partition of it: "md0". 0, or -ENOENT: nobody. */
int disk_holder(const char *root, const char *name, char ret[static 32]);

/* For us alone; its size is read anew. 0, -EBUSY, -errno. */
int disk_open(const char *root, struct disk *disk);

/*
 * After disk_open(): what was opened is still the one disk that was looked for. While it is open,
 * the kernel gives its name to no other. 0; -ESTALE: another disk took its place meanwhile.
 */
int disk_confirm(const char *root, const struct disk_id *wanted, const struct disk *disk);

/*
 * Whether writes go around the page cache from here on. Not all can: then they do not.
 * They must then begin at a multiple of the sector size, with bytes that lie at a multiple of
 * DISK_ALIGN; a write that is refused all the same is done again through the cache.
 */
void disk_set_direct(const struct disk *disk, bool is_direct);
#define DISK_ALIGN 4096

int disk_write(const struct disk *disk, uint64_t offset, const void *bytes, size_t size);

/* Reads as zero afterwards: by the device's own means, else written. */
int disk_zero(const struct disk *disk, uint64_t offset, uint64_t size);

/* All that was written is on the medium. 0 or -errno */
int disk_sync(const struct disk *disk);

/* Has the kernel read the partition table anew. 0 or -errno; nothing on a regular file. */
int disk_reread(const struct disk *disk);
