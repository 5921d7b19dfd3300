/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A frame that came to who asks for other servers; the first byte: is its checksum there. */
#include <stdlib.h>

#include "netboot/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct mac_address card = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        static const uint8_t random[8] = {0};
        static uint8_t frame[PROBE_FRAME_SIZE];
        struct probe probe;

        if (size == 0 || probe_begin(&probe, &card, random, frame) < 0)
                return 0;
        for (size_t i = 0; i < 2; i++) /* the second time it is no news */
                if (probe_take(&probe, reader_over(data + 1, size - 1), data[0] & 1) > 0 && i > 0)
                        abort();
        return 0;
}
