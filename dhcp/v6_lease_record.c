/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of a lease of DHCPv6
 *
 *   tag '6', version 1, state, length of the DUID, length of the hostname,
 *   IAID (4), address (16), MAC (6), expires (8, ms of the wall clock),
 *   granted (4, s), DUID, hostname
 *
 * Numbers are big-endian. Of a state the number below counts, and never changes.
 */
#include <errno.h>
#include <string.h>

#include "dhcp/v6_lease.h"
#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

enum {
        VERSION = 1,
        HEAD_SIZE = 5 + 4 + 16 + 6 + 8 + 4,
};
_Static_assert(HEAD_SIZE + DHCP6_DUID_MAX + DHCP6_HOSTNAME_SIZE <= DHCP6_LEASE_RECORD_MAX,
               "every lease fits into a record");

static const uint8_t state_numbers[DHCP_LEASE_STATE_COUNT] = {
        [DHCP_LEASE_OFFERED] = 0, /* never written: an offer is not worth a sync */
        [DHCP_LEASE_BOUND] = 1,
        [DHCP_LEASE_FREE] = 2,
        [DHCP_LEASE_DECLINED] = 3,
};

size_t dhcp6_lease_record_write(const struct dhcp6_lease *lease,
                                uint8_t to[static DHCP6_LEASE_RECORD_MAX])
{
        struct writer w = writer_over(to, DHCP6_LEASE_RECORD_MAX);

        writer_u8(&w, DHCP6_LEASE_RECORD_TAG);
        writer_u8(&w, VERSION);
        writer_u8(&w, state_numbers[lease->state]);
        writer_u8(&w, lease->duid.size);
        writer_u8(&w, (uint8_t)strlen(lease->hostname));
        writer_be32(&w, lease->iaid);
        writer_bytes(&w, lease->address.bytes, sizeof(lease->address.bytes));
        writer_bytes(&w, lease->mac.bytes, sizeof(lease->mac.bytes));
        writer_be64(&w, lease->expires_ms);
        writer_be32(&w, lease->lease_s);
        writer_bytes(&w, lease->duid.bytes, lease->duid.size);
        writer_text(&w, lease->hostname);
        return (size_t)writer_size(&w);
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

int dhcp6_lease_record_parse(const void *record, size_t size, struct dhcp6_lease *ret)
{
        struct reader r = reader_over(record, size);
        struct dhcp6_lease lease = {0};
        uint8_t tag, version, state, hostname_size;
        struct reader hostname;

        if (reader_u8(&r, &tag) < 0 || tag != DHCP6_LEASE_RECORD_TAG)
                return -ENOMSG;
        if (reader_u8(&r, &version) < 0)
                return -EBADMSG;
        if (version != VERSION)
                return -EPROTONOSUPPORT;

        if (reader_u8(&r, &state) < 0 || reader_u8(&r, &lease.duid.size) < 0 ||
            reader_u8(&r, &hostname_size) < 0 || reader_be32(&r, &lease.iaid) < 0 ||
            reader_copy(&r, lease.address.bytes, sizeof(lease.address.bytes)) < 0 ||
            reader_copy(&r, lease.mac.bytes, sizeof(lease.mac.bytes)) < 0 ||
            reader_be64(&r, &lease.expires_ms) < 0 || reader_be32(&r, &lease.lease_s) < 0 ||
            lease.duid.size == 0 || lease.duid.size > DHCP6_DUID_MAX ||
            reader_copy(&r, lease.duid.bytes, lease.duid.size) < 0 ||
            reader_take(&r, hostname_size, &hostname) < 0 || reader_left(&r) > 0 ||
            state_parse(state, &lease.state) < 0 || !ip6_is_set(&lease.address) ||
            text_copy_bytes(lease.hostname, sizeof(lease.hostname), hostname.at, hostname_size) < 0)
                return -EBADMSG;

        *ret = lease;
        return 0;
}
