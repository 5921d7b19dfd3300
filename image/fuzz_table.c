/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "image/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole input is the table, rightly signed for: what it then says must hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(image_table_free) struct image_table *table = NULL;
        const uint64_t count = size / IMAGE_ROW_SIZE;
        struct image_manifest manifest = {.size = count * IMAGE_FRAME_SIZE};
        struct image_frame frame;
        struct sha256 hash;
        uint64_t offset = 0;

        /* A frame at the end of the disk may be short; so it is when the input is odd. */
        if (count > 0 && size % 2 == 1)
                manifest.size -= 512;
        size = count * IMAGE_ROW_SIZE;
        for (uint64_t i = 0; i < count; i++) {
                struct reader row = reader_over(data + i * IMAGE_ROW_SIZE + 8, 4);
                uint32_t stored = 0;

                (void)reader_le32(&row, &stored);
                manifest.stored_size += stored & 0x7fffffffU;
        }
        manifest.stored_size += IMAGE_TABLE_HEAD + size;
        if (sha256_of(data, size, &hash) < 0)
                abort();
        sha256_text(manifest.table_sha256, &hash);
        if (image_table_parse(&manifest, reader_over(data, size), &table) < 0)
                return 0;
        for (uint64_t i = 0; i < count; i++) {
                image_table_frame(table, i, &frame);
                if (frame.offset != offset || frame.stored == 0 || frame.stored > IMAGE_STORED_MAX)
                        abort();
                offset += frame.stored;
        }
        if (offset != image_table_offset(&manifest) - IMAGE_TABLE_HEAD)
                abort();
        return 0;
}
