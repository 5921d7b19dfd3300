/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * GUID partition tables (UEFI 2.10 section 5.3). Pure: sectors in, sectors out.
 * libfdisk writes to a device at once; the installer must have the table in
 * memory until everything else is on the disk.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/reader.h"

#define GPT_MAX_PARTITIONS 128 /* entries of a table, as everybody makes them */
#define GPT_NAME_SIZE      109 /* 36 UTF-16 units as UTF-8, and the NUL */

struct gpt_guid {
        uint8_t bytes[16]; /* as on disk: the first three fields little endian */
};
extern const struct gpt_guid gpt_type_bios_boot, gpt_type_efi_system, gpt_type_linux_root_x86_64,
        gpt_type_linux_data, gpt_type_basic_data;
#define GPT_GUID_TEXT_SIZE 37
const char *gpt_guid_text(char to[static GPT_GUID_TEXT_SIZE], const struct gpt_guid *guid);
int gpt_guid_parse(const char *text, struct gpt_guid *ret); /* -EINVAL */

struct gpt_partition {
        struct gpt_guid type; /* zero: the entry is not used */
        struct gpt_guid id;
        uint64_t first, last; /* sectors, inclusive */
        uint64_t attributes;
        char name[GPT_NAME_SIZE];
};

struct gpt {
        struct gpt_guid disk;
        uint32_t sector_size;
        uint64_t sectors;                   /* of the disk that it is for */
        uint64_t first_usable, last_usable; /* inclusive */
        struct gpt_partition partitions[GPT_MAX_PARTITIONS];
};

/* Bytes at the disk's start that hold MBR, header and entries: 34 sectors of 512, 6 of 4,096. */
size_t gpt_head_size(uint32_t sector_size);
/* And at its end: entries and header. */
size_t gpt_tail_size(uint32_t sector_size);

void gpt_new(struct gpt *ret, const struct gpt_guid *disk, uint32_t sector_size, uint64_t sectors);

/**
 * gpt_parse() - read the primary table
 * @head:  the first gpt_head_size() bytes of a disk, or more
 *
 * Return: 0.
 *         -ENOENT if there is no GPT signature.
 *         -EBADMSG if a checksum is wrong, or partitions overlap or lie outside.
 *         -ENOTSUP for more than GPT_MAX_PARTITIONS entries, entries of another size than 128 or
 *         elsewhere than behind the header, a partition where 128 of them would lie, or sectors of
 *         another size than 512 or 4,096.
 */
int gpt_parse(struct reader head, uint32_t sector_size, struct gpt *ret);

/* Fits it to a disk of another size: last_usable moves. -ENOSPC: a partition lies beyond. */
int gpt_resize(struct gpt *gpt, uint64_t sectors);

int gpt_find(const struct gpt *gpt,
             const char *name); /* index by name, ASCII case ignored; -ENOENT */

/* Appends at the end of the disk, in the last free space of that many bytes, aligned to 1 MiB.
 * Returns its index; -ENOSPC; -EINVAL for 0 bytes or a name of more than 36 UTF-16 units.
 * @id: random or derived; the caller's choice. */
int gpt_add_last(struct gpt *gpt, const struct gpt_guid *type, const struct gpt_guid *id,
                 const char *name, uint64_t bytes);

/* Index of the partition that lies last on the disk; -ENOENT when there is none. */
int gpt_last(const struct gpt *gpt);

/* It grows over the free space right behind it: to the next partition, or to the end. */
void gpt_grow(struct gpt *gpt, int index);

/* Both: who appends a partition and grows the one before it takes gpt_last() first. */
int gpt_grow_last(struct gpt *gpt);

/**
 * gpt_write() - both tables, and the protective MBR
 * @head:  gpt_head_size() bytes; the first 440 (boot code) are kept as they are
 * @tail:  gpt_tail_size() bytes, for the disk's end
 */
void gpt_write(const struct gpt *gpt, uint8_t *head, uint8_t *tail);
