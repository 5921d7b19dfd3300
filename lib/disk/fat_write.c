/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Whether a volume is FAT12 or FAT16 follows from its number of clusters and
 * nothing else (section 3.5 of the specification), and readers differ by a few
 * around the border: what we write stays 16 away from it, as the specification asks.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/writer.h"
#include "lib/disk/fat_private.h"

/* As everybody makes them: 64 files and 16 folders of 6 entries each, and the label. */
#define ROOT_ENTRIES     512
#define RESERVED_SECTORS 1
#define BORDER           16
/* More not every reader takes; 256 MiB need 8 KiB. */
#define MAX_CLUSTER_SIZE ((uint32_t)32 << 10)
#define MEDIA            0xf8
#define DOS_EPOCH_S      315532800  /* 1980-01-01 */
#define DOS_END_S        4354819199 /* 2107-12-31 23:59:59 */

/* Who reads a large file cluster by cluster, as GRUB does, wants them larger. A volume from here on
 * is of FAT16 with such ones, too. */
#define LARGE_SIZE    ((size_t)17 << 20)
#define LARGE_CLUSTER ((uint32_t)4 << 10)

/* The smallest clusters that are few enough, away from the border between the kinds. */
static int plan_geometry(size_t size, uint32_t sector, struct geometry *ret)
{
        static const struct {
                unsigned bits;
                uint32_t least, most;
        } kinds[] = {
                {12, 1,                      FAT12_MAX - BORDER},
                {16, FAT12_MAX + 1 + BORDER, FAT16_MAX - BORDER},
        };
        const uint32_t root = ROOT_ENTRIES * ENTRY_SIZE / sector;
        const uint32_t space = (uint32_t)(size / sector) - RESERVED_SECTORS - root;

        const uint32_t least =
                size < LARGE_SIZE || sector > LARGE_CLUSTER ? 1 : LARGE_CLUSTER / sector;

        for (uint32_t per_cluster = least; per_cluster <= MAX_CLUSTER_SIZE / sector;
             per_cluster *= 2) {
                for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                        const size_t bytes = table_bytes(kinds[i].bits, space / per_cluster);
                        const uint32_t table = (uint32_t)((bytes + sector - 1) / sector);
                        const uint32_t clusters = (space - TABLES * table) / per_cluster;

                        if (clusters < kinds[i].least || clusters > kinds[i].most)
                                continue;
                        *ret = (struct geometry){
                                .sector_size = sector,
                                .cluster_size = sector * per_cluster,
                                .clusters = clusters,
                                .table_at = (uint64_t)RESERVED_SECTORS * sector,
                                .table_size = (uint64_t)table * sector,
                                .root_at = (uint64_t)(RESERVED_SECTORS + TABLES * table) * sector,
                                .root_size = (uint64_t)root * sector,
                                .bits = kinds[i].bits,
                                .sectors_per_table = table,
                                .sectors_per_cluster = per_cluster,
                        };
                        ret->data_at = ret->root_at + ret->root_size;
                        return 0;
                }
        }
        return -EINVAL;
}

static void write_long_entry(struct writer *w, const char *name, size_t part, uint8_t sum)
{
        const size_t size = strlen(name), first = part * LONG_UNITS;
        const bool is_last = size - first <= LONG_UNITS;

        writer_u8(w, (uint8_t)(part + 1) | (is_last ? MARK_LAST_LONG : 0));
        for (size_t i = 0; i < LONG_UNITS; i++) {
                const size_t at = first + i;
                const uint16_t unit = at < size ? (uint8_t)name[at] : at == size ? 0 : 0xffff;

                if (i == 5) {
                        writer_u8(w, ATTRIBUTE_LONG);
                        writer_u8(w, 0);
                        writer_u8(w, sum);
                }
                if (i == 11)
                        writer_le16(w, 0);
                writer_le16(w, unit);
        }
}

struct dos_time {
        uint16_t date, time;
};

static struct dos_time dos_time_of(uint64_t time_s)
{
        const uint64_t late = time_s > DOS_END_S ? DOS_END_S : time_s;
        const time_t clamped = (time_t)(late < DOS_EPOCH_S ? DOS_EPOCH_S : late);
        struct tm t = {0};

