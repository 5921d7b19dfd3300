/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "dhcp/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written, with checksums that are right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t bytes[1 << 16];
        struct dhcp_frame frame;
        ssize_t written;

        if (dhcp_frame_parse(reader_over(data, size), false, &frame) < 0)
                return 0;
        written = dhcp_frame_write(&frame, bytes, sizeof(bytes));
        if (written < 0 || dhcp_frame_parse(reader_over(bytes, (size_t)written), true, &frame) < 0)
                abort();
        return 0;
}
