/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A disk is asked twice: as a whole (a file system without partitions, a member
 * of a RAID), and, if it has a partition table, each partition by its place. The
 * partitions' own devices are not needed: the kernel may not have seen them.
 *
 * All signatures of one place are collected, and not only the one that libblkid
 * thinks right: whoever decides what may be destroyed must hear of each.
 */

#include "lib/disk/holds.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fs_size.h"

#define PARTITIONS_MAX DISK_PARTITIONS_MAX
#define SIGNATURES_MAX 256 /* of one place; a probe that never ends is a fault */
#define SECTOR         512 /* the unit of libblkid, whatever the disk's is */
#define EDGE           ((size_t)1 << 20)

CLEANUP_DEFINE(blkid_probe, blkid_free_probe)

struct place {
        uint64_t at, size; /* bytes; 0, 0: all of it */
};

/* libblkid tells a failure by -1, and does not always say why. */
static int fault(void)
{
        const int why = errno;

        return why > 0 ? -why : -EIO;
}

/* NULL: fault() says why. */
static blkid_probe probe_new(int fd, struct place place)
{
        CLEANUP(blkid_free_probe) blkid_probe probe = NULL;

        errno = 0;
        probe = blkid_new_probe();
        if (!probe ||
            blkid_probe_set_device(probe, fd, (blkid_loff_t)place.at, (blkid_loff_t)place.size) < 0)
                return NULL;
        return TAKE_PTR(probe);
}

static void append(char *to, size_t size, const char *separator, const char *text)
{
        const size_t used = strlen(to);

        snprintf(to + used, size - used, "%s%s", used > 0 ? separator : "", text);
}

static bool has_word(const char *list, const char *word)
{
        const size_t size = strlen(word);

        for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
                if ((at == list || at[-1] == ' ') && (at[size] == '\0' || at[size] == ','))
                        return true;
        return false;
}

/* A text that blkid has; of a longer one its beginning. */
static void set_value(blkid_probe probe, const char *name, char *to, size_t size)
{
        const char *value;

        if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0)
                snprintf(to, size, "%s", value);
}

static void add_kind(blkid_probe probe, struct disk_content *content)
{
        const char *type;

        if (blkid_probe_lookup_value(probe, "TYPE", &type, NULL) < 0 ||
            has_word(content->kinds, type))
                return;
        append(content->kinds, sizeof(content->kinds), ", ", type);
        if (content->kind[0])
                return;
        set_value(probe, "TYPE", content->kind, sizeof(content->kind));
        set_value(probe, "USAGE", content->usage, sizeof(content->usage));
        set_value(probe, "LABEL", content->label, sizeof(content->label));
        set_value(probe, "UUID", content->kind_uuid, sizeof(content->kind_uuid));
}

static void set_size(int fd, struct disk_content *content)
{
        uint8_t block[FS_SIZE_BLOCK];
        uint64_t offset;
        ssize_t n;

        if (!fs_size_place(content->kind, &offset))
                return;
        n = pread(fd, block, sizeof(block), (off_t)(content->at + offset));
        if (n > 0)
                (void)fs_size_parse(content->kind, block, (size_t)n, &content->kind_size);
}

/* Every superblock of a place, each kind once. */
static int superblocks(int fd, struct disk_content *content)
{
        CLEANUP(blkid_free_probe)
        blkid_probe probe = probe_new(fd, (struct place){content->at, content->size});
        int rc;

        if (!probe)
                return fault();
        blkid_probe_enable_superblocks(probe, 1);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
                                                         BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
                                                         BLKID_SUBLKS_BADCSUM);
        for (int i = 0; i < SIGNATURES_MAX; i++) {
                errno = 0;
                rc = blkid_do_probe(probe);
                if (rc < 0)
                        return fault();
                if (rc > 0)
                        break;
                add_kind(probe, content);
        }
        set_size(fd, content);
        return 0;
}

