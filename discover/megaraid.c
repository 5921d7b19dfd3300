/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MegaRAID
 *
 * The configuration is arrays (drives side by side) and logical drives, which span
 * one or more of them. Its header tells the size of an element; one firmware that
 * was seen tells that of all of them together instead.
 */
#include "discover/megaraid.h"

#include <stdio.h>
#include <string.h>

#include "discover/raid_bytes.h"
#include "lib/base/text.h"

#define HEADER_SIZE     32  /* of the configuration */
#define ARRAY_SIZE_OF   32  /* of an array, before its drives */
#define VOLUME_SIZE     256 /* of a logical drive that this file reads */
#define SPANS_MAX       8
#define NO_DRIVE        0xffff
#define DRIVE_PREDICTED 176 /* megaraid_sas.h, struct MR_PD_INFO: predFailCount, and so on */
#define DRIVE_MEDIA     370
#define DRIVE_INTERFACE 401
#define DRIVE_DEGREES   402
#define DRIVE_KIND      188 /* in a drive's answer: union mfi_pd_ddf_type */
#define KIND_FOREIGN    (1 << 4)

bool megaraid_info_parse(const void *bytes, size_t size, struct doc *controller)
{
        if (size < MEGARAID_INFO_SIZE || raid_number_at(bytes, size, 0, 2) == 0)
                return false; /* no PCI vendor: nobody has answered */
        raid_set_text(controller, "model", bytes, size, 1344, 80);
        raid_set_text(controller, "serial", bytes, size, 1424, 32);
        raid_set_text(controller, "firmware", bytes, size, 1600, 96);
        return true;
}

/* FreeBSD's mfireg.h, struct mfi_bbu_status. The first of these bits that is set tells the state;
 * of zeros, which some firmware says to all that it does not know, the kind is none. */
bool megaraid_battery_parse(const void *bytes, size_t size, struct doc *battery)
{
        static const struct {
                const char *state;
                uint32_t bits;
                bool is_bad;
        } states[] = {
                {"missing",     1 << 0,                   true },
                {"replace",     1 << 10,                  true },
                {"failed",      1 << 7 | 1 << 8 | 1 << 9, true },
                {"overheated",  1 << 2,                   true },
                {"low",         1 << 1 | 1 << 11,         true },
                {"learning",    1 << 6,                   false},
                {"charging",    1 << 3,                   false},
                {"discharging", 1 << 4,                   false},
                {"optimal",     0,                        false},
        };
        const uint64_t kind = raid_number_at(bytes, size, 0, 1);
        const uint64_t bits = raid_number_at(bytes, size, 8, 4);
        const uint64_t millivolts = raid_number_at(bytes, size, 2, 2);
        const uint64_t degrees = raid_number_at(bytes, size, 6, 2);
        size_t at = 0;

        if (size < 12 || kind == 0)
                return false;
        while (states[at].bits != 0 && (states[at].bits & bits) == 0)
                at++;
        (void)doc_set_bool(battery, "good", !states[at].is_bad);
        (void)doc_set_text(battery, "state", states[at].state);
        if (millivolts > 0)
                (void)doc_set_number(battery, "millivolts", (int64_t)millivolts);
        if (degrees > 0 && degrees < 200)
                (void)doc_set_number(battery, "temperature_c", (int64_t)degrees);
        return true;
}

int megaraid_drives_parse(const void *bytes, size_t size, uint16_t ret[static MEGARAID_DRIVES_MAX])
{
        const uint64_t count = raid_number_at(bytes, size, 4, 4);
        int used = 0;

        if (size < 8 || count > MEGARAID_DRIVES_MAX || count > (size - 8) / 24)
                return -1;
        for (size_t i = 0; i < count; i++) {
                /* Of SCSI's types 0 is a disk: enclosures are in the list, too. */
                if (raid_number_at(bytes, size, 8 + i * 24 + 6, 1) == 0)
                        ret[used++] = (uint16_t)raid_number_at(bytes, size, 8 + i * 24, 2);
        }
        return used;
}

static const char *drive_state(uint64_t state)
{
        static const struct {
                uint16_t state;
                const char *name;
        } states[] = {
                {0x00, "unconfigured-good"},
                {0x01, "unconfigured-bad" },
                {0x02, "hot-spare"        },
                {0x10, "offline"          },
                {0x11, "failed"           },
                {0x14, "rebuild"          },
                {0x18, "online"           },
                {0x20, "copy-back"        },
                {0x40, "system"           },
        };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (states[i].state == state)
                        return states[i].name;
        return NULL;
}

