/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who uses a disk or a partition: what is made of it, and where it is mounted. */

#include "discover/probe.h"

/* Rows that a disk and a partition share. */
#define DISK_USE_FIELDS                                                                            \
        {.name = "content",                                                                        \
         .kind = FIELD_OBJECT,                                                                     \
         .inner = disk_content_fields,                                                             \
         .help = "what lies on it, used or not"},                                                  \
                {.name = "used_by",                                                                \
                 .kind = FIELD_ITEMS,                                                              \
                 .inner = disk_user_fields,                                                        \
                 .help = "what is made of it"},                                                    \
                {.name = "mounted_on",                                                             \
                 .kind = FIELD_TEXTS,                                                              \
                 .help = "folders that it is mounted on"},                                         \
                {.name = "file_system",                                                            \
                 .kind = FIELD_TEXT,                                                               \
                 .help = "of what is mounted, as the kernel names it"},                            \
        {                                                                                          \
                .name = "swap", .kind = FIELD_BOOL, .help = "the kernel swaps to it"               \
        }

extern const struct field disk_user_fields[], disk_partition_fields[];
extern const struct field disk_content_fields[];                      /* probe_contents_linux.c */
extern const struct field disk_health_fields[], disk_format_fields[]; /* probe_health_linux.c */

/* Not what is made of disks or of memory, nor a path to one. */
bool disk_is_whole(struct tree *tree, const char *name);

/* @folder in sysfs, of the block device @name. */
void disk_use_take(struct tree *tree, const char *folder, const char *name, struct doc *to);

/* Sets "partitions", if there are any. */
void disk_partitions_take(struct tree *tree, const char *disk, struct doc *to);

/* Puts what probe_contents() found on the partitions of @disk to them. */
void disk_contents_join(struct doc *disk);

/* Sets "stable_path": what udev calls it on every boot. */
void disk_stable_path_set(struct doc *disk);

/* Sets "sector_format", and "unusable" where the kernel does not take such sectors. */
void disk_sectors_finish(struct doc *disk);

/* Sets "boots", if any firmware finds a system on it. Reads the disk: when everything else is
 * known of it, and between probe_begin() and probe_item(). */
void disk_boots_take(struct tree *tree, const char *disk, struct doc *to);