static void set_entry(struct disk_content *content, blkid_partition part)
{
        const char *type = blkid_partition_get_type_string(part);
        const char *uuid = blkid_partition_get_uuid(part), *name = blkid_partition_get_name(part);

        *content = (struct disk_content){
                .number = (unsigned)blkid_partition_get_partno(part),
                .at = (uint64_t)blkid_partition_get_start(part) * SECTOR,
                .size = (uint64_t)blkid_partition_get_size(part) * SECTOR,
        };
        if (type)
                snprintf(content->type, sizeof(content->type), "%s", type);
        else
                snprintf(content->type, sizeof(content->type), "0x%02x",
                         (unsigned)blkid_partition_get_type(part) & 0xff);
        snprintf(content->uuid, sizeof(content->uuid), "%s", uuid ? uuid : "");
        snprintf(content->name, sizeof(content->name), "%s", name ? name : "");
}

static int partitions(int fd, blkid_partlist list, struct disk_contents *contents)
{
        const int count = blkid_partlist_numof_partitions(list);

        contents->told = count > 0 ? (unsigned)count : 0;
        for (int i = 0; i < count && i < PARTITIONS_MAX; i++) {
                blkid_partition part = blkid_partlist_get_partition(list, i);
                struct disk_content *content = &contents->partitions[contents->count++];
                int rc;

                set_entry(content, part);
                /* An extended partition is a table, whose partitions are in the list, too. */
                if (blkid_partition_is_extended(part) || content->size == 0)
                        continue;
                rc = superblocks(fd, content);
                /* A table may speak of more disk than there is. */
                if (rc == -ENOMEM)
                        return rc;
        }
        return 0;
}

/* The table's partitions, which belong to @probe. 1, or 0 without a table. */
static int find_table(blkid_probe probe, blkid_partlist *ret_list, const char **ret_type)
{
        blkid_parttable table;
        blkid_partlist list;

        blkid_probe_enable_partitions(probe, 1);
        blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
        errno = 0;
        list = blkid_probe_get_partitions(probe);
        table = list ? blkid_partlist_get_table(list) : NULL;
        if (!table)
                return errno == ENOMEM ? -ENOMEM : 0;
        *ret_list = list;
        *ret_type = blkid_parttable_get_type(table);
        return *ret_type ? 1 : 0;
}

int disk_contents_read(int fd, struct disk_contents *ret)
{
        CLEANUP(blkid_free_probe) blkid_probe probe = NULL;
        blkid_partlist list = NULL;
        const char *type = NULL, *id;
        uint8_t first[SECTOR];
        int rc;

        memset(ret, 0, sizeof(*ret));
        /* What cannot be read must not look like a disk that holds nothing. */
        if (pread(fd, first, sizeof(first), 0) < 0)
                return -errno;
        rc = superblocks(fd, &ret->whole);
        if (rc < 0)
                return rc;
        probe = probe_new(fd, (struct place){0});
        if (!probe)
                return fault();
        rc = find_table(probe, &list, &type);
        if (rc <= 0)
                return rc;
        id = blkid_parttable_get_id(blkid_partlist_get_table(list));
        snprintf(ret->whole.type, sizeof(ret->whole.type), "%s", type);
        snprintf(ret->whole.uuid, sizeof(ret->whole.uuid), "%s", id ? id : "");
        return partitions(fd, list, ret);
}

static bool begins_with_vowel(const char *text)
{
        return text[0] != '\0' && strchr("aeiou", text[0]);
}

/* Adds what @kinds has and @to has not. */
static void join_kinds(char to[static DISK_KINDS_SIZE], const char *kinds)
{
        while (*kinds) {
                const size_t len = strcspn(kinds, ",");
                char kind[DISK_KINDS_SIZE];

                snprintf(kind, sizeof(kind), "%.*s", (int)len, kinds);
                if (!has_word(to, kind))
                        append(to, DISK_KINDS_SIZE, ", ", kind);
                kinds += len;
                kinds += strspn(kinds, ", ");
        }
}

