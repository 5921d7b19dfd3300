/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "dhcp/client.h"
#include "lib/base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mac_address mac = {
        {0x52, 0x54, 0, 0x77, 0, 1}
};

/* A reply that is for this client, so that the input need not guess: its options are the input. */
static size_t reply_of(uint32_t xid, struct reader options, uint8_t to[static DHCP_MESSAGE_MAX])
{
        struct writer w = writer_over(to, DHCP_MESSAGE_MAX);

        writer_be32(&w, 0x02010600);
        writer_be32(&w, xid);
        writer_zero(&w, 8);
        writer_be32(&w, 0x0a4d0032); /* yiaddr */
        writer_zero(&w, 8);
        writer_bytes(&w, mac.bytes, sizeof(mac.bytes));
        writer_zero(&w, 10 + DHCP_SNAME_SIZE + DHCP_FILE_SIZE);
        writer_be32(&w, 0x63825363);
        writer_bytes(&w, options.at, reader_left(&options));
        return writer_size(&w) < 0 ? 0 : (size_t)writer_size(&w);
}

/* Seconds since the last step, length, options; length 0: nothing came until the deadline. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct dhcp_client_action action;
        struct dhcp_client *client = dhcp_client_new(&mac, "fuzz");
        struct reader input = reader_over(data, size), options;
        uint8_t bytes[DHCP_MESSAGE_MAX];
        uint64_t now_ms = 1000;
        uint16_t len;
        uint8_t seconds;

        if (!client)
                abort();
        dhcp_client_start(client, (struct ip4_address){0}, now_ms, 7, &action);
        while (reader_u8(&input, &seconds) == 0 && reader_be16(&input, &len) == 0 &&
               reader_take(&input, len, &options) == 0) {
                struct dhcp_message sent;
                static uint32_t xid;

                if (action.size > 0) {
                        if (dhcp_message_parse(reader_over(action.bytes, action.size), &sent) < 0)
                                abort();
                        xid = sent.xid;
                }
                if (len == 0) {
                        now_ms = seconds == UINT8_MAX && action.deadline_ms != UINT64_MAX
                                         ? action.deadline_ms
                                         : now_ms + seconds * UINT64_C(1000);
                        dhcp_client_expire(client, now_ms, seconds, &action);
                } else {
                        now_ms += seconds * UINT64_C(1000);
                        (void)dhcp_client_receive(client, bytes, reply_of(xid, options, bytes),
                                                  now_ms, seconds, &action);
                }
                if (action.event == DHCP_CLIENT_BOUND && !dhcp_client_get_lease(client))
                        abort();
                if (action.event == DHCP_CLIENT_LOST && dhcp_client_get_lease(client))
                        abort();
        }
        dhcp_client_free(client);
        return 0;
}
