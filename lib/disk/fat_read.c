/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A file's chain must have exactly as many clusters as its size needs, a folder's
 * not more than a folder may have. That alone excludes chains that loop.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat_private.h"

#define FOLDER_MAX ((size_t)64 << 10) /* bytes of entries: 2,048 of them; what boots has a few */

/* A part of the volume by its place, of which none may be missing. */
static int part_of(struct reader volume, uint64_t at, uint64_t size, struct reader *ret)
{
        if (at > SIZE_MAX || size > SIZE_MAX || reader_skip(&volume, (size_t)at) < 0)
                return -EBADMSG;
        return reader_take(&volume, (size_t)size, ret);
}

struct boot_sector {
        uint16_t sector_size, reserved, root_entries, sectors16, table_sectors;
        uint8_t per_cluster, tables, has_label;
        uint32_t sectors32;
        char label[LABEL_SIZE];
};

static int read_boot_sector(struct reader volume, struct boot_sector *ret)
{
        struct reader r;
        uint16_t mark;
        int rc = part_of(volume, 0, SECTOR, &r);

        if (rc < 0)
                return rc;
        (void)reader_skip(&r, 11); /* a sector has all of this */
        (void)reader_le16(&r, &ret->sector_size);
        (void)reader_u8(&r, &ret->per_cluster);
        (void)reader_le16(&r, &ret->reserved);
        (void)reader_u8(&r, &ret->tables);
        (void)reader_le16(&r, &ret->root_entries);
        (void)reader_le16(&r, &ret->sectors16);
        (void)reader_skip(&r, 1);
        (void)reader_le16(&r, &ret->table_sectors);
        (void)reader_skip(&r, 8);
        (void)reader_le32(&r, &ret->sectors32);
        (void)reader_skip(&r, 2);
        (void)reader_u8(&r, &ret->has_label);
        (void)reader_skip(&r, 4);
        (void)reader_copy(&r, ret->label, sizeof(ret->label));
        (void)reader_skip(&r, 456);
        (void)reader_le16(&r, &mark);
        return mark == 0xaa55 ? 0 : -EBADMSG;
}

static int read_geometry(const struct boot_sector *boot, struct geometry *ret)
{
        const uint64_t sectors = boot->sectors16 ? boot->sectors16 : boot->sectors32;
        uint64_t before, root, clusters;

        if (!sector_is_valid(boot->sector_size) || !is_power_of_two(boot->per_cluster) ||
            boot->reserved == 0 || boot->tables == 0 || boot->tables > TABLES ||
            boot->root_entries == 0 || boot->table_sectors == 0)
                return -EBADMSG;
        root = ((uint64_t)boot->root_entries * ENTRY_SIZE + boot->sector_size - 1) /
               boot->sector_size;
        before = boot->reserved + (uint64_t)boot->tables * boot->table_sectors + root;
        if (sectors <= before)
                return -EBADMSG;
        clusters = (sectors - before) / boot->per_cluster;
        if (clusters == 0 || clusters > FAT16_MAX)
                return -EBADMSG;

        *ret = (struct geometry){
                .sector_size = boot->sector_size,
                .cluster_size = (uint32_t)boot->sector_size * boot->per_cluster,
                .clusters = (uint32_t)clusters,
                .table_at = (uint64_t)boot->reserved * boot->sector_size,
                .table_size = (uint64_t)boot->table_sectors * boot->sector_size,
                .root_at = (before - root) * boot->sector_size,
                .root_size = (uint64_t)boot->root_entries * ENTRY_SIZE,
                .data_at = before * boot->sector_size,
                .bits = clusters <= FAT12_MAX ? 12 : 16,
        };
        return table_bytes(ret->bits, ret->clusters) > ret->table_size ? -EBADMSG : 0;
}

struct entry {
        uint8_t name[SHORT_SIZE];
        uint8_t attribute;
        uint16_t first;
        uint32_t size;
        char long_name[LONG_ENTRIES_MAX * LONG_UNITS + 1]; /* "": none that belongs to it */
};

/* Long entries that were met, and still wait for the short one that they belong to. */
struct long_name {
        char text[LONG_ENTRIES_MAX * LONG_UNITS + 1];
        uint8_t sum;
        unsigned next; /* number of the entry that must follow; 0: the short one */
        bool is_whole;
};

/* A unit that is not ASCII cannot be part of a name that is asked for. */
static void add_long_entry(struct long_name *name, struct reader entry)
{
        uint8_t order = 0, sum = 0, number;
        uint16_t unit = 0;
        char *to;

        (void)reader_u8(&entry, &order);
        number = order & 0x3f;
        if (order & MARK_LAST_LONG)
                *name = (struct long_name){.next = number};
        if (number == 0 || number > LONG_ENTRIES_MAX || number != name->next) {
                *name = (struct long_name){0};
                return;
        }
        to = name->text + (size_t)(number - 1) * LONG_UNITS;
        for (size_t i = 0; i < LONG_UNITS; i++) {
                if (i == 5) {
                        (void)reader_skip(&entry, 2);
                        (void)reader_u8(&entry, &sum);
                } else if (i == 11) {
                        (void)reader_skip(&entry, 2);
                }
                (void)reader_le16(&entry, &unit);
                to[i] = (char)(unit < 0x80 ? unit : unit == 0xffff ? 0 : 0x7f);
        }
        if (!(order & MARK_LAST_LONG) && sum != name->sum) {
                *name = (struct long_name){0};
                return;
        }
        name->sum = sum;
        name->next = number - 1U;
        name->is_whole = name->next == 0;
}

