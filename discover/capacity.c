/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Capacity: what the block layer does not show
 *
 * Disks out of storage arrays come with sectors of 520 or 528 bytes, and the kernel
 * gives them the size 0 without saying why.
 */
#include "discover/health.h"
#include "lib/base/reader.h"

#define SECTOR_MAX 65536 /* bytes; more is no disk's */

static bool is_usable(uint32_t sector)
{
        return sector == 512 || sector == 1024 || sector == 2048 || sector == 4096;
}

/* @last: the number of the last sector. */
static bool set_capacity(struct doc *disk, uint64_t last, uint32_t sector, unsigned shift)
{
        if (sector == 0 || sector > SECTOR_MAX)
                return false;
        if (is_usable(sector))
                return true;
        (void)doc_set_number(disk, "logical_sector", sector);
        (void)doc_set_number(disk, "physical_sector", (int64_t)sector << shift);
        if (last < (uint64_t)INT64_MAX / sector)
                (void)doc_set_number(disk, "raw_size", (int64_t)((last + 1) * sector));
        return true;
}

bool capacity16_parse(const void *bytes, size_t size, struct doc *disk)
{
        struct reader r = reader_over(bytes, size);
        uint8_t protection, exponents;
        uint32_t sector;
        uint64_t last;

        if (reader_be64(&r, &last) < 0 || reader_be32(&r, &sector) < 0 ||
            reader_u8(&r, &protection) < 0 || reader_u8(&r, &exponents) < 0 ||
            !set_capacity(disk, last, sector, exponents & 0xf))
                return false;
        if (protection & 1) /* PROT_EN; P_TYPE counts from 0 */
                (void)doc_set_number(disk, "protection", (protection >> 1 & 7) + 1);
        return true;
}

bool capacity10_parse(const void *bytes, size_t size, struct doc *disk)
{
        struct reader r = reader_over(bytes, size);
        uint32_t last, sector;

        return reader_be32(&r, &last) == 0 && reader_be32(&r, &sector) == 0 &&
               set_capacity(disk, last, sector, 0);
}
