/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCP messages
 *
 * Read and written field by field in the order of the wire, so that this file
 * reads like the figure in RFC 2131 2.
 */
#include "dhcp/message.h"

#include <errno.h>
#include <string.h>

enum {
        HTYPE_ETHERNET = 1,
        CHADDR_SIZE = 16,
        FLAG_BROADCAST = 0x8000,
        MAGIC_COOKIE = 0x63825363,
};

/* All of the message in front of the options. */
struct header {
        uint8_t op, htype, hlen, hops;
        uint32_t xid;
        uint16_t secs, flags;
        struct ip4_address ciaddr, yiaddr, siaddr, giaddr;
        uint8_t chaddr[CHADDR_SIZE];
        struct reader sname, file;
        uint32_t cookie;
};

static int header_parse(struct reader *r, struct header *ret)
{
        int rc = 0;

        rc = rc ?: reader_u8(r, &ret->op);
        rc = rc ?: reader_u8(r, &ret->htype);
        rc = rc ?: reader_u8(r, &ret->hlen);
        rc = rc ?: reader_u8(r, &ret->hops);
        rc = rc ?: reader_be32(r, &ret->xid);
        rc = rc ?: reader_be16(r, &ret->secs);
        rc = rc ?: reader_be16(r, &ret->flags);
        rc = rc ?: reader_copy(r, &ret->ciaddr.be, sizeof(ret->ciaddr.be));
        rc = rc ?: reader_copy(r, &ret->yiaddr.be, sizeof(ret->yiaddr.be));
        rc = rc ?: reader_copy(r, &ret->siaddr.be, sizeof(ret->siaddr.be));
        rc = rc ?: reader_copy(r, &ret->giaddr.be, sizeof(ret->giaddr.be));
        rc = rc ?: reader_copy(r, ret->chaddr, sizeof(ret->chaddr));
        rc = rc ?: reader_take(r, DHCP_SNAME_SIZE, &ret->sname);
        rc = rc ?: reader_take(r, DHCP_FILE_SIZE, &ret->file);
        if (rc < 0)
                return rc;
        return reader_be32(r, &ret->cookie) < 0 ? -ENOMSG : 0;
}

/* The file field in the place of option 67: a text up to a NUL byte, or 128 bytes of it. */
static void take_file(struct dhcp_options *options, struct reader file)
{
        const size_t len = strnlen((const char *)file.at, reader_left(&file));

        for (size_t i = 0; i < len; i++)
                if (file.at[i] < 0x20 || file.at[i] >= 0x7f)
                        return;
        memcpy(options->boot_file, file.at, len);
        options->boot_file[len] = '\0';
}

/* RFC 4388 6.2, 6.4: a query by address or client id names no hardware; nor does "unknown". */
static bool is_of_nobody(const struct header *h, enum dhcp_message_type type)
{
        static const uint8_t none[CHADDR_SIZE];

        return type >= DHCP_LEASEQUERY && memcmp(h->chaddr, none, sizeof(none)) == 0;
}

int dhcp_message_parse(struct reader bytes, struct dhcp_message *ret)
{
        struct header h = {0};
        struct dhcp_message m = {0};
        uint8_t overload;
        int rc;

        if (reader_left(&bytes) > DHCP_MESSAGE_MAX)
                return -EMSGSIZE;
        rc = header_parse(&bytes, &h);
        if (rc < 0)
                return rc;
        if (h.cookie != MAGIC_COOKIE)
                return -ENOMSG;
        if (h.op != DHCP_OP_REQUEST && h.op != DHCP_OP_REPLY)
                return -EBADMSG;

        m.op = (enum dhcp_op)h.op;
        m.hops = h.hops;
        m.xid = h.xid;
        m.secs = h.secs;
        m.is_broadcast = h.flags & FLAG_BROADCAST;
        m.ciaddr = h.ciaddr;
        m.yiaddr = h.yiaddr;
        m.siaddr = h.siaddr;
        m.giaddr = h.giaddr;
        memcpy(m.mac.bytes, h.chaddr, sizeof(m.mac.bytes));
        rc = dhcp_options_parse(
                &(struct dhcp_option_fields){
                        .options = bytes,
                        .file = h.file,
                        .sname = h.sname,
                },
                &m.options, &overload);
        if (rc < 0)
                return rc;
        if (m.options.type == DHCP_NONE)
                return -ENOMSG;
        if (!is_of_nobody(&h, m.options.type) &&
            (h.htype != HTYPE_ETHERNET || h.hlen != sizeof(m.mac.bytes) || !mac_is_usable(&m.mac)))
                return -EPROTONOSUPPORT;
        if (m.options.boot_file[0] == '\0' && !(overload & DHCP_OVERLOAD_FILE))
                take_file(&m.options, h.file);

        *ret = m;
        return 0;
}

