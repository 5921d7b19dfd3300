/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of DHCPv6
 *
 * Each relay puts what it got into an option of a message of its own (RFC 8415
 * 9). Parsing peels them off one by one, outermost first; writing leaves room
 * for the headers on the way in, and each option 9 is last in its message and
 * so ends where all ends. Neither recurses.
 */
#include "dhcp/v6_message.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/writer.h"

enum {
        XID_MAX = 0xffffff,
        HARDWARE_ETHERNET = 1,
};

/* ---- what relays say ---- */

static int store_blob(struct dhcp6_blob *blob, struct reader value)
{
        if (reader_left(&value) > DHCP6_BLOB_MAX)
                return -EBADMSG;
        blob->size = (uint8_t)reader_left(&value);
        return reader_copy(&value, blob->bytes, blob->size);
}

/* Without it in full the answer would find no way back. */
static int store_interface_id(struct dhcp6_relay *relay, struct reader value)
{
        relay->has_interface_id = true;
        return store_blob(&relay->interface_id, value);
}

static int store_remote_id(struct dhcp6_relay *relay, struct reader value)
{
        (void)store_blob(&relay->remote_id, value);
        return 0;
}

static int store_subscriber_id(struct dhcp6_relay *relay, struct reader value)
{
        (void)store_blob(&relay->subscriber_id, value);
        return 0;
}

/* RFC 6939 4 */
static int store_mac(struct dhcp6_relay *relay, struct reader value)
{
        struct mac_address mac;
        uint16_t hardware;

        if (reader_be16(&value, &hardware) < 0)
                return -EBADMSG;
        if (hardware != HARDWARE_ETHERNET || reader_left(&value) != sizeof(mac.bytes) ||
            reader_copy(&value, mac.bytes, sizeof(mac.bytes)) < 0 || !mac_is_usable(&mac))
                return 0; /* not said */
        relay->has_mac = true;
        relay->mac = mac;
        return 0;
}

static const struct {
        uint16_t code;
        int (*store)(struct dhcp6_relay *relay, struct reader value);
} relay_rows[] = {
        {DHCP6_OPT_INTERFACE_ID,  store_interface_id },
        {DHCP6_OPT_REMOTE_ID,     store_remote_id    },
        {DHCP6_OPT_SUBSCRIBER_ID, store_subscriber_id},
        {DHCP6_OPT_CLIENT_MAC,    store_mac          },
};

static int relay_option_store(struct dhcp6_relay *relay, uint16_t code, struct reader value)
{
        for (size_t i = 0; i < ARRAY_SIZE(relay_rows); i++)
                if (relay_rows[i].code == code)
                        return relay_rows[i].store(relay, value);
        return 0;
}

/* RFC 8415 9: all behind the type. */
static int relay_parse(struct reader *r, struct dhcp6_relay *ret, struct reader *ret_inner)
{
        bool has_message = false;
        struct reader value;
        uint16_t code;
        int rc;

        if (reader_u8(r, &ret->hop_count) < 0 || ret->hop_count > DHCP6_HOP_COUNT_LIMIT ||
            reader_copy(r, ret->link.bytes, sizeof(ret->link.bytes)) < 0 ||
            reader_copy(r, ret->peer.bytes, sizeof(ret->peer.bytes)) < 0)
                return -EBADMSG;
        while ((rc = dhcp6_option_next(r, &code, &value)) > 0) {
                if (code == DHCP6_OPT_RELAY_MESSAGE) {
                        if (has_message)
                                return -EBADMSG;
                        has_message = true;
                        *ret_inner = value;
                        continue;
                }
                rc = relay_option_store(ret, code, value);
                if (rc < 0)
                        return rc;
        }
        return rc == 0 && !has_message ? -EBADMSG : rc;
}

/* ---- messages ---- */

static bool is_of_relay(uint8_t type)
{
        return type == DHCP6_RELAY_FORWARD || type == DHCP6_RELAY_REPLY;
}

static bool is_of_server(uint8_t type)
{
        return type == DHCP6_ADVERTISE || type == DHCP6_REPLY || type == DHCP6_RECONFIGURE;
}

/* Takes the relay messages off @bytes: the type of the first of them, and of what was in the last.
 */
static int relays_parse(struct reader *bytes, struct dhcp6_message *m, uint8_t *ret_outer,
                        uint8_t *ret_type)
{
        uint8_t type;
        int rc;

        *ret_outer = DHCP6_NONE;
        while ((rc = reader_u8(bytes, &type)) == 0 && is_of_relay(type)) {
                struct reader inner = {0};

                if (m->relay_count == DHCP6_MAX_RELAYS ||
                    (m->relay_count > 0 && type != *ret_outer))
                        return -EBADMSG;
                *ret_outer = type;
                rc = relay_parse(bytes, &m->relays[m->relay_count++], &inner);
                if (rc < 0)
                        return rc;
                *bytes = inner;
        }
        *ret_type = type;
        return rc;
}

