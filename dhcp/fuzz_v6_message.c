/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "dhcp/v6_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same_list(const struct dhcp6_ia_list *a, const struct dhcp6_ia_list *b)
{
        for (size_t i = 0; i < a->count; i++)
                if (a->at[i].iaid != b->at[i].iaid || a->at[i].count != b->at[i].count ||
                    a->at[i].status != b->at[i].status)
                        return false;
        return a->count == b->count;
}

/* What was read can be written, and is read again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct dhcp6_message message, again;
        uint8_t bytes[DHCP6_MESSAGE_MAX];
        ssize_t written;

        if (dhcp6_message_parse(reader_over(data, size), &message) < 0)
                return 0;
        written = dhcp6_message_write(&message, bytes, sizeof(bytes));
        if (written < 0)
                return 0; /* texts of statuses are ours, and may be longer */
        if (dhcp6_message_parse(reader_over(bytes, (size_t)written), &again) < 0)
                abort();
        if (again.xid != message.xid || again.type != message.type ||
            again.relay_count != message.relay_count ||
            again.options.is_rapid_commit != message.options.is_rapid_commit ||
            again.options.status != message.options.status ||
            !dhcp6_duid_is_equal(&again.options.client_id, &message.options.client_id) ||
            !dhcp6_duid_is_equal(&again.options.server_id, &message.options.server_id) ||
            !is_same_list(&again.options.ia_na, &message.options.ia_na) ||
            !is_same_list(&again.options.ia_ta, &message.options.ia_ta) ||
            !is_same_list(&again.options.ia_pd, &message.options.ia_pd))
                abort();
        for (size_t i = 0; i < message.relay_count; i++)
                if (again.relays[i].interface_id.size != message.relays[i].interface_id.size ||
                    memcmp(&again.relays[i].peer, &message.relays[i].peer,
                           sizeof(message.relays[i].peer)) != 0)
                        abort();
        return 0;
}
