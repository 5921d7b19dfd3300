/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a journal. What replay accepts, it must accept again once its tail is cut. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/base/journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *context, const void *record, size_t size)
{
        uint64_t *calls = context;
        uint32_t crc = crc32c(0, record, size); /* touches every byte */

        *calls += 1;
        return crc == 0 && size > 4 ? -1 : 0;
}

static void check(const void *bytes, size_t size)
{
        struct journal_extent extent, again;
        uint64_t calls = 0;

        if (journal_replay(bytes, size, count, &calls, &extent) < 0)
                return;
        if (extent.count != calls || extent.end > size)
                abort();
        calls = 0;
        if (journal_replay(bytes, (size_t)extent.end, count, &calls, &again) < 0)
                abort();
        if (again.count != extent.count || again.end != extent.end || again.is_torn)
                abort();
}

/*
 * A fuzzer hardly finds a checksum, and a header is a page of zeros. So the
 * input stands in for records, too: behind a right header, and with each
 * checksum made right where its record would begin.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *bytes = malloc(JOURNAL_HEADER_SIZE + size);
        size_t at = JOURNAL_HEADER_SIZE;

        check(data, size);
        if (!bytes)
                return 0;
        journal_header_write(bytes, 0);
        if (size > 0)
                memcpy(bytes + at, data, size);
        size += JOURNAL_HEADER_SIZE;
        check(bytes, size);

        while (size - at >= JOURNAL_FRAME_SIZE) {
                uint32_t len = bytes[at + 4] | (uint32_t)bytes[at + 5] << 8;
                bool is_kept = bytes[at] == 0xff; /* this one stays wrong */

                if (len > size - at - JOURNAL_FRAME_SIZE)
                        break;
                if (!is_kept) {
                        uint32_t crc = crc32c(0, bytes + at + 4, JOURNAL_FRAME_SIZE - 4 + len);

                        for (int i = 0; i < 4; i++)
                                bytes[at + (size_t)i] = (uint8_t)(crc >> (8 * i));
                }
                at += JOURNAL_FRAME_SIZE + len;
        }
        check(bytes, size);
        free(bytes);
        return 0;
}
