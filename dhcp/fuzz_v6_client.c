/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/v6_client.h"
#include "lib/base/reader.h"
#include "lib/base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mac_address mac = {
        {0x52, 0x54, 0x00, 0x77, 0x00, 0x01}
};

/* A reply that is for this client, so that the input need not guess: type and options are the
 * input, after the client's own name. */
static size_t reply_of(uint32_t xid, uint8_t type, struct reader options,
                       uint8_t to[static DHCP6_MESSAGE_MAX])
{
        const struct dhcp6_duid duid = dhcp6_duid_of_mac(&mac);
        struct writer w = writer_over(to, DHCP6_MESSAGE_MAX);

        writer_be32(&w, (uint32_t)type << 24 | xid);
        writer_be16(&w, DHCP6_OPT_CLIENT_ID);
        writer_be16(&w, duid.size);
        writer_bytes(&w, duid.bytes, duid.size);
        writer_bytes(&w, options.at, reader_left(&options));
        return writer_size(&w) < 0 ? 0 : (size_t)writer_size(&w);
}

/* Seconds since the last step, type, length, options; length 0: nothing came until the deadline,
 * or, of type DECLINE, another has its address. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct dhcp6_client_action action;
        struct dhcp6_client *client = dhcp6_client_new(&mac);
        struct reader input = reader_over(data, size), options;
        uint8_t bytes[DHCP6_MESSAGE_MAX], seconds, type;
        uint64_t now_ms = 1000;
        uint32_t xid = 0;
        uint16_t len;

        if (!client)
                abort();
        dhcp6_client_start(client, now_ms, 7, &action);
        while (reader_u8(&input, &seconds) == 0 && reader_u8(&input, &type) == 0 &&
               reader_be16(&input, &len) == 0 && reader_take(&input, len, &options) == 0) {
                struct dhcp6_message sent;

                if (action.size > 0) {
                        if (dhcp6_message_parse(reader_over(action.bytes, action.size), &sent) < 0)
                                abort();
                        xid = sent.xid;
                }
                if (len == 0 && type == DHCP6_DECLINE) {
                        dhcp6_client_decline(client, now_ms, seconds, &action);
                } else if (len == 0) {
                        now_ms = seconds == UINT8_MAX && action.deadline_ms != UINT64_MAX
                                         ? action.deadline_ms
                                         : now_ms + seconds * UINT64_C(1000);
                        dhcp6_client_expire(client, now_ms, seconds, &action);
                } else {
                        now_ms += seconds * UINT64_C(1000);
                        (void)dhcp6_client_receive(client, bytes,
                                                   reply_of(xid, type, options, bytes), now_ms,
                                                   seconds, &action);
                }
                if (action.event == DHCP_CLIENT_BOUND && !dhcp6_client_get_lease(client))
                        abort();
                if (action.event == DHCP_CLIENT_LOST && dhcp6_client_get_lease(client))
                        abort();
        }
        dhcp6_client_free(client);
        return 0;
}
