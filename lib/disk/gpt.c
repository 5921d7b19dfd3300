/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Everything is compared by subtraction and against the range that the header
 * itself names as usable: a table that lies about one partition is no table.
 *
 * Tables of fewer than 128 entries exist, and may have partitions where a full
 * one's entries lie. We write full ones, so the usable range shrinks to what
 * leaves room for them, and a partition outside is refused: -ENOTSUP.
 */

#include "lib/disk/gpt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

#define REVISION        0x00010000
#define HEADER_SIZE     92
#define HEADER_CRC_AT   16
#define ENTRY_SIZE      128
#define ENTRIES_SIZE    ((size_t)GPT_MAX_PARTITIONS * ENTRY_SIZE)
#define ENTRIES_LBA     2
#define NAME_UNITS      36
#define BOOT_CODE_SIZE  440 /* UEFI 2.10 5.2.1 */
#define MBR_SIZE        512
#define MBR_PROTECTIVE  0xee
#define ALIGNMENT_BYTES (1 << 20)
#define REPLACEMENT     0xfffd

static const char signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

/* UEFI 2.10 table 5.7, the Discoverable Partitions Specification, and GRUB's own. */
/* clang-format off */
const struct gpt_guid gpt_type_bios_boot = {{
        0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e, 0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49}};
const struct gpt_guid gpt_type_efi_system = {{
        0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}};
const struct gpt_guid gpt_type_linux_root_x86_64 = {{
        0xe3, 0xbc, 0x68, 0x4f, 0xcd, 0xe8, 0xb1, 0x4d, 0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09}};
const struct gpt_guid gpt_type_linux_data = {{
        0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4}};
const struct gpt_guid gpt_type_basic_data = {{
        0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7}};
/* clang-format on */

/* The text's bytes in the order of those on disk. */
static const uint8_t text_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

/* CRC-32 of IEEE 802.3, as UEFI demands: the remainder of each half byte by 0xedb88320. */
static uint32_t crc32_of(uint32_t crc, const void *bytes, size_t size)
{
        static const uint32_t remainders[16] = {
                0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
        };
        const uint8_t *p = bytes;

        crc = ~crc;
        for (size_t i = 0; i < size; i++) {
                crc = crc >> 4 ^ remainders[(crc ^ p[i]) & 0xf];
                crc = crc >> 4 ^ remainders[(crc ^ p[i] >> 4) & 0xf];
        }
        return ~crc;
}

const char *gpt_guid_text(char to[static GPT_GUID_TEXT_SIZE], const struct gpt_guid *guid)
{
        char *at = to;

        for (size_t i = 0; i < sizeof(text_order); i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *at++ = '-';
                text_hex(at, &guid->bytes[text_order[i]], 1);
                at += 2;
        }
        return to;
}

int gpt_guid_parse(const char *text, struct gpt_guid *ret)
{
        struct gpt_guid guid;
        const char *at = text;

        if (strlen(text) != GPT_GUID_TEXT_SIZE - 1)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(text_order); i++) {
                const bool has_dash = i == 4 || i == 6 || i == 8 || i == 10;
                char digits[3];

                if (has_dash && *at++ != '-')
                        return -EINVAL;
                memcpy(digits, at, 2);
                digits[2] = '\0';
                if (text_unhex(digits, &guid.bytes[text_order[i]], 1) < 0)
                        return -EINVAL;
                at += 2;
        }
        *ret = guid;
        return 0;
}

static bool is_used(const struct gpt_partition *partition)
{
        static const struct gpt_guid zero;

        return memcmp(&partition->type, &zero, sizeof(zero)) != 0;
}

static uint64_t entries_sectors(uint32_t sector_size)
{
        return (ENTRIES_SIZE + sector_size - 1) / sector_size;
}

size_t gpt_head_size(uint32_t sector_size)
{
        return (size_t)(ENTRIES_LBA + entries_sectors(sector_size)) * sector_size;
}

size_t gpt_tail_size(uint32_t sector_size)
{
        return (size_t)(entries_sectors(sector_size) + 1) * sector_size;
}

/* First and last sector that a table of full size leaves; nothing: -ENOSPC. */
static int usable_range(uint32_t sector_size, uint64_t sectors, uint64_t *ret_first,
                        uint64_t *ret_last)
{
        const uint64_t head = ENTRIES_LBA + entries_sectors(sector_size);
        const uint64_t tail = entries_sectors(sector_size) + 1;

        *ret_first = head;
        *ret_last = head - 1;
        if (sectors <= head + tail)
                return -ENOSPC;
        *ret_last = sectors - tail - 1;
        return 0;
}

