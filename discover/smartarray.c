/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Smart Array
 *
 * Volumes and drives are SCSI units with addresses of eight bytes, and numbers that
 * BMIC's commands know them by. Which drives a volume is made of stands in its RAID
 * map, which names them by handles that the list of drives explains.
 */
#include "discover/smartarray.h"

#include <string.h>

#include "discover/field.h"
#include "discover/raid_bytes.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define LIST_HEADER     8
#define EXTENDED        24 /* bytes of a drive in the extended list */
#define MAP_HEADER      64
#define MAP_DRIVE       8 /* bytes */
#define MAP_MAX         1024
#define PAGE_STATUS     0xc3
#define SPIN_MIN        1000 /* rotations a minute; what says less is no number of them */
#define BAY_UNKNOWN     0xff
#define TYPE_EXPANDER   5
#define TYPE_ENCLOSURE  6
#define TYPE_CONTROLLER 7

bool smartarray_controller_parse(const void *bytes, size_t size, struct doc *controller)
{
        /* The version's four characters are always there. */
        if (size < 224 || raid_number_at(bytes, size, 5, 1) < ' ')
                return false;
        raid_set_text(controller, "firmware", bytes, size, 5, 4);
        raid_set_text(controller, "model", bytes, size, 208, 16);
        return true;
}

bool smartarray_subsystem_parse(const void *bytes, size_t size, struct doc *controller)
{
        if (size < 76 || raid_number_at(bytes, size, 44, 1) < ' ')
                return false;
        raid_set_text(controller, "serial", bytes, size, 44, 32);
        return true;
}

/* The list behind its header; @entry bytes each. -1: it contradicts itself. */
static int open_list(const void *bytes, size_t size, size_t entry, struct reader *ret)
{
        struct reader r = reader_over(bytes, size);
        uint32_t length;

        if (reader_be32(&r, &length) < 0 || reader_skip(&r, LIST_HEADER - 4) < 0 ||
            length % entry != 0)
                return -1;
        /* More than was asked for is told, and not sent. */
        if (length > reader_left(&r))
                length = (uint32_t)(reader_left(&r) / entry * entry);
        if (reader_take(&r, length, ret) < 0)
                return -1;
        return (int)(length / entry < SMARTARRAY_MAX ? length / entry : SMARTARRAY_MAX);
}

int smartarray_volumes_parse(const void *bytes, size_t size,
                             struct smartarray_lun ret[static SMARTARRAY_MAX])
{
        struct reader list;
        const int count = open_list(bytes, size, SMARTARRAY_LUN_SIZE, &list);

        for (int i = 0; i < count; i++) {
                ret[i] = (struct smartarray_lun){0};
                (void)reader_copy(&list, ret[i].address, SMARTARRAY_LUN_SIZE);
                ret[i].number = (uint16_t)(raid_number_at(ret[i].address, 4, 0, 2) & 0x3fff);
        }
        return count;
}

int smartarray_drives_parse(const void *bytes, size_t size,
                            struct smartarray_lun ret[static SMARTARRAY_MAX])
{
        struct reader list;
        int count = open_list(bytes, size, EXTENDED, &list), used = 0;

        if (count > 0 && raid_number_at(bytes, size, 4, 1) == 0)
                return -1; /* a firmware that knows the short form alone */
        for (int i = 0; i < count; i++) {
                struct smartarray_lun lun = {0};
                uint8_t type = 0, bus;

                (void)reader_copy(&list, lun.address, SMARTARRAY_LUN_SIZE);
                (void)reader_skip(&list, 8); /* world-wide name */
                (void)reader_u8(&list, &type);
                (void)reader_skip(&list, 3);
                (void)reader_le32(&list, &lun.handle);
                bus = lun.address[7] & 0x3f;
                if (type == TYPE_EXPANDER || type == TYPE_ENCLOSURE || type == TYPE_CONTROLLER ||
                    bus == 0)
                        continue;
                lun.number = (uint16_t)((bus - 1) << 8 | lun.address[6]);
                ret[used++] = lun;
        }
        return count < 0 ? -1 : used;
}

bool smartarray_volume_parse(const void *bytes, size_t size, struct doc *volume)
{
        static const char *const levels[] = {"raid0",  "raid4", "raid1",    "raid5",
                                             "raid51", "raid6", "raid1-adm"};
        const uint64_t sector = raid_number_at(bytes, size, 0, 2);
        const uint64_t level = raid_number_at(bytes, size, 22, 1);
        const uint64_t few = raid_number_at(bytes, size, 2, 4);
        const uint64_t many = raid_number_at(bytes, size, 94, 8);

        if (size < 102 || sector == 0)
                return false;
        if (level < ARRAY_SIZE(levels))
                (void)doc_set_text(volume, "level", levels[level]);
        raid_set_text(volume, "name", bytes, size, 30, 64);
        raid_set_sectors(volume, "size", many > 0 ? many : few, sector);
        return true;
}

