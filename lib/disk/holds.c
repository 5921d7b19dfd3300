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
#include <string.h>

#include "lib/base/cleanup.h"

#define KINDS_SIZE     120
#define PARTITIONS_MAX 128
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

/* "ext4, swap": every superblock of a place, each kind once. */
static int superblocks(int fd, struct place place, char *kinds)
{
        CLEANUP(blkid_free_probe) blkid_probe probe = probe_new(fd, place);
        int rc;

        if (!probe)
                return fault();
        blkid_probe_enable_superblocks(probe, 1);
        blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_BADCSUM);
        for (int i = 0; i < SIGNATURES_MAX; i++) {
                const char *type;

                errno = 0;
                rc = blkid_do_probe(probe);
                if (rc < 0)
                        return fault();
                if (rc > 0)
                        break;
                if (blkid_probe_lookup_value(probe, "TYPE", &type, NULL) == 0 &&
                    !has_word(kinds, type))
                        append(kinds, KINDS_SIZE, ", ", type);
        }
        return 0;
}

static bool begins_with_vowel(const char *text)
{
        return text[0] != '\0' && strchr("aeiou", text[0]);
}

/* Kinds on the partitions, in their order. */
static int partitions(int fd, blkid_partlist list, char *kinds)
{
        const int count = blkid_partlist_numof_partitions(list);

        for (int i = 0; i < count && i < PARTITIONS_MAX; i++) {
                blkid_partition part = blkid_partlist_get_partition(list, i);
                const struct place place = {
                        .at = (uint64_t)blkid_partition_get_start(part) * SECTOR,
                        .size = (uint64_t)blkid_partition_get_size(part) * SECTOR};
                int rc;

                /* An extended partition is a table, whose partitions are in the list, too. */
                if (blkid_partition_is_extended(part) || place.size == 0)
                        continue;
                rc = superblocks(fd, place, kinds);
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

int disk_holds(int fd, char ret[static DISK_HOLDS_SIZE])
{
        CLEANUP(blkid_free_probe) blkid_probe probe = NULL;
        char whole[KINDS_SIZE] = "", inside[KINDS_SIZE] = "", text[DISK_HOLDS_SIZE] = "";
        blkid_partlist list = NULL;
        const char *type = NULL;
        uint8_t first[SECTOR];
        int rc;

        /* What cannot be read must not look like a disk that holds nothing. */
        if (pread(fd, first, sizeof(first), 0) < 0)
                return -errno;
        rc = superblocks(fd, (struct place){0}, whole);
        if (rc < 0)
                return rc;
        probe = probe_new(fd, (struct place){0});
        if (!probe)
                return fault();
        rc = find_table(probe, &list, &type);
        if (rc > 0) {
                const int count = blkid_partlist_numof_partitions(list);

                rc = partitions(fd, list, inside);
                snprintf(text, sizeof(text), "%s %s partition table with %d partition%s%s%s%s",
                         begins_with_vowel(type) ? "an" : "a", type, count, count == 1 ? "" : "s",
                         inside[0] ? " (" : "", inside, inside[0] ? ")" : "");
        }
        if (rc < 0)
                return rc;
        if (whole[0])
                append(text, sizeof(text), ", and ", whole);
        memcpy(ret, text, sizeof(text));
        return 0;
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
