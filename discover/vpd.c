/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages of disks come from the disks' makers: short ones, and lengths that are not so. */
#include "discover/vpd.h"

#include <string.h>

#include "lib/base/reader.h"
#include "lib/base/text.h"

#define PAGE_SERIAL          0x80
#define PAGE_ATA             0x89
#define PAGE_CHARACTERISTICS 0xb1

/* Of page 0x89 behind its head, and inside of ATA's IDENTIFY DEVICE (ACS-3 7.12.7). */
#define IDENTIFY_AT   56
#define FIRMWARE_WORD 23
#define MODEL_WORD    27

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

/* ATA's texts are words, their first byte behind the second; blanks fill them. */
static bool take_words(struct reader identify, unsigned word, char *to, size_t size)
{
        const size_t len = size - 1;
        struct reader text;
        size_t end = 0;

        if (reader_skip(&identify, (size_t)word * 2) < 0 || reader_take(&identify, len, &text) < 0)
                return false;
        for (size_t i = 0; i < len; i++) {
                to[i] = (char)text.at[i ^ 1];
                if (to[i] != ' ' && to[i] != '\0')
                        end = i + 1;
        }
        to[end] = '\0';
        return strlen(to) == end && end > 0;
}

bool vpd_ata_identity(const void *page, size_t size, struct vpd_ata *ret)
{
        struct vpd_ata ata;
        struct reader value;

        if (!open_page(page, size, PAGE_ATA, &value) || reader_skip(&value, IDENTIFY_AT) < 0 ||
            !take_words(value, MODEL_WORD, ata.model, sizeof(ata.model)) ||
            !take_words(value, FIRMWARE_WORD, ata.firmware, sizeof(ata.firmware)))
                return false;
        *ret = ata;
        return true;
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
