/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/disk/fs_size.h"

#include <string.h>

#include "lib/base/reader.h"

/* Every kind is so many blocks of so many bytes. */
struct blocks {
        uint64_t count, size;
};

/* Linux, Documentation/filesystems/ext4/super.rst. */
static bool read_ext(struct reader r, struct blocks *ret)
{
        uint32_t count, shift, features, high;
        uint16_t magic;

        if (reader_skip(&r, 4) < 0 || reader_le32(&r, &count) < 0 || reader_skip(&r, 16) < 0 ||
            reader_le32(&r, &shift) < 0 || reader_skip(&r, 28) < 0 || reader_le16(&r, &magic) < 0 ||
            magic != 0xef53 || shift > 16 || reader_skip(&r, 38) < 0 ||
            reader_le32(&r, &features) < 0 || reader_skip(&r, 236) < 0 ||
            reader_le32(&r, &high) < 0)
                return false;
        if (!(features & 0x80)) /* 64bit */
                high = 0;
        *ret = (struct blocks){(uint64_t)high << 32 | count, (uint64_t)1024 << shift};
        return true;
}

/* XFS Algorithms and Data Structures, superblocks. */
static bool read_xfs(struct reader r, struct blocks *ret)
{
        uint32_t magic, size;
        uint64_t count;

        if (reader_be32(&r, &magic) < 0 || magic != 0x58465342 || reader_be32(&r, &size) < 0 ||
            reader_be64(&r, &count) < 0)
                return false;
        *ret = (struct blocks){count, size};
        return true;
}

/* Btrfs design, superblock: of all devices of the file system together. */
static bool read_btrfs(struct reader r, struct blocks *ret)
{
        struct reader magic;
        uint64_t count;

        if (reader_skip(&r, 64) < 0 || reader_take(&r, 8, &magic) < 0 ||
            memcmp(magic.at, "_BHRfS_M", 8) != 0 || reader_skip(&r, 40) < 0 ||
            reader_le64(&r, &count) < 0)
                return false;
        *ret = (struct blocks){count, 1};
        return true;
}

/* FAT specification 1.03 section 3: 16 bits, or 32 where these are 0. */
static bool read_fat(struct reader r, struct blocks *ret)
{
        uint16_t size, few;
        uint32_t many;

        if (reader_skip(&r, 11) < 0 || reader_le16(&r, &size) < 0 || reader_skip(&r, 6) < 0 ||
            reader_le16(&r, &few) < 0 || reader_skip(&r, 11) < 0 || reader_le32(&r, &many) < 0)
                return false;
        *ret = (struct blocks){few ? few : many, size};
        return true;
}

static bool read_ntfs(struct reader r, struct blocks *ret)
{
        uint64_t count;
        uint16_t size;

        if (reader_skip(&r, 11) < 0 || reader_le16(&r, &size) < 0 || reader_skip(&r, 27) < 0 ||
            reader_le64(&r, &count) < 0)
                return false;
        *ret = (struct blocks){count, size};
        return true;
}

static const struct kind {
        const char *name;
        uint32_t offset;
        bool (*read)(struct reader block, struct blocks *ret);
} kinds[] = {
        {"ext2",  1024,  read_ext  },
        {"ext3",  1024,  read_ext  },
        {"ext4",  1024,  read_ext  },
        {"xfs",   0,     read_xfs  },
        {"btrfs", 65536, read_btrfs},
        {"vfat",  0,     read_fat  },
        {"ntfs",  0,     read_ntfs },
};

static const struct kind *kind_of(const char *name)
{
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return &kinds[i];
        return NULL;
}

bool fs_size_place(const char *kind, uint64_t *ret_offset)
{
        const struct kind *row = kind_of(kind);

        if (row)
                *ret_offset = row->offset;
        return row != NULL;
}

bool fs_size_parse(const char *kind, const void *block, size_t size, uint64_t *ret)
{
        const struct kind *row = kind_of(kind);
        struct blocks blocks;

        if (!row || !row->read(reader_over(block, size), &blocks) || blocks.count == 0 ||
            blocks.size == 0 || blocks.count > (uint64_t)INT64_MAX / blocks.size)
                return false;
        *ret = blocks.count * blocks.size;
        return true;
}
