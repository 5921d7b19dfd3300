/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A BMC that sends anything: the input is a row of datagrams, each behind a byte
 * for its length (times 4) and one that says what the session does before it. A
 * datagram that begins right gets the tag and the number that the session waits
 * for, so that the deeper states are reached.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/reader.h"
#include "lib/bmc/chassis.h"
#include "power/ipmi_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ipmi_login login = {
        .user = "admin",
        .password = "cloudie",
        .password_size = 7,
        .privilege = 3,
        .suites = {17, 3},
        .suite_count = 2,
};
static const struct ipmi_chance chance = {
        .random = {1, 2, 3},
          .session = 0x01020304, .tag = 7
};

static void act(struct ipmi_session *session, uint8_t what, uint64_t now)
{
        const struct ipmi_request request = ipmi_ask_chassis();
        uint8_t packet[IPMI_PACKET_MAX];
        ssize_t sent;

        if (what & 1 && ipmi_session_is_open(session))
                ipmi_session_ask(session, &request, now);
        if ((what & 0x81) == 0x81 && ipmi_session_is_open(session))
                ipmi_session_close(session, now);
        sent = ipmi_session_send(session, now, packet);
        if (sent > IPMI_PACKET_MAX || sent < 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct ipmi_codec *codec;
        CLEANUP(ipmi_session_free) struct ipmi_session *session = NULL;
        struct reader r = reader_over(data, size);
        uint64_t now = 1000;
        uint8_t what, length;

        if (!codec)
                codec = ipmi_codec_new();
        session = codec ? ipmi_session_new(codec, &login) : NULL;
        if (!session)
                abort();
        ipmi_session_start(session, &chance, now);
        while (reader_u8(&r, &what) == 0 && reader_u8(&r, &length) == 0) {
                uint8_t packet[1024] = {0x06, 0, 0xff, 0x07, 0x06};
                size_t len = (size_t)length * 4;
                struct reader body;

                act(session, what, now);
                if (len > reader_left(&r))
                        len = reader_left(&r);
                (void)reader_take(&r, len, &body);
                if (what & 2) {
                        memcpy(packet, body.at, len);
                } else {
                        len = len > sizeof(packet) - 5 ? sizeof(packet) - 5 : len;
                        memcpy(packet + 5, body.at, len);
                        packet[16] = (uint8_t)(7 + (what >> 2 & 3));
                        len += 5;
                }
                if (ipmi_session_receive(session, packet, len, now) == IPMI_ANSWER) {
                        size_t answer;

                        (void)ipmi_session_answer(session, &answer);
                        if (answer == 0 || answer > IPMI_ANSWER_MAX)
                                abort();
                }
                now += (uint64_t)what * 4;
        }
        return 0;
}
