/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/probe.h"

#include <errno.h>
#include <string.h>

#include "dhcp/client.h"
#include "lib/base/cleanup.h"

CLEANUP_DEFINE(struct dhcp_client *, dhcp_client_free)

/* What our own client would say, but that it is to be answered by broadcast (RFC 2131 4.1): no card
 * listens to the MAC that asks. */
static ssize_t write_discover(struct probe *probe, uint32_t random, uint8_t *to)
{
        CLEANUP(dhcp_client_free)
        struct dhcp_client *client = dhcp_client_new(&probe->mac, "");
        struct dhcp_client_action action = {0};
        struct dhcp_message message;
        int rc;

        if (!client)
                return -ENOMEM;
        dhcp_client_start(client, (struct ip4_address){0}, 0, random, &action);
        rc = dhcp_message_parse(reader_over(action.bytes, action.size), &message);
        if (rc < 0)
                return rc;
        message.is_broadcast = true;
        probe->xid = message.xid;
        return dhcp_message_write(&message, to, DHCP_MESSAGE_MAX);
}

ssize_t probe_begin(struct probe *probe, const struct mac_address *from,
                    const uint8_t random[static 8], uint8_t *to)
{
        uint8_t message[DHCP_MESSAGE_MAX];
        struct dhcp_frame frame = {
                .to_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                .from_mac = *from,
                .to = {UINT32_MAX},
                .from_port = DHCP_PORT_CLIENT,
                .to_port = DHCP_PORT_SERVER,
        };
        uint32_t number;
        ssize_t size;

        *probe = (struct probe){0};
        memcpy(probe->mac.bytes, random, sizeof(probe->mac.bytes));
        /* Locally administered, and of one card (IEEE 802 8.4). */
        probe->mac.bytes[0] = (uint8_t)((probe->mac.bytes[0] & 0xfc) | 0x02);
        memcpy(&number, &random[4], sizeof(number));
        size = write_discover(probe, number, message);
        if (size < 0)
                return size;
        frame.payload = reader_over(message, (size_t)size);
        return dhcp_frame_write(&frame, to, PROBE_FRAME_SIZE);
}

static bool is_heard(const struct probe *probe, const struct probe_server *server)
{
        for (size_t i = 0; i < probe->count; i++)
                if (ip4_is_equal(probe->servers[i].id, server->id) &&
                    mac_is_equal(&probe->servers[i].mac, &server->mac))
                        return true;
        return false;
}

int probe_take(struct probe *probe, struct reader bytes, bool has_checksum)
{
        struct dhcp_message message;
        struct probe_server server;
        struct dhcp_frame frame;

        if (dhcp_frame_parse(bytes, has_checksum, &frame) < 0 ||
            frame.to_port != DHCP_PORT_CLIENT || dhcp_message_parse(frame.payload, &message) < 0)
                return 0;
        if (message.op != DHCP_OP_REPLY || message.xid != probe->xid ||
            !mac_is_equal(&message.mac, &probe->mac) || message.options.type != DHCP_OFFER)
                return 0;
        server = (struct probe_server){
                .id = message.options.server_id, .mac = frame.from_mac, .offered = message.yiaddr};
        if (is_heard(probe, &server) || probe->count == PROBE_MAX_SERVERS)
                return 0;
        probe->servers[probe->count++] = server;
        return 1;
}
