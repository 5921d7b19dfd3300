/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "tftp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The options of a request survive being written and read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct tftp_packet packet, again;
        uint8_t bytes[TFTP_REQUEST_MAX];
        ssize_t written;

        if (tftp_packet_parse(reader_over(data, size), &packet) < 0 || packet.opcode != TFTP_RRQ)
                return 0;
        written = tftp_request_write(&packet.request, bytes, sizeof(bytes));
        if (written < 0)
                return 0;
        if (tftp_packet_parse(reader_over(bytes, (size_t)written), &again) < 0 ||
            memcmp(&again.request.options, &packet.request.options,
                   sizeof(again.request.options)) != 0)
                abort();
        return 0;
}