/* The next entry that is a file, a folder or a label: 1; 0 at the end. */
static int next_entry(struct reader *root, struct entry *ret)
{
        struct long_name name = {0};
        struct reader bytes;

        while (reader_take(root, ENTRY_SIZE, &bytes) == 0) {
                const struct reader whole = bytes;

                (void)reader_copy(&bytes, ret->name, sizeof(ret->name));
                (void)reader_u8(&bytes, &ret->attribute);
                (void)reader_skip(&bytes, 14);
                (void)reader_le16(&bytes, &ret->first);
                (void)reader_le32(&bytes, &ret->size);
                if (ret->name[0] == 0)
                        return 0;
                if (ret->name[0] == MARK_FREE) {
                        name = (struct long_name){0};
                        continue;
                }
                if ((ret->attribute & ATTRIBUTE_LONG_MASK) == ATTRIBUTE_LONG) {
                        add_long_entry(&name, whole);
                        continue;
                }
                ret->long_name[0] = '\0';
                if (name.is_whole && name.sum == fat_short_name_sum(ret->name))
                        memcpy(ret->long_name, name.text, sizeof(ret->long_name));
                return 1;
        }
        return 0;
}

static bool is_named(const struct entry *entry, const char *name)
{
        char plain[SHORT_SIZE + 2];

        if (entry->long_name[0] && strcasecmp(entry->long_name, name) == 0)
                return true;
        fat_short_name_plain((const char *)entry->name, plain);
        return strcasecmp(plain, name) == 0;
}

/* The cluster after this one; 0: it is the last. */
static int chain_next(const struct geometry *g, struct reader table, uint32_t cluster,
                      uint32_t *ret)
{
        const uint64_t at = g->bits == 16 ? 2 * (uint64_t)cluster : (uint64_t)cluster + cluster / 2;
        struct reader entry;
        uint16_t value = 0;
        int rc = part_of(table, at, 2, &entry);

        if (rc < 0)
                return rc;
        (void)reader_le16(&entry, &value);
        if (g->bits == 12)
                value = cluster % 2 == 0 ? value & 0xfff : value >> 4;
        if (value >= (g->bits == 12 ? 0xff8 : 0xfff8)) {
                *ret = 0;
                return 0;
        }
        if (value < 2 || value - 2U >= g->clusters)
                return -EBADMSG;
        *ret = value;
        return 0;
}

static int read_chain(const struct geometry *g, struct reader volume, const struct entry *entry,
                      char *to)
{
        const uint32_t whole = g->cluster_size;
        uint32_t cluster = entry->first, left = entry->size;
        struct reader table, bytes;

        if (left > 0 && (cluster < 2 || cluster - 2U >= g->clusters))
                return -EBADMSG;
        if (part_of(volume, g->table_at, g->table_size, &table) < 0)
                return -EBADMSG;
        while (left > 0) {
                const uint32_t part = left < whole ? left : whole;

                if (cluster == 0 ||
                    part_of(volume, g->data_at + (uint64_t)(cluster - 2) * whole, part, &bytes) < 0)
                        return -EBADMSG;
                (void)reader_copy(&bytes, to + (entry->size - left), part);
                left -= part;
                if (chain_next(g, table, cluster, &cluster) < 0)
                        return -EBADMSG;
        }
        return entry->size > 0 && cluster != 0 ? -EBADMSG : 0;
}

/* All entries of a folder below the root folder. */
static int read_folder(const struct geometry *g, struct reader volume, uint32_t cluster, char **ret,
                       size_t *ret_size)
{
        _free_ char *bytes = malloc(FOLDER_MAX);
        struct reader table, part;
        size_t size = 0;

        if (!bytes)
                return -ENOMEM;
        if (cluster < 2 || cluster - 2U >= g->clusters ||
            part_of(volume, g->table_at, g->table_size, &table) < 0)
                return -EBADMSG;
        while (cluster != 0) {
                const uint64_t at = g->data_at + (uint64_t)(cluster - 2) * g->cluster_size;

                if (g->cluster_size > FOLDER_MAX - size ||
                    part_of(volume, at, g->cluster_size, &part) < 0)
                        return -EBADMSG;
                (void)reader_copy(&part, bytes + size, g->cluster_size);
                size += g->cluster_size;
                if (chain_next(g, table, cluster, &cluster) < 0)
                        return -EBADMSG;
        }
        *ret = TAKE_PTR(bytes);
        *ret_size = size;
        return 0;
}

static int open_volume(struct reader volume, struct boot_sector *ret_boot, struct geometry *ret,
                       struct reader *ret_root)
{
        int rc = read_boot_sector(volume, ret_boot);