enum dhcp_message_type dhcp_message_peek(struct reader bytes, struct mac_address *ret_mac)
{
        const size_t chaddr_at = 28, options_at = 240; /* RFC 2131 2 */
        struct mac_address mac;
        struct reader value;
        uint8_t code, size, type = DHCP_NONE;

        if (reader_skip(&bytes, chaddr_at) < 0 ||
            reader_copy(&bytes, mac.bytes, sizeof(mac.bytes)) < 0 ||
            reader_skip(&bytes, options_at - chaddr_at - sizeof(mac.bytes)) < 0)
                return DHCP_NONE;
        while (type == DHCP_NONE) {
                if (reader_u8(&bytes, &code) < 0 || code == DHCP_OPT_END)
                        return DHCP_NONE;
                if (code == DHCP_OPT_PAD)
                        continue;
                if (reader_u8(&bytes, &size) < 0 || reader_take(&bytes, size, &value) < 0)
                        return DHCP_NONE;
                if (code == DHCP_OPT_MESSAGE_TYPE && reader_u8(&value, &type) < 0)
                        return DHCP_NONE;
        }
        if (type >= DHCP_MESSAGE_TYPE_COUNT)
                return DHCP_NONE;
        *ret_mac = mac;
        return (enum dhcp_message_type)type;
}

static void header_write(const struct dhcp_message *m, struct writer *w)
{
        const size_t file_len = strlen(m->options.boot_file);
        const size_t in_field = file_len <= DHCP_FILE_SIZE ? file_len : 0;
        const bool is_of_one = mac_is_usable(&m->mac);

        writer_u8(w, (uint8_t)m->op);
        writer_u8(w, is_of_one ? HTYPE_ETHERNET : 0);
        writer_u8(w, is_of_one ? sizeof(m->mac.bytes) : 0);
        writer_u8(w, m->hops);
        writer_be32(w, m->xid);
        writer_be16(w, m->secs);
        writer_be16(w, m->is_broadcast ? FLAG_BROADCAST : 0);
        writer_bytes(w, &m->ciaddr.be, sizeof(m->ciaddr.be));
        writer_bytes(w, &m->yiaddr.be, sizeof(m->yiaddr.be));
        writer_bytes(w, &m->siaddr.be, sizeof(m->siaddr.be));
        writer_bytes(w, &m->giaddr.be, sizeof(m->giaddr.be));
        writer_bytes(w, m->mac.bytes, sizeof(m->mac.bytes));
        writer_zero(w, CHADDR_SIZE - sizeof(m->mac.bytes));
        writer_zero(w, DHCP_SNAME_SIZE);
        writer_bytes(w, m->options.boot_file, in_field);
        writer_zero(w, DHCP_FILE_SIZE - in_field);
        writer_be32(w, MAGIC_COOKIE);
}

ssize_t dhcp_message_write(const struct dhcp_message *message, void *to, size_t size)
{
        struct writer w = writer_over(to, size < DHCP_MESSAGE_MAX ? size : DHCP_MESSAGE_MAX);
        ssize_t len;
        int rc;

        header_write(message, &w);
        rc = dhcp_options_write(&message->options, &w);
        if (rc < 0)
                return rc;

        len = writer_size(&w);
        if (len < DHCP_MESSAGE_MIN)
                writer_zero(&w, (size_t)(DHCP_MESSAGE_MIN - len));
        len = writer_size(&w);
        return len < 0 ? -EMSGSIZE : len;
}

size_t dhcp_message_reply_space(const struct dhcp_message *request)
{
        size_t datagram = request->options.max_size;

        /* RFC 2132 9.10: 576 is the least; some count the headers in, so we always do. */
        if (datagram < DHCP_DATAGRAM_SAFE)
                datagram = DHCP_DATAGRAM_SAFE;
        if (datagram > DHCP_MESSAGE_MAX + DHCP_HEADERS_SIZE)
                datagram = DHCP_MESSAGE_MAX + DHCP_HEADERS_SIZE;
        return datagram - DHCP_HEADERS_SIZE;
}
