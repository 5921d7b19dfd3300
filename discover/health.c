/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Health of disks
 *
 * What a standard defines is taken, and of ATA's attributes, which no standard
 * defines, those that all makers count alike. A number that a disk does not know
 * it leaves out, or says 0xff.
 */
#include "discover/health.h"

#include "lib/base/reader.h"
#include "lib/base/text.h"

#define KELVIN 273

static void set_number(struct doc *to, const char *name, uint64_t number)
{
        if (number <= INT64_MAX)
                (void)doc_set_number(to, name, (int64_t)number);
}

static struct reader at(const void *bytes, size_t size, size_t offset)
{
        struct reader r = reader_over(bytes, size);

        return reader_skip(&r, offset) == 0 ? r : reader_over(bytes, 0);
}

static uint8_t u8_at(const void *bytes, size_t size, size_t offset)
{
        struct reader r = at(bytes, size, offset);
        uint8_t value;

        return reader_u8(&r, &value) == 0 ? value : 0;
}

static uint16_t le16_at(const void *bytes, size_t size, size_t offset)
{
        struct reader r = at(bytes, size, offset);
        uint16_t value;

        return reader_le16(&r, &value) == 0 ? value : 0;
}

/* -------------------------------------------------------------------- NVMe */

/* Of 16 bytes; what does not fit in 8 no disk has counted. */
static uint64_t le128_at(const void *bytes, size_t size, size_t offset)
{
        struct reader r = at(bytes, size, offset);
        uint64_t low, high;

        if (reader_le64(&r, &low) < 0 || reader_le64(&r, &high) < 0)
                return 0;
        return high == 0 ? low : UINT64_MAX;
}

static void set_warnings(struct doc *health, uint8_t bits)
{
        static const char *const warnings[] = {
                "spare-low", "temperature",   "unreliable",
                "read-only", "backup-failed", "memory-read-only",
        };
        struct doc *list = doc_list();

        for (size_t i = 0; i < ARRAY_SIZE(warnings); i++)
                if (bits & 1U << i)
                        (void)doc_append_text(list, warnings[i]);
        if (doc_count(list) > 0)
                (void)doc_set(health, "warnings", list);
        else
                doc_free(list);
}

bool health_nvme(const void *bytes, size_t size, struct doc *health)
{
        static const struct {
                const char *name;
                uint16_t offset;
                uint32_t unit;
        } counts[] = {
                {"bytes_read",       32,  512000},
                {"bytes_written",    48,  512000},
                {"power_cycles",     112, 1     },
                {"power_on_hours",   128, 1     },
                {"unsafe_shutdowns", 144, 1     },
                {"media_errors",     160, 1     },
        };
        const uint16_t kelvin = le16_at(bytes, size, 1);
        const uint8_t warning = u8_at(bytes, size, 0);

        if (size < HEALTH_NVME)
                return false;
        (void)doc_set_bool(health, "passed", warning == 0);
        set_warnings(health, warning);
        if (kelvin >= KELVIN && kelvin < 2 * KELVIN)
                set_number(health, "temperature_c", kelvin - KELVIN);
        set_number(health, "spare_percent", u8_at(bytes, size, 3));
        set_number(health, "wear_percent", u8_at(bytes, size, 5));
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                const uint64_t count = le128_at(bytes, size, counts[i].offset);

                if (count <= INT64_MAX / counts[i].unit)
                        set_number(health, counts[i].name, count * counts[i].unit);
        }
        return true;
}

bool nvme_controller_parse(const void *bytes, size_t size, struct doc *disk)
{
        static const struct {
                const char *name;
                uint16_t offset;
                uint8_t bit;
        } ways[] = {
                {"sanitize-crypto",    328, 0},
                {"sanitize-block",     328, 1},
                {"sanitize-overwrite", 328, 2},
                {"format",             256, 1},
                {"format-crypto",      524, 2},
        };
        struct doc *list;

        if (size < HEALTH_NVME_ID)
                return false;
        list = doc_list();
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
                if (u8_at(bytes, size, ways[i].offset) & 1U << ways[i].bit)
                        (void)doc_append_text(list, ways[i].name);
        (void)doc_set(disk, "nvme_erase", list);
        return true;
}