        (void)gmtime_r(&clamped, &t);
        return (struct dos_time){
                .date = (uint16_t)((t.tm_year - 80) << 9 | (t.tm_mon + 1) << 5 | t.tm_mday),
                .time = (uint16_t)(t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec / 2),
        };
}

/* Section 6. */
static void write_short_entry(struct writer *w, const char *text, uint8_t attribute,
                              struct dos_time time, const uint32_t at[static 2])
{
        writer_bytes(w, text, SHORT_SIZE);
        writer_u8(w, attribute);
        writer_u8(w, 0);
        writer_u8(w, 0);
        writer_le16(w, time.time); /* made */
        writer_le16(w, time.date);
        writer_le16(w, time.date); /* read */
        writer_le16(w, 0);         /* upper half of the cluster: FAT32 */
        writer_le16(w, time.time); /* written */
        writer_le16(w, time.date);
        writer_le16(w, (uint16_t)at[0]);
        writer_le32(w, at[1]);
}

/* Section 3.1 and 3.2. */
static void write_boot_sector(const struct geometry *g, const char *label, uint32_t id,
                              struct writer *w)
{
        const uint64_t sectors =
                g->data_at / g->sector_size + (uint64_t)g->clusters * g->sectors_per_cluster;

        writer_u8(w, 0xeb); /* jump over the fields, to where a boot program would be */
        writer_u8(w, 0x3c);
        writer_u8(w, 0x90);
        writer_text(w, "CLOUDIE ");
        writer_le16(w, (uint16_t)g->sector_size);
        writer_u8(w, (uint8_t)g->sectors_per_cluster);
        writer_le16(w, RESERVED_SECTORS);
        writer_u8(w, TABLES);
        writer_le16(w, ROOT_ENTRIES);
        writer_le16(w, sectors < 0x10000 ? (uint16_t)sectors : 0);
        writer_u8(w, MEDIA);
        writer_le16(w, (uint16_t)g->sectors_per_table);
        writer_le16(w, 32); /* sectors of a track */
        writer_le16(w, 64); /* heads */
        writer_le32(w, 0);  /* sectors before the volume */
        writer_le32(w, sectors < 0x10000 ? 0 : (uint32_t)sectors);
        writer_u8(w, 0x80); /* drive */
        writer_u8(w, 0);
        writer_u8(w, 0x29); /* the three that follow are there */
        writer_le32(w, id);
        writer_text(w, label);
        for (size_t i = strlen(label); i < LABEL_SIZE; i++)
                writer_u8(w, ' ');
        writer_text(w, g->bits == 12 ? "FAT12   " : "FAT16   ");
        writer_zero(w, 448);
        writer_u8(w, 0x55);
        writer_u8(w, 0xaa);
}

static void table_set(const struct geometry *g, uint8_t *table, uint32_t cluster, uint32_t value)
{
        if (g->bits == 16) {
                table[2 * (size_t)cluster] = (uint8_t)value;
                table[2 * (size_t)cluster + 1] = (uint8_t)(value >> 8);
        } else if (cluster % 2 == 0) {
                table[cluster + cluster / 2] = (uint8_t)value;
                table[cluster + cluster / 2 + 1] |= (uint8_t)(value >> 8 & 0x0f);
        } else {
                table[cluster + cluster / 2] |= (uint8_t)(value << 4);
                table[cluster + cluster / 2 + 1] = (uint8_t)(value >> 4);
        }
}

/* "." and "..", and its children with their long entries. Section 6.5. */
static size_t folder_size(const struct fat_tree *tree, int folder)
{
        size_t entries = 2;

        for (size_t i = 0; i < tree->count; i++)
                if (tree->nodes[i].parent == folder)
                        entries += 1 + fat_long_entries(&tree->nodes[i]);
        return entries * ENTRY_SIZE;
}

