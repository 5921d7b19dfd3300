/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "tftp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct tftp_options *a, const struct tftp_options *b)
{
        return a->has_block_size == b->has_block_size && a->block_size == b->block_size &&
               a->has_size == b->has_size && a->size_bytes == b->size_bytes &&
               a->has_timeout == b->has_timeout && a->timeout_s == b->timeout_s &&
               a->has_window == b->has_window && a->window == b->window;
}

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
            !is_same(&again.request.options, &packet.request.options))
                abort();
        return 0;
}
