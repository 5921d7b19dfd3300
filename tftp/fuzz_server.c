/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "tftp/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_SIZE 5000

static ssize_t read_zeroes(void *context, uint64_t offset, void *to, size_t size)
{
        (void)context;
        if (offset > FILE_SIZE || size > FILE_SIZE - offset || size == 0)
                abort();
        memset(to, 0, size);
        return (ssize_t)size;
}

/* Whatever comes, at most one window goes out, and the session gives up at last. */
static void drain(struct tftp_session *session, uint64_t now_ms)
{
        static uint8_t packet[TFTP_PACKET_SPACE];
        unsigned int n = 0;
        ssize_t size;

        while ((size = tftp_session_next(session, now_ms, packet, sizeof(packet))) > 0)
                if (++n > TFTP_MAX_WINDOW)
                        abort();
        if (size < 0)
                abort();
}

/* A request with its length, then packets: milliseconds / 8 since the last one, length, bytes;
 * length 0 is silence until the deadline. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct tftp_file file = {.size_bytes = FILE_SIZE, .read = read_zeroes};
        const struct tftp_limits limits = {.block_size = TFTP_BLOCK_MAX};
        struct reader input = reader_over(data, size), bytes;
        struct tftp_session *session;
        struct tftp_packet packet;
        uint64_t now_ms = 1000;
        uint8_t len, ms;

        if (reader_u8(&input, &len) < 0 || reader_take(&input, len, &bytes) < 0 ||
            tftp_packet_parse(bytes, &packet) < 0 || packet.opcode != TFTP_RRQ ||
            tftp_session_new(&packet.request, &file, &limits, now_ms, &session) < 0)
                return 0;

        drain(session, now_ms);
        while (reader_u8(&input, &ms) == 0 && reader_u8(&input, &len) == 0 &&
               reader_take(&input, len, &bytes) == 0) {
                now_ms += ms * UINT64_C(8);
                if (len > 0)
                        (void)tftp_session_receive(session, bytes.at, len, now_ms);
                tftp_session_expire(session, now_ms);
                drain(session, now_ms);
        }
        for (int i = 0; i < 5000 && tftp_session_end(session) == TFTP_RUNNING; i++) {
                now_ms = tftp_session_deadline(session);
                tftp_session_expire(session, now_ms);
                drain(session, now_ms);
        }
        if (tftp_session_end(session) == TFTP_RUNNING)
                abort();
        tftp_session_free(session);
        return 0;
}