void disk_contents_words(const struct disk_contents *contents, char to[static DISK_HOLDS_SIZE])
{
        const struct disk_content *whole = &contents->whole;
        char inside[DISK_KINDS_SIZE] = "";

        to[0] = '\0';
        for (size_t i = 0; i < contents->count; i++)
                join_kinds(inside, contents->partitions[i].kinds);
        if (whole->type[0])
                snprintf(to, DISK_HOLDS_SIZE, "%s %s partition table with %u partition%s%s%s%s",
                         begins_with_vowel(whole->type) ? "an" : "a", whole->type, contents->told,
                         contents->told == 1 ? "" : "s", inside[0] ? " (" : "", inside,
                         inside[0] ? ")" : "");
        if (whole->kinds[0])
                append(to, DISK_HOLDS_SIZE, ", and ", whole->kinds);
}

int disk_holds(int fd, char ret[static DISK_HOLDS_SIZE])
{
        _free_ struct disk_contents *contents = malloc(sizeof(*contents));
        int rc;

        if (!contents)
                return -ENOMEM;
        rc = disk_contents_read(fd, contents);
        if (rc == 0)
                disk_contents_words(contents, ret);
        return rc;
}

static int wipe_place(int fd, struct place place)
{
        CLEANUP(blkid_free_probe) blkid_probe probe = probe_new(fd, place);
        int rc;

        if (!probe)
                return fault();
        blkid_probe_enable_superblocks(probe, 1);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
        blkid_probe_enable_partitions(probe, 1);
        blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC);
        for (int i = 0; i < SIGNATURES_MAX; i++) {
                errno = 0;
                rc = blkid_do_probe(probe);
                if (rc != 0)
                        return rc < 0 ? fault() : 0;
                if (blkid_do_wipe(probe, 0) < 0)
                        return fault();
        }
        return -EIO; /* the disk does not keep what is written */
}

static int zero(int fd, uint64_t at, uint64_t size)
{
        static const uint8_t zeros[64 << 10];

        while (size > 0) {
                const size_t part = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);
                const ssize_t written = pwrite(fd, zeros, part, (off_t)at);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return written < 0 ? -errno : -EIO;
                at += (uint64_t)written;
                size -= (uint64_t)written;
        }
        return 0;
}

/* Or else a new partition in the place of an old one would show the old one's file system. */
static int wipe_partitions(int fd, blkid_probe probe)
{
        blkid_partlist list;
        const char *type;
        int rc = find_table(probe, &list, &type), count;

        if (rc <= 0)
                return rc;
        count = blkid_partlist_numof_partitions(list);
        for (int i = 0; i < count && i < PARTITIONS_MAX; i++) {
                blkid_partition part = blkid_partlist_get_partition(list, i);
                const uint64_t size = (uint64_t)blkid_partition_get_size(part) * SECTOR;
                const uint64_t at = (uint64_t)blkid_partition_get_start(part) * SECTOR;

                if (blkid_partition_is_extended(part) || size == 0)
                        continue;
                rc = wipe_place(fd, (struct place){.at = at, .size = size});
                if (rc < 0 && rc != -EINVAL) /* beyond the disk's end there is nothing */
                        return rc;
        }
        return 0;
}

int disk_wipe(int fd)
{
        CLEANUP(blkid_free_probe) blkid_probe probe = probe_new(fd, (struct place){0});
        uint64_t size, edge;
        int rc;

        if (!probe)
                return fault();
        size = (uint64_t)blkid_probe_get_size(probe);
        edge = size < EDGE ? size : EDGE;
        rc = wipe_partitions(fd, probe);
        if (rc >= 0)
                rc = wipe_place(fd, (struct place){0});
        if (rc >= 0)
                rc = zero(fd, 0, edge);
        if (rc >= 0)
                rc = zero(fd, size - edge, edge);
        if (rc >= 0 && fsync(fd) < 0)
                rc = -errno;
        return rc;
}