        if (rc >= 0)
                rc = read_geometry(ret_boot, ret);
        return rc < 0 ? rc : part_of(volume, ret->root_at, ret->root_size, ret_root);
}

/* The entry with a name that is a folder, or else is none. */
static int find_entry(struct reader folder, const char *name, bool is_folder, struct entry *ret)
{
        while (next_entry(&folder, ret) > 0)
                if (!(ret->attribute & ATTRIBUTE_LABEL) &&
                    !(ret->attribute & ATTRIBUTE_FOLDER) == !is_folder && is_named(ret, name))
                        return 0;
        return -ENOENT;
}

static int find_path(const struct geometry *g, struct reader volume, struct reader root,
                     const char *path, struct entry *ret)
{
        struct reader folder = root;
        _free_ char *bytes = NULL;
        char name[LONG_ENTRIES_MAX * LONG_UNITS + 1];

        for (;;) {
                const size_t size = strcspn(path, "/");
                char *next = NULL;
                size_t next_size = 0;
                int rc;

                if (size >= sizeof(name))
                        return -ENOENT;
                memcpy(name, path, size);
                name[size] = '\0';
                rc = find_entry(folder, name, path[size] != '\0', ret);
                if (rc < 0 || path[size] == '\0')
                        return rc;
                rc = read_folder(g, volume, ret->first, &next, &next_size);
                if (rc < 0)
                        return rc;
                free(bytes);
                bytes = next;
                folder = reader_over(bytes, next_size);
                path += size + 1;
        }
}

int fat_read(struct reader volume, const char *name, size_t limit, char **ret, size_t *ret_size)
{
        struct boot_sector boot;
        struct geometry g;
        struct reader root;
        struct entry entry;
        _free_ char *bytes = NULL;
        int rc = open_volume(volume, &boot, &g, &root);

        if (rc >= 0)
                rc = find_path(&g, volume, root, name, &entry);
        if (rc < 0)
                return rc;
        if (entry.size > limit)
                return -E2BIG;
        if (entry.size > reader_left(&volume))
                return -EBADMSG;
        bytes = malloc((size_t)entry.size + 1);
        if (!bytes)
                return -ENOMEM;
        rc = read_chain(&g, volume, &entry, bytes);
        if (rc < 0)
                return rc;
        bytes[entry.size] = '\0';
        *ret = TAKE_PTR(bytes);
        *ret_size = entry.size;
        return 0;
}

/* The bytes of its clusters are one behind another. */
static int chain_is_whole(const struct geometry *g, struct reader volume, const struct entry *entry)
{
        const uint32_t clusters = entry->size / g->cluster_size + !!(entry->size % g->cluster_size);
        uint32_t cluster = entry->first, next = 0;
        struct reader table;

        if (clusters == 0 || cluster < 2 || cluster - 2U >= g->clusters ||
            part_of(volume, g->table_at, g->table_size, &table) < 0)
                return -EBADMSG;
        for (uint32_t i = 1; i <= clusters; i++, cluster = next) {
                if (chain_next(g, table, cluster, &next) < 0 ||
                    next != (i < clusters ? cluster + 1 : 0))
                        return -EBADMSG;
        }
        return 0;
}

int fat_find(struct reader volume, const char *name, uint64_t *ret_at, size_t *ret_size)
{
        struct boot_sector boot;
        struct geometry g;
        struct reader root, bytes;
        struct entry entry;
        uint64_t at;
        int rc = open_volume(volume, &boot, &g, &root);

        if (rc >= 0)
                rc = find_path(&g, volume, root, name, &entry);
        if (rc >= 0)
                rc = chain_is_whole(&g, volume, &entry);
        if (rc < 0)
                return rc;
        at = g.data_at + (uint64_t)(entry.first - 2) * g.cluster_size;
        rc = part_of(volume, at, entry.size, &bytes);
        if (rc < 0)
                return rc;
        *ret_at = at;
        *ret_size = entry.size;
        return 0;
}

/* Without the blanks at its end; what is not printable ASCII is told as '?'. */
static void copy_label(const void *from, char ret[static LABEL_SIZE + 1])
{
        const uint8_t *bytes = from;
        size_t size = LABEL_SIZE;

        while (size > 0 && bytes[size - 1] == ' ')
                size--;
        for (size_t i = 0; i < size; i++)
                ret[i] = (char)(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?');
        ret[size] = '\0';
}

int fat_label(struct reader volume, char ret[static 12])
{
        struct boot_sector boot;
        struct geometry g;
        struct reader root;
        struct entry entry;
        int rc = open_volume(volume, &boot, &g, &root);

        if (rc < 0)
                return rc;
        while (next_entry(&root, &entry) > 0) {
                if (!(entry.attribute & ATTRIBUTE_LABEL))
                        continue;
                copy_label(entry.name, ret);
                return 0;
        }
        ret[0] = '\0';
        if (boot.has_label == 0x29 && memcmp(boot.label, "NO NAME    ", LABEL_SIZE) != 0)
                copy_label(boot.label, ret);
        return 0;
}
