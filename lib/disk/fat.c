/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Whether a volume is FAT12 or FAT16 follows from its number of clusters and
 * nothing else (section 3.5 of the specification), and readers differ by a few
 * around the border: what we write stays 16 away from it, as the specification asks.
 *
 * A file's chain must have exactly as many clusters as its size needs. That
 * alone excludes chains that loop.
 */

#include "lib/disk/fat.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/writer.h"

#define SECTOR           512 /* the smallest, and the boot sector's content in a larger one */
#define SECTOR_MAX       4096
#define ROOT_ENTRIES     512 /* as everybody makes them: 64 files of 6 entries, and the label */
#define ENTRY_SIZE       32
#define TABLES           2
#define RESERVED_SECTORS 1
#define FAT12_MAX        4084 /* clusters */
#define FAT16_MAX        65524
#define BORDER           16
/* More not every reader takes; 256 MiB need 8 KiB. */
#define MAX_CLUSTER_SIZE ((uint32_t)32 << 10)
#define MEDIA            0xf8
#define LABEL_SIZE       11
#define SHORT_SIZE       11
#define LONG_UNITS       13 /* of a name, in one entry */
#define NAME_MAX_SIZE    63
#define LONG_ENTRIES_MAX 20
#define MARK_LAST_LONG   0x40
#define MARK_FREE        0xe5
#define DOS_EPOCH_S      315532800  /* 1980-01-01 */
#define DOS_END_S        4354819199 /* 2107-12-31 23:59:59 */

enum {
        ATTRIBUTE_LABEL = 0x08,
        ATTRIBUTE_FOLDER = 0x10,
        ATTRIBUTE_ARCHIVE = 0x20,
        ATTRIBUTE_LONG = 0x0f,
        ATTRIBUTE_LONG_MASK = 0x3f,
};

static bool is_power_of_two(uint32_t number)
{
        return number != 0 && (number & (number - 1)) == 0;
}

static bool sector_is_valid(uint32_t size)
{
        return is_power_of_two(size) && size >= SECTOR && size <= SECTOR_MAX;
}

struct geometry {
        uint32_t sector_size, cluster_size; /* bytes */
        uint32_t clusters;
        uint64_t table_at, table_size, root_at, root_size, data_at; /* bytes */
        unsigned bits;                                              /* 12 or 16 */
        uint32_t sectors_per_table, sectors_per_cluster;            /* of what we write */
};

static size_t table_bytes(unsigned bits, uint32_t clusters)
{
        return ((size_t)(clusters + 2) * bits + 7) / 8;
}

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

        for (uint32_t per_cluster = 1; per_cluster <= MAX_CLUSTER_SIZE / sector; per_cluster *= 2) {
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

/* Section 6.1: what a short name may hold; all else becomes an underscore. */
static bool is_short_character(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("!#$%&'()-@^_`{}~", c));
}

static bool label_is_valid(const char *label)
{
        const size_t size = strlen(label);

        if (size > LABEL_SIZE || (size > 0 && (label[0] == ' ' || label[size - 1] == ' ')))
                return false;
        for (size_t i = 0; i < size; i++)
                if (!is_short_character(label[i]) && label[i] != ' ')
                        return false;
        return true;
}

static bool name_is_valid(const char *name)
{
        const size_t size = strlen(name);

        if (size == 0 || size > NAME_MAX_SIZE || name[0] == ' ' || name[size - 1] == ' ' ||
            name[size - 1] == '.')
                return false;
        for (size_t i = 0; i < size; i++)
                if (name[i] < ' ' || name[i] > '~' || strchr("\"*/:<>?\\|", name[i]))
                        return false;
        return true;
}

/* Where the extension begins, behind its dot; NULL without one. */
static const char *extension_of(const char *name)
{
        const char *dot = strrchr(name, '.');

        return dot && dot != name ? dot + 1 : NULL;
}

/* The name in upper case as 8 and 3, if no letter of it is lost by that. */
static bool short_name_fits(const char *name, char ret[static SHORT_SIZE])
{
        const char *extension = extension_of(name);
        const size_t size = extension ? (size_t)(extension - 1 - name) : strlen(name);

        if (size > 8 || (extension && strlen(extension) > 3))
                return false;
        memset(ret, ' ', SHORT_SIZE);
        for (size_t i = 0; i < size; i++)
                ret[i] = (char)toupper((unsigned char)name[i]);
        for (size_t i = 0; extension && extension[i]; i++)
                ret[8 + i] = (char)toupper((unsigned char)extension[i]);
        for (size_t i = 0; i < SHORT_SIZE; i++)
                if (!is_short_character(ret[i]) && ret[i] != ' ')
                        return false;
        for (size_t i = 0; name[i]; i++)
                if (name[i] == ' ')
                        return false;
        return true;
}

