/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Router solicitations
 *
 * We route nothing; we only say so. Where no DHCPv6 is answered the advertisement
 * carries no prefix, no managed and no other flag: a client that hears it goes on
 * with IPv4 at once.
 */
#include "dhcp/router.h"

#include <errno.h>

#include "lib/base/writer.h"

enum {
        TYPE_SOLICITATION = 133,
        TYPE_ADVERTISEMENT = 134,
        OPTION_SOURCE_MAC = 1,
        OPTION_PREFIX = 3,
        PREFIX_ON_LINK = 0x80,
        FLAG_MANAGED = 0x80, /* addresses by DHCPv6 */
        FLAG_OTHER = 0x40,   /* all else by DHCPv6 */
        OPTION_UNIT = 8,     /* lengths of options count these */
        HOP_LIMIT = 255,     /* nobody has forwarded it */
};

/* RFC 4861 4.6: every option has a length, and none has 0. */
static int options_parse(struct reader options, struct dhcp_router_solicitation *ret)
{
        while (reader_left(&options) > 0) {
                struct reader value;
                uint8_t type, units;

                if (reader_u8(&options, &type) < 0 || reader_u8(&options, &units) < 0 ||
                    units == 0 || reader_take(&options, units * OPTION_UNIT - 2u, &value) < 0)
                        return -EBADMSG;
                if (type == OPTION_SOURCE_MAC && units == 1) {
                        ret->has_mac = true;
                        (void)reader_copy(&value, ret->mac.bytes, sizeof(ret->mac.bytes));
                }
        }
        return 0;
}

int dhcp_router_solicitation_parse(struct reader icmp, uint8_t hop_limit, bool has_source,
                                   struct dhcp_router_solicitation *ret)
{
        struct dhcp_router_solicitation got = {0};
        uint8_t type, code;
        int rc;

        rc = reader_u8(&icmp, &type);
        if (rc < 0)
                return rc;
        if (type != TYPE_SOLICITATION)
                return -ENOMSG;

        if (reader_u8(&icmp, &code) < 0 || code != 0 || hop_limit != HOP_LIMIT ||
            reader_skip(&icmp, 2) < 0 /* checksum */ || reader_skip(&icmp, 4) < 0 /* reserved */)
                return -EBADMSG;
        rc = options_parse(icmp, &got);
        if (rc < 0)
                return rc;
        if (got.has_mac && !has_source)
                return -EBADMSG;

        *ret = got;
        return 0;
}

static void advertisement_write(const struct mac_address *ours, uint8_t flags, struct writer *w)
{
        writer_u8(w, TYPE_ADVERTISEMENT);
        writer_u8(w, 0);     /* code */
        writer_be16(w, 0);   /* checksum: the kernel's */
        writer_u8(w, 0);     /* hop limit: unspecified */
        writer_u8(w, flags); /* M, O */
        writer_be16(w, 0);   /* router lifetime: not a default router */
        writer_be32(w, 0);   /* reachable time: unspecified */
        writer_be32(w, 0);   /* retransmission timer: unspecified */

        writer_u8(w, OPTION_SOURCE_MAC);
        writer_u8(w, 1);
        writer_bytes(w, ours->bytes, sizeof(ours->bytes));
}

size_t dhcp_router_advertisement_write(const struct mac_address *ours,
                                       uint8_t to[static DHCP_ROUTER_ADVERTISEMENT_SIZE])
{
        struct writer w = writer_over(to, DHCP_ROUTER_ADVERTISEMENT_SIZE);

        advertisement_write(ours, 0, &w);
        return DHCP_ROUTER_ADVERTISEMENT_SIZE;
}

size_t dhcp_router_managed_write(const struct mac_address *ours, const struct ip6_network *network,
                                 uint8_t to[static DHCP_ROUTER_MANAGED_SIZE])
{
        struct writer w = writer_over(to, DHCP_ROUTER_MANAGED_SIZE);

        advertisement_write(ours, FLAG_MANAGED | FLAG_OTHER, &w);
        writer_u8(&w, OPTION_PREFIX);
        writer_u8(&w, 4);
        writer_u8(&w, network->prefix);
        writer_u8(&w, PREFIX_ON_LINK);
        writer_be32(&w, UINT32_MAX); /* valid: for ever */
        writer_be32(&w, UINT32_MAX); /* preferred: no longer than that, and of no use without A */
        writer_be32(&w, 0);          /* reserved */
        writer_bytes(&w, network->address.bytes, sizeof(network->address.bytes));
        return DHCP_ROUTER_MANAGED_SIZE;
}