bool nvme_namespace_parse(const void *bytes, size_t size, struct doc *disk)
{
        const unsigned count = u8_at(bytes, size, 25) + 1U, flags = u8_at(bytes, size, 26);
        const unsigned used = (flags & 0xf) | (flags >> 5 & 3) << 4;
        struct doc *list;

        if (size < HEALTH_NVME_ID || count > 64)
                return false;
        list = doc_list();
        for (unsigned i = 0; i < count; i++) {
                const size_t offset = 128 + (size_t)i * 4;
                const uint8_t shift = u8_at(bytes, size, offset + 2);
                struct doc *format;

                if (shift < 9 || shift > 30) /* 0: not available */
                        continue;
                format = doc_object();
                set_number(format, "sector", (uint64_t)1 << shift);
                set_number(format, "metadata", le16_at(bytes, size, offset));
                (void)doc_set_bool(format, "in_use", i == used);
                (void)doc_append(list, format);
        }
        (void)doc_set(disk, "nvme_formats", list);
        if ((u8_at(bytes, size, 29) & 7) != 0)
                set_number(disk, "protection", u8_at(bytes, size, 29) & 7);
        return true;
}

/* --------------------------------------------------------------------- ATA */

/* Vendors agree on these, and on how many bytes of the raw value count. */
static const struct {
        uint8_t id, bytes;
        const char *name;
} attributes[] = {
        {5,   2, "reallocated_sectors"  },
        {9,   3, "power_on_hours"       },
        {12,  4, "power_cycles"         },
        {187, 2, "media_errors"         },
        {194, 1, "temperature_c"        },
        {197, 4, "pending_sectors"      },
        {198, 4, "uncorrectable_sectors"},
};

static bool is_sum_zero(const void *bytes, size_t size)
{
        struct reader r = reader_over(bytes, size);
        uint8_t byte, sum = 0;

        while (reader_u8(&r, &byte) == 0)
                sum = (uint8_t)(sum + byte);
        return sum == 0;
}

static void take_attribute(struct reader entry, struct doc *health)
{
        uint8_t id, raw;
        uint64_t number = 0;

        if (reader_u8(&entry, &id) < 0 || reader_skip(&entry, 4) < 0)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
                if (attributes[i].id != id)
                        continue;
                for (unsigned j = 0; j < attributes[i].bytes && reader_u8(&entry, &raw) == 0; j++)
                        number |= (uint64_t)raw << 8 * j;
                set_number(health, attributes[i].name, number);
        }
}

bool health_ata_data(const void *bytes, size_t size, struct doc *health)
{
        struct reader r = reader_over(bytes, size), entry;

        if (size != HEALTH_SECTOR || !is_sum_zero(bytes, size) || le16_at(bytes, size, 0) == 0)
                return false;
        (void)reader_skip(&r, 2);
        for (int i = 0; i < 30 && reader_take(&r, 12, &entry) == 0; i++)
                take_attribute(entry, health);
        return true;
}

bool health_ata_has_logs(const void *page, size_t size)
{
        const uint16_t word = le16_at(page, size, 60 + 2 * 87);

        return u8_at(page, size, 1) == 0x89 && (word & 0xc000) == 0x4000 && (word & 1U << 5);
}

bool health_ata_statistics(const void *bytes, size_t size, struct doc *health)
{
        /* Both bits: the statistic is supported, and its value valid. */
        if (size != HEALTH_SECTOR || u8_at(bytes, size, 2) != 7 ||
            (u8_at(bytes, size, 8 + 7) & 0xc0) != 0xc0)
                return false;
        set_number(health, "wear_percent", u8_at(bytes, size, 8));
        return true;
}

