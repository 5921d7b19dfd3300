/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/raid_bytes.h"

#include <string.h>

#include "discover/field.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

static struct reader at(const void *bytes, size_t size, size_t offset)
{
        struct reader r = reader_over(bytes, size);

        return reader_skip(&r, offset) == 0 ? r : reader_over(bytes, 0);
}

uint64_t raid_number_at(const void *bytes, size_t size, size_t offset, unsigned len)
{
        struct reader r = at(bytes, size, offset);
        uint64_t number = 0;
        uint8_t byte;

        for (unsigned i = 0; i < len && reader_u8(&r, &byte) == 0; i++)
                number |= (uint64_t)byte << 8 * i;
        return number;
}

uint64_t raid_be_at(const void *bytes, size_t size, size_t offset, unsigned len)
{
        struct reader r = at(bytes, size, offset);
        uint64_t number = 0;
        uint8_t byte;

        for (unsigned i = 0; i < len && reader_u8(&r, &byte) == 0; i++)
                number = number << 8 | byte;
        return number;
}

void raid_set_text(struct doc *to, const char *name, const void *bytes, size_t size, size_t offset,
                   size_t len)
{
        struct reader r = at(bytes, size, offset), value;
        char text[128];

        if (len >= sizeof(text) || reader_take(&r, len, &value) < 0)
                return;
        len = strnlen((const char *)value.at, len);
        while (len > 0 && value.at[len - 1] == ' ')
                len--;
        while (len > 0 && *value.at == ' ') {
                (void)reader_skip(&value, 1);
                len--;
        }
        if (len > 0 && text_copy_bytes(text, sizeof(text), value.at, len) == 0)
                field_set_text(to, name, text);
}

void raid_set_sectors(struct doc *to, const char *name, uint64_t sectors, uint64_t sector)
{
        if (sectors > 0 && sector > 0 && sectors <= INT64_MAX / sector)
                (void)doc_set_number(to, name, (int64_t)(sectors * sector));
}