static int xid_parse(struct reader *r, uint32_t *ret)
{
        uint8_t high;
        uint16_t low;

        if (reader_u8(r, &high) < 0 || reader_be16(r, &low) < 0)
                return -EBADMSG;
        *ret = (uint32_t)high << 16 | low;
        return 0;
}

int dhcp6_message_parse(struct reader bytes, struct dhcp6_message *ret)
{
        struct dhcp6_message m = {0};
        uint8_t outer, type;
        int rc;

        if (reader_left(&bytes) > DHCP6_MESSAGE_MAX)
                return -EMSGSIZE;
        rc = relays_parse(&bytes, &m, &outer, &type);
        if (rc < 0)
                return rc;
        if (type == DHCP6_NONE || type >= DHCP6_MESSAGE_TYPE_COUNT)
                return -ENOMSG;
        if (outer != DHCP6_NONE && is_of_server(type) != (outer == DHCP6_RELAY_REPLY))
                return -EBADMSG;

        m.type = (enum dhcp6_message_type)type;
        rc = xid_parse(&bytes, &m.xid);
        if (rc == 0)
                rc = dhcp6_options_parse(bytes, &m.options);
        if (rc < 0)
                return rc;
        *ret = m;
        return 0;
}

static void blob_write(uint16_t code, const struct dhcp6_blob *blob, struct writer *w)
{
        writer_be16(w, code);
        writer_be16(w, blob->size);
        writer_bytes(w, blob->bytes, blob->size);
}

/* All of a relay's message but what is in its option 9, whose length @ret_length will hold. */
static void relay_write(const struct dhcp6_relay *relay, bool is_reply, struct writer *w,
                        struct writer *ret_length)
{
        writer_u8(w, is_reply ? DHCP6_RELAY_REPLY : DHCP6_RELAY_FORWARD);
        writer_u8(w, relay->hop_count);
        writer_bytes(w, relay->link.bytes, sizeof(relay->link.bytes));
        writer_bytes(w, relay->peer.bytes, sizeof(relay->peer.bytes));
        if (relay->has_interface_id)
                blob_write(DHCP6_OPT_INTERFACE_ID, &relay->interface_id, w);
        if (!is_reply && relay->remote_id.size > 0)
                blob_write(DHCP6_OPT_REMOTE_ID, &relay->remote_id, w);
        if (!is_reply && relay->subscriber_id.size > 0)
                blob_write(DHCP6_OPT_SUBSCRIBER_ID, &relay->subscriber_id, w);
        if (!is_reply && relay->has_mac) {
                writer_be16(w, DHCP6_OPT_CLIENT_MAC);
                writer_be16(w, 2 + sizeof(relay->mac.bytes));
                writer_be16(w, HARDWARE_ETHERNET);
                writer_bytes(w, relay->mac.bytes, sizeof(relay->mac.bytes));
        }
        writer_be16(w, DHCP6_OPT_RELAY_MESSAGE);
        *ret_length = *w;
        writer_be16(w, 0);
}

ssize_t dhcp6_message_write(const struct dhcp6_message *message, void *to, size_t size)
{
        struct writer w = writer_over(to, size < DHCP6_MESSAGE_MAX ? size : DHCP6_MESSAGE_MAX);
        const bool is_reply = is_of_server((uint8_t)message->type);
        struct writer lengths[DHCP6_MAX_RELAYS];
        int rc;

        for (size_t i = 0; i < message->relay_count; i++)
                relay_write(&message->relays[i], is_reply, &w, &lengths[i]);
        writer_u8(&w, (uint8_t)message->type);
        writer_u8(&w, (uint8_t)(message->xid >> 16));
        writer_be16(&w, (uint16_t)message->xid);
        rc = dhcp6_options_write(&message->options, &w);
        if (rc < 0 || writer_size(&w) < 0)
                return -EMSGSIZE;
        for (size_t i = 0; i < message->relay_count; i++)
                writer_be16(&lengths[i], (uint16_t)(w.at - lengths[i].at - 2));
        return writer_size(&w);
}

bool dhcp6_message_mac(const struct dhcp6_message *message, const struct ip6_address *source,
                       struct mac_address *ret)
{
        const struct ip6_address *client = source;

        if (message->relay_count > 0) {
                const struct dhcp6_relay *first = &message->relays[message->relay_count - 1];

                if (first->has_mac) {
                        *ret = first->mac;
                        return true;
                }
                client = &first->peer;
        }
        if (ip6_is_link_local(client) && ip6_mac(client, ret))
                return true;
        return dhcp6_duid_mac(&message->options.client_id, ret);
}