bool smartarray_status_parse(const void *bytes, size_t size, struct doc *volume)
{
        static const char *const states[] = {
                "optimal",
                "failed",
                NULL, /* not configured */
                "degraded",
                "ready-to-rebuild",
                "rebuild",
                "wrong-drive-replaced",
                "drive-not-connected",
                "overheating",
                "overheated",
                "expansion",
                "not-available",
                "expansion-queued",
                "disabled",
                "ejected",
                "erase",
                NULL,
                "ready-for-predictive-rebuild",
                "parity-initialisation",
                "parity-initialisation-queued",
                "no-key",
        };
        const uint64_t state = raid_number_at(bytes, size, 4, 1);

        if (size < 5 || raid_number_at(bytes, size, 1, 1) != PAGE_STATUS ||
            raid_number_at(bytes, size, 3, 1) == 0 || state >= ARRAY_SIZE(states))
                return false;
        (void)doc_set_text(volume, "state", states[state]);
        return true;
}

static bool has_number(const struct doc *list, int64_t number)
{
        for (size_t i = 0; i < doc_count(list); i++)
                if (doc_number(doc_at(list, i)) == number)
                        return true;
        return false;
}

bool smartarray_map_parse(const void *bytes, size_t size, const struct smartarray_lun *drives,
                          size_t count, struct doc *volume)
{
        const uint64_t told = raid_number_at(bytes, size, 0, 4);
        const uint64_t sector = raid_number_at(bytes, size, 4, 4);
        const uint64_t a_row =
                raid_number_at(bytes, size, 36, 2) + raid_number_at(bytes, size, 38, 2);
        const uint64_t rows =
                raid_number_at(bytes, size, 40, 2) * raid_number_at(bytes, size, 42, 2);
        struct doc *list;

        if (size < MAP_HEADER || told > size || told < MAP_HEADER || sector == 0 || a_row == 0 ||
            rows == 0 || a_row > MAP_MAX || rows > MAP_MAX || a_row * rows > MAP_MAX ||
            a_row * rows > (told - MAP_HEADER) / MAP_DRIVE)
                return false;
        raid_set_sectors(volume, "strip", raid_number_at(bytes, size, 18, 2), sector);
        list = doc_list();
        for (size_t i = 0; i < a_row * rows; i++) {
                const uint64_t handle = raid_number_at(bytes, size, MAP_HEADER + i * MAP_DRIVE, 4);

                for (size_t j = 0; j < count; j++)
                        if (handle != 0 && drives[j].handle == handle &&
                            !has_number(list, drives[j].number))
                                (void)doc_append_number(list, drives[j].number);
        }
        if (doc_count(list) > 2 && text_is_equal(doc_get_text(volume, "level"), "raid1"))
                (void)doc_set_text(volume, "level", "raid10");
        (void)doc_set(volume, "drives", list);
        return true;
}

bool smartarray_drive_parse(const void *bytes, size_t size, struct doc *drive)
{
        const uint64_t sector = raid_number_at(bytes, size, 2, 2);
        const uint64_t few = raid_number_at(bytes, size, 4, 4);
        const uint64_t many = raid_number_at(bytes, size, 122, 8);
        const uint64_t bay = raid_number_at(bytes, size, 115, 1);
        const uint64_t degrees = raid_number_at(bytes, size, 1792, 1);

        if (size < 130 || sector == 0 || raid_number_at(bytes, size, 12, 1) == 0)
                return false;
        if (bay != BAY_UNKNOWN) {
                (void)doc_set_number(drive, "enclosure",
                                     (int64_t)raid_number_at(bytes, size, 114, 1));
                (void)doc_set_number(drive, "slot", (int64_t)bay);
        }
        raid_set_text(drive, "model", bytes, size, 12, 40);
        raid_set_text(drive, "serial", bytes, size, 52, 40);
        raid_set_text(drive, "firmware", bytes, size, 92, 8);
        raid_set_sectors(drive, "size", many > 0 ? many : few, sector);
        (void)doc_set_text(drive, "state",
                           raid_number_at(bytes, size, 102, 1) ? "failed" : "online");
        if (raid_number_at(bytes, size, 116, 4) >= SPIN_MIN)
                (void)doc_set_text(drive, "media", "hdd");
        if (degrees > 0 && degrees < 0x80)
                (void)doc_set_number(drive, "temperature_c", (int64_t)degrees);
        return true;
}
