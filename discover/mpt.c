/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/mpt.h"

#include <string.h>

#include "discover/field.h"
#include "discover/raid_bytes.h"
#include "lib/base/text.h"

#define FUNCTION_CONFIG 0x04
#define ACTION_HEADER   0
#define ACTION_READ     1
#define STATUS_MASK     0x7fff /* the bit above tells of a log */
#define STATUS_SUCCESS  0x0000
#define STATUS_NO_TYPE  0x0021
#define STATUS_NO_PAGE  0x0022
#define TYPE_MASK       0x0f
#define VOLUME_FIXED    0x28 /* bytes of volume page 0, before its disks */

static void put_le32(uint8_t *to, uint32_t number)
{
        for (int i = 0; i < 4; i++)
                to[i] = (uint8_t)(number >> 8 * i);
}

/* mpi2_cnfg.h, MPI2_CONFIG_REQUEST. */
void mpt_request_write(uint8_t to[static MPT_REQUEST_SIZE], const struct mpt_page *page,
                       uint32_t address, bool is_header)
{
        memset(to, 0, MPT_REQUEST_SIZE);
        to[0x00] = is_header ? ACTION_HEADER : ACTION_READ;
        to[0x03] = FUNCTION_CONFIG;
        to[0x14] = page->version;
        to[0x15] = page->length;
        to[0x16] = page->number;
        to[0x17] = page->type;
        put_le32(to + 0x18, address);
}

int mpt_reply_parse(const void *bytes, size_t size, struct mpt_page *ret)
{
        const uint64_t status = raid_number_at(bytes, size, 0x0e, 2) & STATUS_MASK;

        if (size < MPT_REPLY_SIZE || raid_number_at(bytes, size, 0x03, 1) != FUNCTION_CONFIG)
                return -1;
        if (status == STATUS_NO_TYPE || status == STATUS_NO_PAGE)
                return 0;
        if (status != STATUS_SUCCESS)
                return -1;
        *ret = (struct mpt_page){
                .version = (uint8_t)raid_number_at(bytes, size, 0x14, 1),
                .length = (uint8_t)raid_number_at(bytes, size, 0x15, 1),
                .number = (uint8_t)raid_number_at(bytes, size, 0x16, 1),
                .type = (uint8_t)raid_number_at(bytes, size, 0x17, 1),
        };
        return 1;
}

/* Its header says which page it is. */
static bool is_page(const void *bytes, size_t size, uint8_t type, uint8_t number)
{
        return (raid_number_at(bytes, size, 3, 1) & TYPE_MASK) == type &&
               raid_number_at(bytes, size, 2, 1) == number;
}

bool mpt_volume1_parse(const void *bytes, size_t size, uint16_t *ret_handle, struct doc *volume)
{
        if (size < 0x38 || !is_page(bytes, size, MPT_PAGE_VOLUME, 1))
                return false;
        *ret_handle = (uint16_t)raid_number_at(bytes, size, 0x04, 2);
        raid_set_text(volume, "name", bytes, size, 0x20, 16);
        return true;
}

static const char *level_of(uint64_t type)
{
        static const struct {
                uint8_t type;
                const char *level;
        } levels[] = {
                {0, "raid0" },
                {1, "raid1e"},
                {2, "raid1" },
                {5, "raid10"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
                if (levels[i].type == type)
                        return levels[i].level;
        return NULL;
}

bool mpt_volume0_parse(const void *bytes, size_t size, struct doc *volume)
{
        static const char *const states[] = {"missing", "failed",   "initialising",
                                             "online",  "degraded", "optimal"};
        const uint64_t state = raid_number_at(bytes, size, 0x06, 1);
        const uint64_t cache = raid_number_at(bytes, size, 0x0c, 2) & 3;
        const uint64_t last = raid_number_at(bytes, size, 0x10, 8);
        const uint64_t sector = raid_number_at(bytes, size, 0x1c, 2);
        const uint64_t count = raid_number_at(bytes, size, 0x24, 1);
        struct doc *drives;

        if (size < VOLUME_FIXED || !is_page(bytes, size, MPT_PAGE_VOLUME, 0) ||
            count > (size - VOLUME_FIXED) / 4)
                return false;
        (void)doc_set_number(volume, "target", (int64_t)raid_number_at(bytes, size, 0x04, 2));
        (void)doc_set_text(volume, "level", level_of(raid_number_at(bytes, size, 0x07, 1)));
        if (state < ARRAY_SIZE(states))
                (void)doc_set_text(volume, "state", states[state]);
        if (cache == 1 || cache == 2)
                (void)doc_set_text(volume, "cache", cache == 2 ? "write-back" : "write-through");
        if (last > 0 && last < UINT64_MAX)
                raid_set_sectors(volume, "size", last + 1, sector);
        raid_set_sectors(volume, "strip", raid_number_at(bytes, size, 0x18, 4), sector);
        drives = doc_list();
        for (size_t i = 0; i < count; i++)
                (void)doc_append_number(
                        drives, (int64_t)raid_number_at(bytes, size, VOLUME_FIXED + i * 4 + 2, 1));
        (void)doc_set(volume, "drives", drives);
        return true;
}

bool mpt_disk_parse(const void *bytes, size_t size, uint8_t *ret_number, struct doc *drive)
{
        static const char *const states[] = {
                "unconfigured-good", "not-compatible", "offline", "online",
                "hot-spare",         "degraded",       "rebuild", "optimal"};
        const uint64_t state = raid_number_at(bytes, size, 0x50, 1);
        const uint64_t media = raid_number_at(bytes, size, 0x53, 1) & 0x0c;
        const uint64_t last = raid_number_at(bytes, size, 0x58, 8);

        if (size < 0x72 || !is_page(bytes, size, MPT_PAGE_DISK, 0))
                return false;
        *ret_number = (uint8_t)raid_number_at(bytes, size, 0x07, 1);
        (void)doc_set_number(drive, "id", *ret_number);
        raid_set_text(drive, "vendor", bytes, size, 0x10, 8);
        if (text_is_equal(doc_get_text(drive, "vendor"), "ATA"))
                (void)doc_remove(drive, "vendor");
        raid_set_text(drive, "model", bytes, size, 0x18, 16);
        raid_set_text(drive, "firmware", bytes, size, 0x28, 4);
        raid_set_text(drive, "serial", bytes, size, 0x2c, 32);
        if (state < ARRAY_SIZE(states))
                (void)doc_set_text(drive, "state", states[state]);
        if (media == 0x08 || media == 0x04)
                (void)doc_set_text(drive, "media", media == 0x08 ? "ssd" : "hdd");
        if (last > 0 && last < UINT64_MAX)
                raid_set_sectors(drive, "size", last + 1, raid_number_at(bytes, size, 0x70, 2));
        return true;
}