void gpt_new(struct gpt *ret, const struct gpt_guid *disk, uint32_t sector_size, uint64_t sectors)
{
        *ret = (struct gpt){.disk = *disk, .sector_size = sector_size, .sectors = sectors};
        (void)usable_range(sector_size, sectors, &ret->first_usable, &ret->last_usable);
}

/* One character of at most four bytes; what is no UTF-16 becomes the sign for that. */
static size_t put_utf8(char *to, uint32_t c)
{
        if (c < 0x80) {
                to[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                to[0] = (char)(0xc0 | c >> 6);
                to[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                to[0] = (char)(0xe0 | c >> 12);
                to[1] = (char)(0x80 | (c >> 6 & 0x3f));
                to[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        to[0] = (char)(0xf0 | c >> 18);
        to[1] = (char)(0x80 | (c >> 12 & 0x3f));
        to[2] = (char)(0x80 | (c >> 6 & 0x3f));
        to[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

static bool is_high(uint16_t unit)
{
        return (unit & 0xfc00) == 0xd800;
}

static bool is_low(uint16_t unit)
{
        return (unit & 0xfc00) == 0xdc00;
}

/* Three bytes a unit at most, so 36 of them and the NUL fit. */
static void name_from_utf16(struct reader units, char to[static GPT_NAME_SIZE])
{
        size_t size = 0;
        uint16_t unit;

        while (reader_le16(&units, &unit) == 0 && unit != 0) {
                uint32_t c = unit;
                struct reader ahead = units;
                uint16_t next = 0;

                (void)reader_le16(&ahead, &next);
                if (is_high(unit) && is_low(next)) {
                        c = 0x10000 + ((uint32_t)(unit & 0x3ff) << 10 | (next & 0x3ff));
                        units = ahead;
                } else if (is_high(unit) || is_low(unit)) {
                        c = REPLACEMENT;
                }
                size += put_utf8(to + size, c);
        }
        to[size] = '\0';
}

/* The next character of a UTF-8 text, or the replacement for one byte that is none. */
static uint32_t next_utf8(const char **text)
{
        static const struct {
                uint8_t mask, lead;
                unsigned more;
                uint32_t least;
        } forms[] = {
                {0x80, 0x00, 0, 0x0    },
                {0xe0, 0xc0, 1, 0x80   },
                {0xf0, 0xe0, 2, 0x800  },
                {0xf8, 0xf0, 3, 0x10000},
        };
        const uint8_t *p = (const uint8_t *)*text;

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                uint32_t c = p[0] & (uint8_t)~forms[i].mask;
                unsigned more = 0;

                if ((p[0] & forms[i].mask) != forms[i].lead)
                        continue;
                while (more < forms[i].more && (p[more + 1] & 0xc0) == 0x80)
                        c = c << 6 | (p[++more] & 0x3f);
                if (more < forms[i].more || c < forms[i].least || c > 0x10ffff ||
                    (c >= 0xd800 && c <= 0xdfff))
                        break;
                *text += more + 1;
                return c;
        }
        (*text)++;
        return REPLACEMENT;
}

/* How many units it has; at most @space are stored. */
static size_t name_to_utf16(const char *name, uint16_t *to, size_t space)
{
        size_t count = 0;

        while (*name) {
                const uint32_t c = next_utf8(&name);
                const size_t needs = c < 0x10000 ? 1 : 2;

                if (count <= space && needs <= space - count) {
                        to[count] = (uint16_t)(c < 0x10000 ? c : 0xd800 | (c - 0x10000) >> 10);
                        if (needs == 2)
                                to[count + 1] = (uint16_t)(0xdc00 | ((c - 0x10000) & 0x3ff));
                }
                count += needs;
        }
        return count;
}

struct header {
        uint32_t size, crc;
        uint64_t own, alternate;
        uint64_t first_usable, last_usable;
        struct gpt_guid disk;
        uint64_t entries;
        uint32_t count, entry_size, entries_crc;
};

/* UEFI 2.10 table 5.5, in its order. */
static int read_header(struct reader sector, struct header *ret)
{
        static const uint8_t no_crc[4];
        struct reader whole = sector, first, rest;
        char is[sizeof(signature)];
        uint32_t revision, reserved, crc;

        if (reader_copy(&sector, is, sizeof(is)) < 0)
                return -EBADMSG;
        if (memcmp(is, signature, sizeof(is)) != 0)
                return -ENOENT;
        if (reader_le32(&sector, &revision) < 0 || revision >> 16 != REVISION >> 16 ||
            reader_le32(&sector, &ret->size) < 0 || ret->size < HEADER_SIZE ||
            reader_le32(&sector, &ret->crc) < 0 || reader_le32(&sector, &reserved) < 0 ||
            reader_le64(&sector, &ret->own) < 0 || reader_le64(&sector, &ret->alternate) < 0 ||
            reader_le64(&sector, &ret->first_usable) < 0 ||
            reader_le64(&sector, &ret->last_usable) < 0 ||
            reader_copy(&sector, ret->disk.bytes, sizeof(ret->disk.bytes)) < 0 ||
            reader_le64(&sector, &ret->entries) < 0 || reader_le32(&sector, &ret->count) < 0 ||
            reader_le32(&sector, &ret->entry_size) < 0 ||
            reader_le32(&sector, &ret->entries_crc) < 0)
                return -EBADMSG;

        /* Its checksum is made with the field itself zero. */
        if (reader_take(&whole, HEADER_CRC_AT, &first) < 0 ||
            reader_skip(&whole, sizeof(no_crc)) < 0 ||
            reader_take(&whole, ret->size - HEADER_CRC_AT - sizeof(no_crc), &rest) < 0)
                return -EBADMSG;
        crc = crc32_of(0, first.at, reader_left(&first));
        crc = crc32_of(crc, no_crc, sizeof(no_crc));
        crc = crc32_of(crc, rest.at, reader_left(&rest));
        return crc == ret->crc ? 0 : -EBADMSG;
}

/* UEFI 2.10 table 5.6. */
static int read_entry(struct reader entry, struct gpt_partition *ret)
{
        if (reader_copy(&entry, ret->type.bytes, sizeof(ret->type.bytes)) < 0 ||
            reader_copy(&entry, ret->id.bytes, sizeof(ret->id.bytes)) < 0 ||
            reader_le64(&entry, &ret->first) < 0 || reader_le64(&entry, &ret->last) < 0 ||
            reader_le64(&entry, &ret->attributes) < 0)
                return -EBADMSG;
        if (is_used(ret))
                name_from_utf16(entry, ret->name);
        else
                *ret = (struct gpt_partition){0};
        return 0;
}

static int check_partition(const struct gpt *gpt, size_t index, const struct header *header)
{
        const struct gpt_partition *one = &gpt->partitions[index];

        if (!is_used(one))
                return 0;
        if (one->first > one->last || one->first < header->first_usable ||
            one->last > header->last_usable)
                return -EBADMSG;
        for (size_t i = 0; i < index; i++) {
                const struct gpt_partition *other = &gpt->partitions[i];

                if (is_used(other) && one->first <= other->last && other->first <= one->last)
                        return -EBADMSG;
        }
        return one->first < gpt->first_usable || one->last > gpt->last_usable ? -ENOTSUP : 0;
}

static int read_entries(struct reader bytes, const struct header *header, struct gpt *gpt)
{
        if (crc32_of(0, bytes.at, reader_left(&bytes)) != header->entries_crc)
                return -EBADMSG;
        for (size_t i = 0; i < header->count; i++) {
                struct reader entry;
                int rc = reader_take(&bytes, ENTRY_SIZE, &entry);

                if (rc >= 0)
                        rc = read_entry(entry, &gpt->partitions[i]);
                if (rc >= 0)
                        rc = check_partition(gpt, i, header);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

int gpt_parse(struct reader head, uint32_t sector_size, struct gpt *ret)
{
        struct gpt gpt = {.sector_size = sector_size};
        struct reader sector, entries;
        struct header header;
        uint64_t first, last;
        int rc;

        if (sector_size != 512 && sector_size != 4096)
                return -ENOTSUP;
        if (reader_skip(&head, sector_size) < 0 || reader_take(&head, sector_size, &sector) < 0)
                return -EBADMSG;
        rc = read_header(sector, &header);
        if (rc < 0)
                return rc;
        if (header.entry_size != ENTRY_SIZE || header.count > GPT_MAX_PARTITIONS ||
            header.entries != ENTRIES_LBA)
                return -ENOTSUP;
        if (header.own != 1 || header.first_usable > header.last_usable ||
            header.last_usable >= header.alternate || header.alternate == UINT64_MAX ||
            reader_take(&head, (size_t)header.count * ENTRY_SIZE, &entries) < 0)
                return -EBADMSG;

        gpt.disk = header.disk;
        gpt.sectors = header.alternate + 1;
        if (usable_range(sector_size, gpt.sectors, &first, &last) < 0)
                return -ENOTSUP;
        gpt.first_usable = header.first_usable > first ? header.first_usable : first;
        gpt.last_usable = header.last_usable < last ? header.last_usable : last;
        if (gpt.first_usable > gpt.last_usable)
                return -ENOTSUP;
        rc = read_entries(entries, &header, &gpt);
        if (rc < 0)
                return rc;
        *ret = gpt;
        return 0;
}

int gpt_resize(struct gpt *gpt, uint64_t sectors)
{
        uint64_t first, last;

        if (usable_range(gpt->sector_size, sectors, &first, &last) < 0 || last < gpt->first_usable)
                return -ENOSPC;
        for (size_t i = 0; i < GPT_MAX_PARTITIONS; i++)
                if (is_used(&gpt->partitions[i]) && gpt->partitions[i].last > last)
                        return -ENOSPC;
        gpt->sectors = sectors;
        gpt->last_usable = last;
        return 0;
}

int gpt_find(const struct gpt *gpt, const char *name)
{
        for (int i = 0; i < GPT_MAX_PARTITIONS; i++)
                if (is_used(&gpt->partitions[i]) && strcasecmp(gpt->partitions[i].name, name) == 0)
                        return i;
        return -ENOENT;
}

static bool is_free(const struct gpt *gpt, uint64_t first, uint64_t last)
{
        for (size_t i = 0; i < GPT_MAX_PARTITIONS; i++) {
                const struct gpt_partition *p = &gpt->partitions[i];

                if (is_used(p) && first <= p->last && p->first <= last)
                        return false;
        }
        return true;
}

/* The last aligned place for @count sectors that ends at or before @end; false: there is none. */
static bool place_before(const struct gpt *gpt, uint64_t end, uint64_t count, uint64_t *ret)
{
        const uint64_t alignment = ALIGNMENT_BYTES / gpt->sector_size;
        uint64_t first;

        if (end > gpt->last_usable || end < gpt->first_usable ||
            count - 1 > end - gpt->first_usable)
                return false;
        first = end - (count - 1);
        first -= first % alignment;
        if (first < gpt->first_usable || !is_free(gpt, first, first + (count - 1)))
                return false;
        *ret = first;
        return true;
}

int gpt_add_last(struct gpt *gpt, const struct gpt_guid *type, const struct gpt_guid *id,
                 const char *name, uint64_t bytes)
{
        const uint64_t count = bytes / gpt->sector_size + (bytes % gpt->sector_size != 0);
        uint64_t first = 0, best = 0;
        uint16_t units[NAME_UNITS];
        int index = -ENOSPC;

        if (bytes == 0 || name_to_utf16(name, units, NAME_UNITS) > NAME_UNITS)
                return -EINVAL;
        for (int i = 0; i < GPT_MAX_PARTITIONS; i++) {
                const struct gpt_partition *p = &gpt->partitions[i];

                if (!is_used(p))
                        index = index < 0 ? i : index;
                else if (place_before(gpt, p->first - 1, count, &first) && first > best)
                        best = first;
        }
        if (place_before(gpt, gpt->last_usable, count, &first) && first > best)
                best = first;
        if (index < 0 || best == 0)
                return -ENOSPC;

        gpt->partitions[index] = (struct gpt_partition){
                .type = *type, .id = *id, .first = best, .last = best + (count - 1)};
        if (text_copy(gpt->partitions[index].name, GPT_NAME_SIZE, name) < 0) {
                gpt->partitions[index] = (struct gpt_partition){0};
                return -EINVAL;
        }
        return index;
}

int gpt_last(const struct gpt *gpt)
{
        int index = -ENOENT;

        for (int i = 0; i < GPT_MAX_PARTITIONS; i++)
                if (is_used(&gpt->partitions[i]) &&
                    (index < 0 || gpt->partitions[i].last > gpt->partitions[index].last))
                        index = i;
        return index;
}

void gpt_grow(struct gpt *gpt, int index)
{
        struct gpt_partition *grows = &gpt->partitions[index];
        uint64_t last = gpt->last_usable;

        for (size_t i = 0; i < GPT_MAX_PARTITIONS; i++) {
                const struct gpt_partition *p = &gpt->partitions[i];

                if (is_used(p) && p->first > grows->last && p->first - 1 < last)
                        last = p->first - 1;
        }
        if (last > grows->last)
                grows->last = last;
}

int gpt_grow_last(struct gpt *gpt)
{
        const int index = gpt_last(gpt);

        if (index >= 0)
                gpt_grow(gpt, index);
        return index;
}

/* UEFI 2.10 5.2.3: one partition over everything, for those who do not know GPT. */
static void write_mbr(const struct gpt *gpt, uint8_t *to)
{
        const uint64_t size = gpt->sectors - 1;
        struct writer w = writer_over(to + BOOT_CODE_SIZE, MBR_SIZE - BOOT_CODE_SIZE);

        writer_zero(&w, 6); /* disk signature, and what is unknown */
        writer_u8(&w, 0);   /* not active */
        writer_u8(&w, 0);   /* first sector by cylinder, head and sector: 0/0/2 */
        writer_u8(&w, 2);
        writer_u8(&w, 0);
        writer_u8(&w, MBR_PROTECTIVE);
        writer_u8(&w, 0xff); /* the last one: more than that can say */
        writer_u8(&w, 0xff);
        writer_u8(&w, 0xff);
        writer_le32(&w, 1);
        writer_le32(&w, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size);
        writer_zero(&w, 48); /* the other three */
        writer_u8(&w, 0x55);
        writer_u8(&w, 0xaa);
}

static void write_entries(const struct gpt *gpt, uint8_t *to, size_t size)
{
        struct writer w = writer_over(to, size);

        for (size_t i = 0; i < GPT_MAX_PARTITIONS; i++) {
                const struct gpt_partition *p = &gpt->partitions[i];
                uint16_t units[NAME_UNITS] = {0};

                if (!is_used(p)) {
                        writer_zero(&w, ENTRY_SIZE);
                        continue;
                }
                (void)name_to_utf16(p->name, units, NAME_UNITS);
                writer_bytes(&w, p->type.bytes, sizeof(p->type.bytes));
                writer_bytes(&w, p->id.bytes, sizeof(p->id.bytes));
                writer_le64(&w, p->first);
                writer_le64(&w, p->last);
                writer_le64(&w, p->attributes);
                for (size_t j = 0; j < NAME_UNITS; j++)
                        writer_le16(&w, units[j]);
        }
        writer_zero(&w, writer_left(&w));
}

/* @own, @alternate: where this header and the other one lie; @entries: where this one's do. */
static void write_header(const struct gpt *gpt, const uint64_t at[static 3], uint32_t entries_crc,
                         uint8_t *to)
{
        struct writer w = writer_over(to, gpt->sector_size), crc;

        writer_bytes(&w, signature, sizeof(signature));
        writer_le32(&w, REVISION);
        writer_le32(&w, HEADER_SIZE);
        writer_le32(&w, 0); /* its checksum */
        writer_le32(&w, 0);
        writer_le64(&w, at[0]);
        writer_le64(&w, at[1]);
        writer_le64(&w, gpt->first_usable);
        writer_le64(&w, gpt->last_usable);
        writer_bytes(&w, gpt->disk.bytes, sizeof(gpt->disk.bytes));
        writer_le64(&w, at[2]);
        writer_le32(&w, GPT_MAX_PARTITIONS);
        writer_le32(&w, ENTRY_SIZE);
        writer_le32(&w, entries_crc);
        writer_zero(&w, writer_left(&w));

        crc = writer_over(to + HEADER_CRC_AT, 4);
        writer_le32(&crc, crc32_of(0, to, HEADER_SIZE));
}

void gpt_write(const struct gpt *gpt, uint8_t *head, uint8_t *tail)
{
        const uint32_t sector_size = gpt->sector_size;
        const uint64_t last = gpt->sectors - 1;
        const size_t entries_size = (size_t)entries_sectors(sector_size) * sector_size;
        uint8_t *entries = head + (size_t)ENTRIES_LBA * sector_size;
        uint32_t crc;

        write_mbr(gpt, head);
        memset(head + MBR_SIZE, 0, sector_size - MBR_SIZE);
        write_entries(gpt, entries, entries_size);
        memcpy(tail, entries, entries_size);
        crc = crc32_of(0, entries, ENTRIES_SIZE);
        write_header(gpt, (const uint64_t[]){1, last, ENTRIES_LBA}, crc, head + sector_size);
        write_header(gpt, (const uint64_t[]){last, 1, last - entries_sectors(sector_size)}, crc,
                     tail + entries_size);
}
