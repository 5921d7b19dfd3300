/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a disk holds, by libblkid. */

#include <stddef.h>
#include <stdint.h>

#define DISK_HOLDS_SIZE     200
#define DISK_PARTITIONS_MAX 128
#define DISK_KINDS_SIZE     120
#define DISK_WORD_SIZE      40  /* a GUID as text, and kinds of tables and file systems */
#define DISK_LABEL_SIZE     260 /* 256 bytes are btrfs's; of a longer one there is the beginning */

/* One place of a disk: all of it, or a partition. "" is what it does not have. */
struct disk_content {
        unsigned number; /* of the partition; 0: the whole disk */
        uint64_t at;     /* bytes */
        uint64_t size;   /* the same; both 0 for the whole disk */

        /* In the partition table. */
        char type[DISK_WORD_SIZE]; /* GUID, or 0x83; of the whole disk the table's: "gpt", "dos" */
        char uuid[DISK_WORD_SIZE]; /* of the partition; of the whole disk the table's */
        char name[DISK_LABEL_SIZE];

        /* On the place itself: the first signature, as libblkid orders them: RAID, LUKS, others. */
        char kind[DISK_WORD_SIZE];  /* "ext4", "linux_raid_member" */
        char usage[DISK_WORD_SIZE]; /* "filesystem", "raid", "crypto", "other" */
        char label[DISK_LABEL_SIZE], kind_uuid[DISK_LABEL_SIZE];
        uint64_t kind_size; /* bytes that the file system has; 0: it is not known */

        char kinds[DISK_KINDS_SIZE]; /* of all signatures: "ext4, swap" */
};

struct disk_contents {
        struct disk_content whole;
        unsigned told; /* partitions that the table tells of */
        size_t count;  /* of them, those that are here */
        struct disk_content partitions[DISK_PARTITIONS_MAX];
};

/**
 * disk_contents_read() - partition tables, file systems, RAID and LVM members on a whole disk
 * @fd:   open for reading; the caller's
 * @ret:  filled; meaningless after a failure
 *
 * Texts are as they stand on the disk: any bytes but NUL.
 *
 * Return: 0, -errno of reading, -ENOMEM.
 */
int disk_contents_read(int fd, struct disk_contents *ret);

/* One line, "a gpt partition table with 3 partitions (vfat, ext4)"; "" if it holds nothing. */
void disk_contents_words(const struct disk_contents *contents, char to[static DISK_HOLDS_SIZE]);

/* Both of them. */
int disk_holds(int fd, char ret[static DISK_HOLDS_SIZE]);

/* Removes every signature that libblkid knows on this disk, of a disk or partition open for
 * writing. 0 or -errno. */
int disk_wipe(int fd);
