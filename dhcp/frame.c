/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames around DHCP messages
 *
 * A client without an address has no IP stack to receive with, and a server
 * cannot ask by ARP for an address that is not configured yet. Both use packet
 * sockets, and so need the three headers.
 */
#include "dhcp/frame.h"

#include <errno.h>

#include "lib/base/writer.h"

enum {
        ETHERTYPE_IPV4 = 0x0800,
        PROTOCOL_UDP = 17,
        IP_VERSION_AND_SIZE = 0x45, /* version 4, five words, no options */
        IP_SIZE = 20,
        IP_DONT_FRAGMENT = 0x4000,
        IP_FRAGMENT_MASK = 0x3fff, /* offset, and "more follow" */
        TIME_TO_LIVE = 64,
        UDP_SIZE = 8,
};

/* RFC 1071: the sum of 16-bit words; an odd byte at the end counts as the high one. */
static uint32_t sum_bytes(uint32_t sum, struct reader bytes)
{
        uint16_t word;
        uint8_t odd;

        while (reader_be16(&bytes, &word) == 0)
                sum += word;
        if (reader_u8(&bytes, &odd) == 0)
                sum += (uint32_t)odd << 8;
        return sum;
}

static uint16_t sum_end(uint32_t sum)
{
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t)~sum;
}

/* Addresses, protocol and length, which the UDP checksum covers too (RFC 768). */
static uint32_t sum_pseudo_header(struct ip4_address from, struct ip4_address to, uint16_t udp_size)
{
        uint32_t sum = (uint32_t)PROTOCOL_UDP + udp_size;

        sum = sum_bytes(sum, reader_over(&from.be, sizeof(from.be)));
        return sum_bytes(sum, reader_over(&to.be, sizeof(to.be)));
}

/* RFC 791 3.1. On success @bytes is what the header says that the packet holds. */
static int ip_parse(struct reader *bytes, struct dhcp_frame *ret)
{
        struct reader packet, header, start = *bytes;
        uint16_t total, fragment;
        uint8_t version, protocol;
        size_t header_size;

        if (reader_u8(&start, &version) < 0 || reader_skip(&start, 1) < 0 ||
            reader_be16(&start, &total) < 0 || reader_skip(&start, 2) < 0 ||
            reader_be16(&start, &fragment) < 0 || reader_skip(&start, 1) < 0 ||
            reader_u8(&start, &protocol) < 0 || reader_skip(&start, 2) < 0 ||
            reader_copy(&start, &ret->from.be, sizeof(ret->from.be)) < 0 ||
            reader_copy(&start, &ret->to.be, sizeof(ret->to.be)) < 0)
                return -EBADMSG;
        if (version >> 4 != 4 || protocol != PROTOCOL_UDP || fragment & IP_FRAGMENT_MASK)
                return -ENOMSG;

        header_size = (size_t)(version & 0xf) * 4;
        if (header_size < IP_SIZE || reader_take(bytes, total, &packet) < 0 ||
            reader_take(&packet, header_size, &header) < 0 || sum_end(sum_bytes(0, header)) != 0)
                return -EBADMSG;

        *bytes = packet;
        return 0;
}

int dhcp_frame_parse(struct reader bytes, bool has_checksum, struct dhcp_frame *ret)
{
        struct dhcp_frame frame = {0};
        struct reader udp, head;
        uint16_t ethertype, size, checksum;
        uint32_t sum;
        int rc;

        if (reader_copy(&bytes, frame.to_mac.bytes, sizeof(frame.to_mac.bytes)) < 0 ||
            reader_copy(&bytes, frame.from_mac.bytes, sizeof(frame.from_mac.bytes)) < 0 ||
            reader_be16(&bytes, &ethertype) < 0)
                return -EBADMSG;
        if (ethertype != ETHERTYPE_IPV4)
                return -ENOMSG;

        rc = ip_parse(&bytes, &frame);
        if (rc < 0)
                return rc;

        head = bytes;
        if (reader_be16(&head, &frame.from_port) < 0 || reader_be16(&head, &frame.to_port) < 0 ||
            reader_be16(&head, &size) < 0 || reader_be16(&head, &checksum) < 0 || size < UDP_SIZE ||
            reader_take(&bytes, size, &udp) < 0)
                return -EBADMSG;

        sum = sum_pseudo_header(frame.from, frame.to, size);
        if (has_checksum && checksum != 0 && sum_end(sum_bytes(sum, udp)) != 0)
                return -EBADMSG;

        rc = reader_take(&head, size - UDP_SIZE, &frame.payload);
        if (rc < 0)
                return rc;
        *ret = frame;
        return 0;
}

static void ip_write(const struct dhcp_frame *frame, uint16_t size, uint16_t checksum,
                     struct writer *w)
{
        writer_u8(w, IP_VERSION_AND_SIZE);
        writer_u8(w, 0);
        writer_be16(w, size);
        writer_be16(w, 0); /* identification: never fragmented, RFC 6864 4.1 */
        writer_be16(w, IP_DONT_FRAGMENT);
        writer_u8(w, TIME_TO_LIVE);
        writer_u8(w, PROTOCOL_UDP);
        writer_be16(w, checksum);
        writer_bytes(w, &frame->from.be, sizeof(frame->from.be));
        writer_bytes(w, &frame->to.be, sizeof(frame->to.be));
}

static uint16_t ip_checksum(const struct dhcp_frame *frame, uint16_t size)
{
        uint8_t bytes[IP_SIZE];
        struct writer w = writer_over(bytes, sizeof(bytes));

        ip_write(frame, size, 0, &w);
        return sum_end(sum_bytes(0, reader_over(bytes, sizeof(bytes))));
}

static uint16_t udp_checksum(const struct dhcp_frame *frame, uint16_t size)
{
        uint32_t sum = sum_pseudo_header(frame->from, frame->to, size);
        uint16_t checksum;

        sum += (uint32_t)frame->from_port + frame->to_port + size;
        checksum = sum_end(sum_bytes(sum, frame->payload));
        return checksum ? checksum : 0xffff; /* 0 would say that there is none */
}

ssize_t dhcp_frame_write(const struct dhcp_frame *frame, void *to, size_t size)
{
        const size_t payload_size = reader_left(&frame->payload);
        struct writer w = writer_over(to, size);
        uint16_t udp_size, ip_size;
        ssize_t len;

        if (payload_size > UINT16_MAX - IP_SIZE - UDP_SIZE)
                return -EMSGSIZE;
        udp_size = (uint16_t)(UDP_SIZE + payload_size);
        ip_size = (uint16_t)(IP_SIZE + udp_size);

        writer_bytes(&w, frame->to_mac.bytes, sizeof(frame->to_mac.bytes));
        writer_bytes(&w, frame->from_mac.bytes, sizeof(frame->from_mac.bytes));
        writer_be16(&w, ETHERTYPE_IPV4);

        ip_write(frame, ip_size, ip_checksum(frame, ip_size), &w);

        writer_be16(&w, frame->from_port);
        writer_be16(&w, frame->to_port);
        writer_be16(&w, udp_size);
        writer_be16(&w, udp_checksum(frame, udp_size));
        writer_bytes(&w, frame->payload.at, payload_size);

        len = writer_size(&w);
        return len < 0 ? -EMSGSIZE : len;
}
