/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "dhcp/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read can be written, and is read again as the same; a peek says nothing else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct dhcp_message message, again;
        uint8_t bytes[DHCP_MESSAGE_MAX];
        enum dhcp_message_type type;
        struct mac_address mac;
        ssize_t written;

        type = dhcp_message_peek(reader_over(data, size), &mac);
        if (dhcp_message_parse(reader_over(data, size), &message) < 0)
                return 0;
        if (type != DHCP_NONE &&
            (type != message.options.type || !mac_is_equal(&mac, &message.mac)))
                abort();
        written = dhcp_message_write(&message, bytes, sizeof(bytes));
        if (written < 0)
                return 0;
        if (dhcp_message_parse(reader_over(bytes, (size_t)written), &again) < 0)
                abort();
        if (again.xid != message.xid || again.options.type != message.options.type ||
            !mac_is_equal(&again.mac, &message.mac) ||
            !ip4_is_equal(again.options.server_id, message.options.server_id))
                abort();
        return 0;
}