/* "CLOUDI~1JSO": as much of the name as leaves room for the number. Section 7.4. */
static void short_name_make(const char *name, unsigned number, char ret[static SHORT_SIZE])
{
        const char *extension = extension_of(name);
        const size_t size = extension ? (size_t)(extension - 1 - name) : strlen(name);
        char tail[16];
        const size_t tail_size = (size_t)snprintf(tail, sizeof(tail), "~%u", number);
        size_t at = 0;

        memset(ret, ' ', SHORT_SIZE);
        for (size_t i = 0; i < size && at < 8 - tail_size; i++) {
                const char c = (char)toupper((unsigned char)name[i]);

                if (c != ' ' && c != '.')
                        ret[at++] = (char)(is_short_character(c) ? c : '_');
        }
        memcpy(ret + at, tail, tail_size);
        at = 8;
        for (size_t i = 0; extension && extension[i] && at < SHORT_SIZE; i++) {
                const char c = (char)toupper((unsigned char)extension[i]);

                if (c != ' ')
                        ret[at++] = (char)(is_short_character(c) ? c : '_');
        }
}

struct names {
        char text[FAT_MAX_FILES][SHORT_SIZE];
        bool is_set[FAT_MAX_FILES];
};

static bool is_taken(const struct names *names, size_t count, const char *text)
{
        for (size_t i = 0; i < count; i++)
                if (names->is_set[i] && memcmp(names->text[i], text, SHORT_SIZE) == 0)
                        return true;
        return false;
}

/* Those that are short already come first: no made-up name may be one of them. */
static void names_make(const struct fat_file *files, size_t count, struct names *ret)
{
        for (size_t i = 0; i < count; i++)
                ret->is_set[i] = short_name_fits(files[i].name, ret->text[i]);
        for (size_t i = 0; i < count; i++) {
                if (ret->is_set[i])
                        continue;
                /* Of twice as many numbers as files one is free. */
                for (unsigned number = 1; number <= 2 * FAT_MAX_FILES; number++) {
                        short_name_make(files[i].name, number, ret->text[i]);
                        if (!is_taken(ret, count, ret->text[i]))
                                break;
                }
                ret->is_set[i] = true;
        }
}

/* Section 7.2. */
static uint8_t short_name_sum(const uint8_t name[static SHORT_SIZE])
{
        uint8_t sum = 0;

        for (size_t i = 0; i < SHORT_SIZE; i++)
                sum = (uint8_t)((sum << 7 | sum >> 1) + name[i]);
        return sum;
}

/* A name that differs from its short one is told by long entries, the last part first. */
static bool is_short_only(const char *name, const char *text)
{
        char plain[SHORT_SIZE + 2];
        size_t at = 0;

        for (size_t i = 0; i < SHORT_SIZE; i++) {
                if (i == 8 && text[8] != ' ')
                        plain[at++] = '.';
                if (text[i] != ' ')
                        plain[at++] = text[i];
        }
        plain[at] = '\0';
        return strcmp(plain, name) == 0;
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

/* One behind another; a chain is in order and in one piece. */
static int write_data(const struct geometry *g, const struct fat_file *files, size_t count,
                      uint8_t *volume, uint32_t first[static FAT_MAX_FILES])
{
        uint8_t *table = volume + g->table_at;
        uint32_t next = 2;

        table_set(g, table, 0, 0xff00 | MEDIA);
        table_set(g, table, 1, 0xffff);
        for (size_t i = 0; i < count; i++) {
                const size_t size = files[i].size;
                const size_t needs = size / g->cluster_size + (size % g->cluster_size != 0 ? 1 : 0);

                first[i] = needs > 0 ? next : 0;
                if (needs > g->clusters + 2 - next)
                        return -ENOSPC;
                if (needs > 0)
                        memcpy(volume + g->data_at + (size_t)(next - 2) * g->cluster_size,
                               files[i].bytes, size);
                for (size_t j = 0; j < needs; j++, next++)
                        table_set(g, table, next, j + 1 == needs ? 0xffff : next + 1);
        }
        memcpy(table + g->table_size, table, g->table_size);
        return 0;
}

static void write_root(const struct fat_file *files, size_t count, const uint32_t *first,
                       struct dos_time time, struct writer *w)
{
        struct names names = {0};

        names_make(files, count, &names);
        for (size_t i = 0; i < count; i++) {
                const char *name = files[i].name, *text = names.text[i];
                const uint8_t sum = short_name_sum((const uint8_t *)text);
                size_t parts = (strlen(name) + LONG_UNITS - 1) / LONG_UNITS;

                if (is_short_only(name, text))
                        parts = 0;
                for (size_t part = parts; part > 0; part--)
                        write_long_entry(w, name, part - 1, sum);
                write_short_entry(w, text, ATTRIBUTE_ARCHIVE, time,
                                  (const uint32_t[]){first[i], (uint32_t)files[i].size});
        }
}

static bool files_are_valid(const struct fat_file *files, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (!name_is_valid(files[i].name))
                        return false;
                for (size_t j = 0; j < i; j++)
                        if (strcasecmp(files[i].name, files[j].name) == 0)
                                return false;
        }
        return true;
}

