/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of a lease
 *
 *   tag 'L', version, state, length of the hostname,
 *   MAC (6), address (4), expires (8, ms of the wall clock), granted (4, s), hostname
 *
 * Version 2 ends in a client id, and stands only where there is one: what firmware writes, an older
 * program reads.
 *
 * Numbers are big-endian. Of a state the number below counts, and never changes.
 */
#include <errno.h>
#include <string.h>

#include "dhcp/lease.h"
#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

enum {
        VERSION = 1,
        VERSION_NAMED = 2,
};

static const uint8_t state_numbers[DHCP_LEASE_STATE_COUNT] = {
        [DHCP_LEASE_OFFERED] = 0, /* never written: an offer is not worth a sync */
        [DHCP_LEASE_BOUND] = 1,
        [DHCP_LEASE_FREE] = 2,
        [DHCP_LEASE_DECLINED] = 3,
};

size_t dhcp_lease_record_write(const struct dhcp_lease *lease,
                               uint8_t to[static DHCP_LEASE_RECORD_MAX])
{
        struct writer w = writer_over(to, DHCP_LEASE_RECORD_MAX);

        writer_u8(&w, DHCP_LEASE_RECORD_TAG);
        writer_u8(&w, lease->client_id_size > 0 ? VERSION_NAMED : VERSION);
        writer_u8(&w, state_numbers[lease->state]);
        writer_u8(&w, (uint8_t)strlen(lease->hostname));
        writer_bytes(&w, lease->mac.bytes, sizeof(lease->mac.bytes));
        writer_bytes(&w, &lease->address.be, sizeof(lease->address.be));
        writer_be64(&w, lease->expires_ms);
        writer_be32(&w, lease->lease_s);
        writer_text(&w, lease->hostname);
        writer_bytes(&w, lease->client_id, lease->client_id_size);
        return (size_t)writer_size(&w); /* 26 + 63 + 32 at most: it fits */
}

static int state_parse(uint8_t number, enum dhcp_lease_state *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(state_numbers); i++) {
                if (state_numbers[i] == number) {
                        *ret = (enum dhcp_lease_state)i;
                        return 0;
                }
        }
        return -EBADMSG;
}

static int client_id_parse(struct reader *r, uint8_t version, struct dhcp_lease *lease)
{
        const size_t size = reader_left(r);

        if (size > sizeof(lease->client_id) || (size > 0) != (version == VERSION_NAMED))
                return -EBADMSG;
        lease->client_id_size = (uint8_t)size;
        return reader_copy(r, lease->client_id, size);
}

int dhcp_lease_record_parse(const void *record, size_t size, struct dhcp_lease *ret)
{
        struct reader r = reader_over(record, size);
        struct dhcp_lease lease = {0};
        uint8_t tag, version, state, hostname_size;
        struct reader hostname;

        if (reader_u8(&r, &tag) < 0 || tag != DHCP_LEASE_RECORD_TAG)
                return -ENOMSG;
        if (reader_u8(&r, &version) < 0)
                return -EBADMSG;
        if (version != VERSION && version != VERSION_NAMED)
                return -EPROTONOSUPPORT;

        if (reader_u8(&r, &state) < 0 || reader_u8(&r, &hostname_size) < 0 ||
            reader_copy(&r, lease.mac.bytes, sizeof(lease.mac.bytes)) < 0 ||
            reader_copy(&r, &lease.address.be, sizeof(lease.address.be)) < 0 ||
            reader_be64(&r, &lease.expires_ms) < 0 || reader_be32(&r, &lease.lease_s) < 0 ||
            reader_take(&r, hostname_size, &hostname) < 0 ||
            client_id_parse(&r, version, &lease) < 0 || state_parse(state, &lease.state) < 0 ||
            !mac_is_usable(&lease.mac) ||
            text_copy_bytes(lease.hostname, sizeof(lease.hostname), hostname.at, hostname_size) < 0)
                return -EBADMSG;

        *ret = lease;
        return 0;
}