/* What newer firmware adds; older one has zeros here, which would be a disk that turns. */
static void set_media(const void *bytes, size_t size, struct doc *drive)
{
        const uint64_t media = raid_number_at(bytes, size, DRIVE_MEDIA, 1);
        const uint64_t degrees = raid_number_at(bytes, size, DRIVE_DEGREES, 1);

        if (raid_number_at(bytes, size, DRIVE_INTERFACE, 1) == 0)
                return;
        if (media <= 1)
                (void)doc_set_text(drive, "media", media == 1 ? "ssd" : "hdd");
        if (degrees > 0 && degrees < 0x80)
                (void)doc_set_number(drive, "temperature_c", (int64_t)degrees);
}

bool megaraid_drive_parse(const void *bytes, size_t size, struct doc *drive)
{
        const uint64_t enclosure = raid_number_at(bytes, size, 256, 2);

        if (size < MEGARAID_DRIVE_SIZE || raid_number_at(bytes, size, 232, 8) == 0)
                return false;
        (void)doc_set_number(drive, "id", (int64_t)raid_number_at(bytes, size, 0, 2));
        if (enclosure != 0xffff)
                (void)doc_set_number(drive, "enclosure", (int64_t)enclosure);
        (void)doc_set_number(drive, "slot", (int64_t)raid_number_at(bytes, size, 259, 1));
        (void)doc_set_text(drive, "state", drive_state(raid_number_at(bytes, size, 184, 2)));
        raid_set_sectors(drive, "size", raid_number_at(bytes, size, 232, 8), RAID_SECTOR);
        (void)doc_set_number(drive, "media_errors", (int64_t)raid_number_at(bytes, size, 168, 4));
        (void)doc_set_number(drive, "predicted_failures",
                             (int64_t)raid_number_at(bytes, size, DRIVE_PREDICTED, 4));
        set_media(bytes, size, drive);
        (void)doc_set_bool(drive, "foreign",
                           (raid_number_at(bytes, size, DRIVE_KIND, 2) & KIND_FOREIGN) != 0);
        /* INQUIRY begins at 4; 7fh: the firmware has none yet. Vendor "ATA" is no maker. */
        if (raid_number_at(bytes, size, 4, 1) == 0x7f)
                return true;
        raid_set_text(drive, "vendor", bytes, size, 4 + 8, 8);
        if (text_is_equal(doc_get_text(drive, "vendor"), "ATA"))
                (void)doc_remove(drive, "vendor");
        raid_set_text(drive, "model", bytes, size, 4 + 16, 16);
        raid_set_text(drive, "firmware", bytes, size, 4 + 32, 4);
        raid_set_text(drive, "serial", bytes, size, 4 + 36, 20);
        return true;
}

/* -------------------------------------------------------- the configuration */

struct config {
        const void *bytes;
        size_t size;
        size_t array_count, array_size, volume_count, volume_size;
};

/* The size of one element, whichever of both the firmware tells. 0: it makes no sense. */
static size_t element_size(size_t told, size_t count, size_t least)
{
        if (count == 0)
                return least;
        if (told / count >= least && told % count == 0 && count > 1)
                return told / count;
        return told >= least ? told : 0;
}

static bool open_config(const void *bytes, size_t size, struct config *ret)
{
        struct config c = {.bytes = bytes, .size = raid_number_at(bytes, size, 0, 4)};
        size_t told[2], left;

        if (size < HEADER_SIZE || c.size < HEADER_SIZE || c.size > size)
                return false;
        c.array_count = raid_number_at(bytes, size, 4, 2);
        told[0] = raid_number_at(bytes, size, 6, 2);
        c.volume_count = raid_number_at(bytes, size, 8, 2);
        told[1] = raid_number_at(bytes, size, 10, 2);
        left = c.size - HEADER_SIZE;
        c.array_size = told[0];
        c.volume_size = told[1];
        /* As the drivers have it, or, where that is more than there is, as one firmware does. */
        if (c.array_count * told[0] + c.volume_count * told[1] > left) {
                c.array_size = element_size(told[0], c.array_count, ARRAY_SIZE_OF);
                c.volume_size = element_size(told[1], c.volume_count, VOLUME_SIZE);
        }
        if (c.volume_count > MEGARAID_VOLUMES_MAX || c.volume_size < VOLUME_SIZE ||
            c.array_size < ARRAY_SIZE_OF ||
            c.array_count * c.array_size + c.volume_count * c.volume_size > left)
                return false;
        *ret = c;
        return true;
}