bool health_ata_verdict(const void *sense, size_t size, struct doc *health)
{
        const uint8_t format = u8_at(sense, size, 0) & 0x7f;
        uint8_t middle, high;

        if (format == 0x72 && u8_at(sense, size, 8) == 0x09) { /* descriptor: ATA Status Return */
                middle = u8_at(sense, size, 8 + 9);
                high = u8_at(sense, size, 8 + 11);
        } else if (format == 0x70) {
                middle = u8_at(sense, size, 10);
                high = u8_at(sense, size, 11);
        } else {
                return false;
        }
        if ((middle != 0x4f || high != 0xc2) && (middle != 0xf4 || high != 0x2c))
                return false;
        (void)doc_set_bool(health, "passed", middle == 0x4f);
        return true;
}

/* -------------------------------------------------------------------- SCSI */

struct parameter {
        uint16_t code;
        struct reader value;
};

/* Big-endian, as long as it is; longer than 8 bytes: false. */
static bool whole_number(struct reader value, uint64_t *ret)
{
        uint64_t number = 0;
        uint8_t byte;

        if (reader_left(&value) == 0 || reader_left(&value) > 8)
                return false;
        while (reader_u8(&value, &byte) == 0)
                number = number << 8 | byte;
        *ret = number;
        return true;
}

static void take_errors(const struct parameter *p, struct doc *health)
{
        const int64_t before = doc_get_number(health, "media_errors", 0);
        uint64_t count;

        if (p->code == 6 && whole_number(p->value, &count) && count < INT32_MAX)
                set_number(health, "media_errors", (uint64_t)before + count);
}

static void take_temperature(const struct parameter *p, struct doc *health)
{
        const uint8_t *bytes = p->value.at;

        if (p->code == 0 && reader_left(&p->value) >= 2 && bytes[1] != 0xff)
                set_number(health, "temperature_c", bytes[1]);
}

static void take_endurance(const struct parameter *p, struct doc *health)
{
        if (p->code == 1 && reader_left(&p->value) >= 4)
                set_number(health, "wear_percent", p->value.at[3]);
}

static void take_scan(const struct parameter *p, struct doc *health)
{
        struct reader value = p->value;
        uint32_t minutes;

        if (p->code == 0 && reader_be32(&value, &minutes) == 0)
                set_number(health, "power_on_hours", minutes / 60);
}

/* Informational exceptions: 5Dh is a failure that is predicted. */
static void take_exceptions(const struct parameter *p, struct doc *health)
{
        if (p->code == 0 && reader_left(&p->value) >= 2)
                (void)doc_set_bool(health, "passed", p->value.at[0] != 0x5d);
}

static const struct {
        uint8_t page;
        void (*take)(const struct parameter *p, struct doc *health);
} pages[] = {
        {0x02, take_errors     },
        {0x03, take_errors     },
        {0x0d, take_temperature},
        {0x11, take_endurance  },
        {0x15, take_scan       },
        {0x2f, take_exceptions },
};

bool health_scsi_page(const void *bytes, size_t size, struct doc *health)
{
        struct reader r = reader_over(bytes, size), list;
        uint8_t code, subpage, len;
        struct parameter p;
        uint16_t all;

        if (reader_u8(&r, &code) < 0 || reader_u8(&r, &subpage) < 0 || reader_be16(&r, &all) < 0)
                return false;
        /* A page that is longer than was asked for is cut. */
        if (all > reader_left(&r))
                all = (uint16_t)reader_left(&r);
        if (reader_take(&r, all, &list) < 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
                if (pages[i].page != (code & 0x3f) || (code & 0x40))
                        continue;
                while (reader_be16(&list, &p.code) == 0 && reader_skip(&list, 1) == 0 &&
                       reader_u8(&list, &len) == 0 && reader_take(&list, len, &p.value) == 0)
                        pages[i].take(&p, health);
                return true;
        }
        return false;
}
