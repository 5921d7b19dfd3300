/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What those who write a volume and those who read one share. Sections are of the specification
 * that fat.h names. */

#include <stdbool.h>

#include "lib/disk/fat.h"

#define SECTOR           512 /* the smallest, and the boot sector's content in a larger one */
#define SECTOR_MAX       4096
#define ENTRY_SIZE       32
#define TABLES           2
#define FAT12_MAX        4084 /* clusters */
#define FAT16_MAX        65524
#define LABEL_SIZE       11
#define SHORT_SIZE       11
#define LONG_UNITS       13 /* of a name, in one entry */
#define NAME_MAX_SIZE    63
#define LONG_ENTRIES_MAX 20
#define MARK_LAST_LONG   0x40
#define MARK_FREE        0xe5

enum {
        ATTRIBUTE_LABEL = 0x08,
        ATTRIBUTE_FOLDER = 0x10,
        ATTRIBUTE_ARCHIVE = 0x20,
        ATTRIBUTE_LONG = 0x0f,
        ATTRIBUTE_LONG_MASK = 0x3f,
};

struct geometry {
        uint32_t sector_size, cluster_size; /* bytes */
        uint32_t clusters;
        uint64_t table_at, table_size, root_at, root_size, data_at; /* bytes */
        unsigned bits;                                              /* 12 or 16 */
        uint32_t sectors_per_table, sectors_per_cluster;            /* of what we write */
};

static inline bool is_power_of_two(uint32_t number)
{
        return number != 0 && (number & (number - 1)) == 0;
}

static inline bool sector_is_valid(uint32_t size)
{
        return is_power_of_two(size) && size >= SECTOR && size <= SECTOR_MAX;
}

static inline size_t table_bytes(unsigned bits, uint32_t clusters)
{
        return ((size_t)(clusters + 2) * bits + 7) / 8;
}

/* A file or a folder of a volume that is to be written. */
#define FAT_MAX_NODES (FAT_MAX_FILES + FAT_MAX_FOLDERS)
#define FAT_ROOT      (-1)
struct fat_node {
        char name[NAME_MAX_SIZE + 1];
        char text[SHORT_SIZE];       /* its short name, as on disk */
        int parent;                  /* index, which is below its own; or FAT_ROOT */
        const struct fat_file *file; /* NULL: a folder */
        uint32_t first;              /* cluster; 0: none. The writer's */
};

struct fat_tree {
        struct fat_node nodes[FAT_MAX_NODES];
        size_t count;
};

/**
 * fat_tree_make() - the folders that the files' names ask for, and all short names
 *
 * Return: 0, -EINVAL for such a name or one that is there twice, -ENOSPC for too many.
 */
int fat_tree_make(const struct fat_file *files, size_t count, struct fat_tree *ret);

bool fat_label_is_valid(const char *label);
/* "BOOTX64 EFI" as "BOOTX64.EFI". */
void fat_short_name_plain(const char text[static SHORT_SIZE], char ret[static SHORT_SIZE + 2]);
/* Of a short name; each of its long entries has it. Section 7.2. */
uint8_t fat_short_name_sum(const void *text);
/* How many long entries a name needs: one that differs from its short one is told by them. */
size_t fat_long_entries(const struct fat_node *node);