int fat_write(const struct fat_file *files, size_t count, const struct fat_volume *volume, void *to,
              size_t size)
{
        const struct dos_time time = dos_time_of(volume->time_s);
        const uint32_t sector = volume->sector_size ? volume->sector_size : SECTOR;
        uint32_t first[FAT_MAX_FILES] = {0};
        char padded[LABEL_SIZE + 1];
        uint8_t *bytes = to;
        const char *label = volume->label;
        struct geometry g;
        struct writer w;
        int rc;

        if (!sector_is_valid(sector) || size < FAT_MIN_SIZE || size > FAT_MAX_SIZE ||
            size % sector != 0 || !label_is_valid(label) || plan_geometry(size, sector, &g) < 0)
                return -EINVAL;
        if (count > FAT_MAX_FILES)
                return -ENOSPC;
        if (!files_are_valid(files, count))
                return -EINVAL;

        memset(bytes, 0, size);
        w = writer_over(bytes, SECTOR);
        write_boot_sector(&g, label[0] ? label : "NO NAME", volume->id, &w);
        rc = write_data(&g, files, count, bytes, first);
        if (rc < 0)
                return rc;
        w = writer_over(bytes + g.root_at, g.root_size);
        if (label[0]) {
                snprintf(padded, sizeof(padded), "%-11s", label);
                write_short_entry(&w, padded, ATTRIBUTE_LABEL, time, (const uint32_t[]){0, 0});
        }
        write_root(files, count, first, time, &w);
        return 0;
}

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
                if (name.is_whole && name.sum == short_name_sum(ret->name))
                        memcpy(ret->long_name, name.text, sizeof(ret->long_name));
                return 1;
        }
        return 0;
}

static bool is_named(const struct entry *entry, const char *name)
{
        char plain[SHORT_SIZE + 2];
        size_t at = 0;

        if (entry->long_name[0] && strcasecmp(entry->long_name, name) == 0)
                return true;
        for (size_t i = 0; i < SHORT_SIZE; i++) {
                if (i == 8 && entry->name[8] != ' ')
                        plain[at++] = '.';
                if (entry->name[i] != ' ')
                        plain[at++] = (char)entry->name[i];
        }
        plain[at] = '\0';
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

static int open_volume(struct reader volume, struct boot_sector *ret_boot, struct geometry *ret,
                       struct reader *ret_root)
{
        int rc = read_boot_sector(volume, ret_boot);

        if (rc >= 0)
                rc = read_geometry(ret_boot, ret);
        return rc < 0 ? rc : part_of(volume, ret->root_at, ret->root_size, ret_root);
}

int fat_read(struct reader volume, const char *name, size_t limit, char **ret, size_t *ret_size)
{
        struct boot_sector boot;
        struct geometry g;
        struct reader root;
        struct entry entry;
        _free_ char *bytes = NULL;
        int rc = open_volume(volume, &boot, &g, &root);

        if (rc < 0)
                return rc;
        do
                rc = next_entry(&root, &entry);
        while (rc > 0 && ((entry.attribute & (ATTRIBUTE_LABEL | ATTRIBUTE_FOLDER)) ||
                          !is_named(&entry, name)));
        if (rc == 0)
                return -ENOENT;
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
