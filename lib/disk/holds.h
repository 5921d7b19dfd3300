/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a disk holds, by libblkid. */

#include <stddef.h>

#define DISK_HOLDS_SIZE 200

/**
 * disk_holds() - partition tables, file systems, RAID and LVM members on a whole disk
 * @fd:   open for reading; the caller's
 * @ret:  one line, "a gpt partition table with 3 partitions (vfat, ext4)"; "" if it holds nothing
 *
 * Return: 0, -errno of reading, -ENOMEM.
 */
int disk_holds(int fd, char ret[static DISK_HOLDS_SIZE]);

/* Removes every signature that libblkid knows on this disk, of a disk or partition open for
 * writing. 0 or -errno. */
int disk_wipe(int fd);