/* The drives of the array with this number; missing ones are left out. */
static void add_drives(const struct config *c, uint64_t array, struct doc *list)
{
        for (size_t i = 0; i < c->array_count; i++) {
                const size_t start = HEADER_SIZE + i * c->array_size;
                const uint64_t count = raid_number_at(c->bytes, c->size, start + 8, 1);

                if (raid_number_at(c->bytes, c->size, start + 10, 2) != array)
                        continue;
                for (size_t j = 0; j < count && j < (c->array_size - ARRAY_SIZE_OF) / 8; j++) {
                        const uint64_t id =
                                raid_number_at(c->bytes, c->size, start + ARRAY_SIZE_OF + j * 8, 2);

                        if (id != NO_DRIVE)
                                (void)doc_append_number(list, (int64_t)id);
                }
                return;
        }
}

/* DDF's levels, and how many arrays they go over: 1 over two is 10. */
static void set_level(struct doc *volume, uint64_t primary, uint64_t spans)
{
        char text[16];

        if (primary == 0x1f || primary == 0x0f) {
                (void)doc_set_text(volume, "level", "jbod");
                return;
        }
        if (primary > 6)
                return;
        if (spans > 1 && primary > 0)
                snprintf(text, sizeof(text), "raid%u0", (unsigned)primary);
        else
                snprintf(text, sizeof(text), "raid%u", (unsigned)primary);
        (void)doc_set_text(volume, "level", text);
}

static struct doc *take_volume(const struct config *c, size_t start)
{
        static const char *const states[] = {"offline", "partially-degraded", "degraded",
                                             "optimal"};
        const uint64_t spans = raid_number_at(c->bytes, c->size, start + 37, 1);
        const uint64_t state = raid_number_at(c->bytes, c->size, start + 38, 1);
        const uint64_t strip = raid_number_at(c->bytes, c->size, start + 35, 1);
        struct doc *volume = doc_object(), *drives = doc_list();

        (void)doc_set_number(volume, "target",
                             (int64_t)raid_number_at(c->bytes, c->size, start, 1));
        raid_set_text(volume, "name", c->bytes, c->size, start + 4, 16);
        set_level(volume, raid_number_at(c->bytes, c->size, start + 32, 1), spans);
        if (state < ARRAY_SIZE(states))
                (void)doc_set_text(volume, "state", states[state]);
        if (strip > 0 && strip < 16) /* a power of two, in sectors */
                (void)doc_set_number(volume, "strip", (int64_t)RAID_SECTOR << strip);
        (void)doc_set_text(volume, "cache",
                           raid_number_at(c->bytes, c->size, start + 23, 1) & 1 ? "write-back"
                                                                                : "write-through");
        for (size_t i = 0; i < spans && i < SPANS_MAX; i++)
                add_drives(c, raid_number_at(c->bytes, c->size, start + 64 + i * 24 + 16, 2),
                           drives);
        (void)doc_set(volume, "drives", drives);
        return volume;
}

bool megaraid_config_parse(const void *bytes, size_t size, struct doc *volumes)
{
        struct config c;

        if (!open_config(bytes, size, &c))
                return false;
        for (size_t i = 0; i < c.volume_count; i++)
                (void)doc_append(volumes,
                                 take_volume(&c, HEADER_SIZE + c.array_count * c.array_size +
                                                         i * c.volume_size));
        return true;
}

bool megaraid_list_parse(const void *bytes, size_t size, struct doc *volumes)
{
        const uint64_t count = raid_number_at(bytes, size, 0, 4);

        if (size < 8 || count > MEGARAID_VOLUMES_MAX || count > (size - 8) / 16)
                return false;
        for (size_t i = 0; i < count; i++) {
                const int64_t target = (int64_t)raid_number_at(bytes, size, 8 + i * 16, 1);

                for (size_t j = 0; j < doc_count(volumes); j++)
                        if (doc_get_number(doc_at(volumes, j), "target", -1) == target)
                                raid_set_sectors(doc_at(volumes, j), "size",
                                                 raid_number_at(bytes, size, 8 + i * 16 + 8, 8),
                                                 RAID_SECTOR);
        }
        return true;
}
