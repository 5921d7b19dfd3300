/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/foreign.h"

#include <string.h>

#include "dhcp/frame.h"
#include "lib/base/text.h"

bool foreign_read(struct reader bytes, bool has_checksum, struct foreign_server *ret)
{
        struct dhcp_message message;
        struct dhcp_frame frame;
        enum dhcp_message_type type;

        if (dhcp_frame_parse(bytes, has_checksum, &frame) < 0 ||
            frame.to_port != DHCP_PORT_CLIENT || dhcp_message_parse(frame.payload, &message) < 0 ||
            message.op != DHCP_OP_REPLY)
                return false;
        type = message.options.type;
        if (type != DHCP_OFFER && type != DHCP_ACK && type != DHCP_NAK)
                return false;
        *ret = (struct foreign_server){
                .id = ip4_is_set(message.options.server_id) ? message.options.server_id
                                                            : frame.from,
                .mac = frame.from_mac,
                .is_proxy = type != DHCP_NAK && !ip4_is_set(message.yiaddr),
        };
        (void)text_copy(ret->vendor, sizeof(ret->vendor), message.options.vendor_class);
        return true;
}

bool foreign_heard(struct foreign *foreign, const struct foreign_server *server, uint64_t now_ms)
{
        struct foreign_server *place = NULL;

        for (size_t i = 0; i < FOREIGN_MAX; i++) {
                struct foreign_server *at = &foreign->at[i];

                if (at->heard_ms > 0 && ip4_is_equal(at->id, server->id) &&
                    mac_is_equal(&at->mac, &server->mac)) {
                        at->heard_ms = now_ms;
                        return false;
                }
                if (at->heard_ms == 0 && !place)
                        place = at;
        }
        if (!place)
                return false;
        *place = *server;
        place->heard_ms = now_ms;
        return true;
}

bool foreign_gone(struct foreign *foreign, uint64_t now_ms, struct foreign_server *ret)
{
        for (size_t i = 0; i < FOREIGN_MAX; i++) {
                struct foreign_server *at = &foreign->at[i];

                if (at->heard_ms == 0 || now_ms - at->heard_ms < FOREIGN_GONE_MS)
                        continue;
                *ret = *at;
                *at = (struct foreign_server){0};
                return true;
        }
        return false;
}
