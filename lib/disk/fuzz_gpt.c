/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table that is read is written such that it is read again as the same one. The first byte
 * chooses the sector size; checksums are made right, or else nothing would get past them. */
#include <stdlib.h>
#include <string.h>

#include "lib/disk/gpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
        uint32_t crc = UINT32_MAX;

        for (size_t i = 0; i < size; i++) {
                crc ^= bytes[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
        return ~crc;
}

static void seal(uint8_t *head, uint32_t sector_size)
{
        uint8_t *header = head + sector_size;
        uint32_t crc, count;

        memcpy(&count, header + 80, sizeof(count));
        crc = crc32_of(head + (size_t)2 * sector_size,
                       (size_t)(count > GPT_MAX_PARTITIONS ? 0 : count) * 128);
        memcpy(header + 88, &crc, sizeof(crc));
        memset(header + 16, 0, 4);
        crc = crc32_of(header, 92);
        memcpy(header + 16, &crc, sizeof(crc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct gpt gpt, again;
        static uint8_t head[6 * 4096], tail[5 * 4096];
        const uint32_t sector_size = size > 0 && data[0] % 2 ? 4096 : 512;
        const size_t head_size = gpt_head_size(sector_size);

        if (size == 0)
                return 0;
        (void)gpt_parse(reader_over(data + 1, size - 1), sector_size, &gpt);
        memset(head, 0, sizeof(head));
        memcpy(head, data + 1, size - 1 < head_size ? size - 1 : head_size);
        if (data[0] & 2)
                seal(head, sector_size);
        if (gpt_parse(reader_over(head, head_size), sector_size, &gpt) < 0)
                return 0;

        (void)gpt_find(&gpt, "cidata");
        (void)gpt_resize(&gpt, gpt.sectors + data[0]);
        (void)gpt_add_last(&gpt, &gpt_type_basic_data, &gpt_type_linux_data, "cidata", 4 << 20);
        (void)gpt_grow_last(&gpt);
        gpt_write(&gpt, head, tail);
        if (gpt_parse(reader_over(head, head_size), sector_size, &again) < 0 ||
            again.last_usable != gpt.last_usable || again.sectors != gpt.sectors)
                abort();
        for (size_t i = 0; i < GPT_MAX_PARTITIONS; i++)
                if (strcmp(again.partitions[i].name, gpt.partitions[i].name) != 0 ||
                    again.partitions[i].last != gpt.partitions[i].last)
                        abort();
        return 0;
}
