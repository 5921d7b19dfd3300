/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dhcp/relay.h"

#include <errno.h>
#include <stdbool.h>

enum {
        CIRCUIT_ID = 1,
        REMOTE_ID = 2,
        LINK_SELECTION = 5,
        SERVER_ID_OVERRIDE = 11,
};

static int store_address(struct ip4_address *to, struct reader value)
{
        if (reader_left(&value) != sizeof(to->be))
                return -EBADMSG;
        return ip4_is_set(*to) ? 0 : reader_copy(&value, &to->be, sizeof(to->be));
}

static void store_bytes(struct reader *to, struct reader value)
{
        if (reader_left(to) == 0)
                *to = value;
}

static int store(struct dhcp_relay_info *info, uint8_t code, struct reader value)
{
        switch (code) {
        case CIRCUIT_ID:
                store_bytes(&info->circuit, value);
                return 0;
        case REMOTE_ID:
                store_bytes(&info->remote, value);
                return 0;
        case LINK_SELECTION:
                return store_address(&info->link, value);
        case SERVER_ID_OVERRIDE:
                return store_address(&info->server_id, value);
        default:
                return 0;
        }
}

int dhcp_relay_info_parse(const struct dhcp_blob *option, struct dhcp_relay_info *ret)
{
        struct reader r = reader_over(option->bytes, option->size), value;
        struct dhcp_relay_info info = {0};
        uint8_t code, size;

        *ret = info;
        while (reader_u8(&r, &code) == 0) {
                if (reader_u8(&r, &size) < 0 || reader_take(&r, size, &value) < 0 ||
                    store(&info, code, value) < 0)
                        return -EBADMSG;
        }
        *ret = info;
        return 0;
}
