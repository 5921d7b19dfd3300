/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/smbios.h"

#include <string.h>

#include "lib/base/text.h"

#define HEADER_SIZE 4 /* type, length, handle: 6.1.2 */

/* DSP0134 5.2: an entry point may stand before the structures, as in a dump by dmidecode. */
static size_t entry_point_size(const uint8_t *bytes, size_t size)
{
        if (size > 24 && memcmp(bytes, "_SM3_", 5) == 0)
                return bytes[6];
        if (size > 32 && memcmp(bytes, "_SM_", 4) == 0)
                return 32;
        return 0;
}

struct reader smbios_table(const void *bytes, size_t size)
{
        size_t start = entry_point_size(bytes, size);
        struct reader table = reader_over(bytes, size);

        (void)reader_skip(&table, start);
        /* dmidecode pads the entry point to 32 bytes. */
        while (start > 0 && reader_left(&table) > 0 && start % 32 != 0) {
                (void)reader_skip(&table, 1);
                start++;
        }
        return table;
}

/* The string set ends with an empty string; a structure without strings has two NUL bytes. */
static int take_strings(struct reader *table, struct reader *ret)
{
        const struct reader start = *table;
        const char *text;

        do {
                if (reader_text(table, &text) < 0)
                        return -1;
        } while (text[0] != '\0');

        /* Without any string the set's own end is a second NUL byte. */
        if ((const uint8_t *)text == start.at) {
                uint8_t end;

                if (reader_u8(table, &end) < 0 || end != 0)
                        return -1;
        }
        *ret = reader_over(start.at, (size_t)(table->at - start.at));
        return 0;
}

int smbios_next(struct reader *table, struct smbios_structure *ret)
{
        struct reader head = *table;
        struct smbios_structure s = {0};
        uint8_t len;

        if (reader_u8(&head, &s.type) < 0 || reader_u8(&head, &len) < 0 ||
            reader_le16(&head, &s.handle) < 0)
                return 0;
        if (s.type == SMBIOS_END || len < HEADER_SIZE)
                return 0;
        if (reader_take(table, len, &s.body) < 0)
                return 0;
        if (take_strings(table, &s.strings) < 0) {
                /* Cut off in its strings: what was said before them still stands. */
                s.strings = reader_over(s.body.end, 0);
                *table = reader_over(s.body.end, 0);
        }
        *ret = s;
        return 1;
}

bool smbios_bytes(const struct smbios_structure *s, size_t offset, void *to, size_t len)
{
        struct reader r = s->body;

        return reader_skip(&r, offset) == 0 && reader_copy(&r, to, len) == 0;
}

bool smbios_u8(const struct smbios_structure *s, size_t offset, uint8_t *ret)
{
        struct reader r = s->body;

        return reader_skip(&r, offset) == 0 && reader_u8(&r, ret) == 0;
}

bool smbios_le16(const struct smbios_structure *s, size_t offset, uint16_t *ret)
{
        struct reader r = s->body;

        return reader_skip(&r, offset) == 0 && reader_le16(&r, ret) == 0;
}

bool smbios_le32(const struct smbios_structure *s, size_t offset, uint32_t *ret)
{
        struct reader r = s->body;

        return reader_skip(&r, offset) == 0 && reader_le32(&r, ret) == 0;
}

bool smbios_string(const struct smbios_structure *s, size_t offset, char *to, size_t size)
{
        struct reader strings = s->strings;
        const char *text = NULL;
        uint8_t number;
        size_t len;

        to[0] = '\0';
        if (!smbios_u8(s, offset, &number) || number == 0)
                return false;
        for (unsigned i = 0; i < number; i++)
                if (reader_text(&strings, &text) < 0 || text[0] == '\0')
                        return false;

        text += strspn(text, " \t");
        len = strlen(text);
        while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
                len--;
        return len > 0 && text_copy_bytes(to, size, text, len) == 0;
}

bool smbios_memory_size(const struct smbios_structure *s, uint64_t *ret)
{
        uint16_t size;
        uint32_t extended_mib;

        if (!smbios_le16(s, 0x0c, &size) || size == 0xffff)
                return false;
        if (size == 0x7fff) { /* 32 GiB - 1 MiB or more: 7.18.5 */
                if (!smbios_le32(s, 0x1c, &extended_mib))
                        return false;
                *ret = (uint64_t)(extended_mib & 0x7fffffff) << 20;
        } else if (size & 0x8000) {
                *ret = (uint64_t)(size & 0x7fff) << 10;
        } else {
                *ret = (uint64_t)size << 20;
        }
        return true;
}
