/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages of disks come from the disks' makers: short ones, and lengths that are not so. */
#include "discover/vpd.h"

#include "lib/base/reader.h"
#include "lib/base/text.h"

#define PAGE_SERIAL          0x80
#define PAGE_CHARACTERISTICS 0xb1

static bool open_page(const void *page, size_t size, uint8_t wanted, struct reader *ret)
{
        struct reader r = reader_over(page, size);
        uint8_t code;
        uint16_t len;

        return reader_skip(&r, 1) == 0 && reader_u8(&r, &code) == 0 && code == wanted &&
               reader_be16(&r, &len) == 0 && reader_take(&r, len, ret) == 0;
}

bool vpd_serial(const void *page, size_t size, char to[static VPD_TEXT_SIZE])
{
        struct reader value;

        to[0] = '\0';
        if (!open_page(page, size, PAGE_SERIAL, &value))
                return false;
        while (reader_left(&value) > 0 && *value.at == ' ')
                (void)reader_skip(&value, 1);
        while (reader_left(&value) > 0 && (value.end[-1] == ' ' || value.end[-1] == '\0'))
                value.end--;
        return text_copy_bytes(to, VPD_TEXT_SIZE, value.at, reader_left(&value)) == 0 && to[0];
}

bool vpd_rotation(const void *page, size_t size, uint16_t *ret)
{
        struct reader value;
        uint16_t rate;

        /* SBC-4 6.6.2: 0 is not told, 1 does not turn, up to 0x400 and 0xffff are reserved. */
        if (!open_page(page, size, PAGE_CHARACTERISTICS, &value) ||
            reader_be16(&value, &rate) < 0 || rate == 0 || rate == 0xffff ||
            (rate > 1 && rate <= 0x400))
                return false;
        *ret = rate == 1 ? 0 : rate;
        return true;
}