/* One behind another; a chain is in order and in one piece. */
static int place_data(const struct geometry *g, struct fat_tree *tree, uint8_t *table)
{
        uint32_t next = 2;

        table_set(g, table, 0, 0xff00 | MEDIA);
        table_set(g, table, 1, 0xffff);
        for (size_t i = 0; i < tree->count; i++) {
                struct fat_node *node = &tree->nodes[i];
                const size_t size = node->file ? node->file->size : folder_size(tree, (int)i);
                const size_t needs = size / g->cluster_size + (size % g->cluster_size != 0 ? 1 : 0);

                node->first = needs > 0 ? next : 0;
                if (needs > g->clusters + 2 - next)
                        return -ENOSPC;
                for (size_t j = 0; j < needs; j++, next++)
                        table_set(g, table, next, j + 1 == needs ? 0xffff : next + 1);
        }
        memcpy(table + g->table_size, table, g->table_size);
        return 0;
}

static uint8_t *data_of(const struct geometry *g, uint8_t *volume, const struct fat_node *node)
{
        return volume + g->data_at + (size_t)(node->first - 2) * g->cluster_size;
}

static void write_children(const struct fat_tree *tree, int folder, struct dos_time time,
                           struct writer *w)
{
        for (size_t i = 0; i < tree->count; i++) {
                const struct fat_node *node = &tree->nodes[i];
                const uint32_t size = node->file ? (uint32_t)node->file->size : 0;

                if (node->parent != folder)
                        continue;
                for (size_t part = fat_long_entries(node); part > 0; part--)
                        write_long_entry(w, node->name, part - 1, fat_short_name_sum(node->text));
                write_short_entry(w, node->text, node->file ? ATTRIBUTE_ARCHIVE : ATTRIBUTE_FOLDER,
                                  time, (const uint32_t[]){node->first, size});
        }
}

static void write_data(const struct geometry *g, const struct fat_tree *tree, struct dos_time time,
                       uint8_t *volume)
{
        for (size_t i = 0; i < tree->count; i++) {
                const struct fat_node *node = &tree->nodes[i];
                const uint32_t above =
                        node->parent == FAT_ROOT ? 0 : tree->nodes[node->parent].first;
                struct writer w;

                if (node->first == 0)
                        continue;
                if (node->file) {
                        memcpy(data_of(g, volume, node), node->file->bytes, node->file->size);
                        continue;
                }
                w = writer_over(data_of(g, volume, node), folder_size(tree, (int)i));
                write_short_entry(&w, ".          ", ATTRIBUTE_FOLDER, time,
                                  (const uint32_t[]){node->first, 0});
                write_short_entry(&w, "..         ", ATTRIBUTE_FOLDER, time,
                                  (const uint32_t[]){above, 0});
                write_children(tree, (int)i, time, &w);
        }
}

int fat_write(const struct fat_file *files, size_t count, const struct fat_volume *volume, void *to,
              size_t size)
{
        const struct dos_time time = dos_time_of(volume->time_s);
        const uint32_t sector = volume->sector_size ? volume->sector_size : SECTOR;
        _free_ struct fat_tree *tree = NULL;
        char padded[LABEL_SIZE + 1];
        uint8_t *bytes = to;
        const char *label = volume->label;
        struct geometry g;
        struct writer w;
        int rc;

        if (!sector_is_valid(sector) || size < FAT_MIN_SIZE || size > FAT_MAX_SIZE ||
            size % sector != 0 || !fat_label_is_valid(label) || plan_geometry(size, sector, &g) < 0)
                return -EINVAL;
        tree = calloc(1, sizeof(*tree));
        if (!tree)
                return -ENOMEM;
        rc = fat_tree_make(files, count, tree);
        if (rc < 0)
                return rc;

        memset(bytes, 0, size);
        w = writer_over(bytes, SECTOR);
        write_boot_sector(&g, label[0] ? label : "NO NAME", volume->id, &w);
        rc = place_data(&g, tree, bytes + g.table_at);
        if (rc < 0)
                return rc;
        write_data(&g, tree, time, bytes);
        w = writer_over(bytes + g.root_at, g.root_size);
        if (label[0]) {
                snprintf(padded, sizeof(padded), "%-11s", label);
                write_short_entry(&w, padded, ATTRIBUTE_LABEL, time, (const uint32_t[]){0, 0});
        }
        write_children(tree, FAT_ROOT, time, &w);
        return 0;
}
