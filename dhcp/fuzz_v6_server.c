/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "dhcp/v6_server.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool boot(void *context, const struct dhcp6_message *request, const struct mac_address *mac,
                 const struct ip6_network *network, struct dhcp6_boot *ret)
{
        (void)context;
        (void)mac;
        (void)network;
        if (dhcp6_options_is_http(&request->options))
                (void)text_copy(ret->vendor_class, sizeof(ret->vendor_class), "HTTPClient");
        return text_copy(ret->url, sizeof(ret->url), "tftp://[fd77::1]/shimx64.efi") == 0;
}

/* A reply is a message to who asked, and its records can be read. */
static void check(const struct dhcp6_decision *decision)
{
        static struct dhcp6_message reply;
        struct dhcp6_lease lease;

        if (decision->record_count > DHCP6_MAX_IA)
                abort();
        for (size_t i = 0; i < decision->record_count; i++)
                if (dhcp6_lease_record_parse(decision->records[i].bytes, decision->records[i].size,
                                             &lease) < 0)
                        abort();
        if (decision->must_sync && decision->record_count == 0)
                abort();
        if (decision->reply == DHCP6_NONE)
                return;
        if (dhcp6_message_parse(reader_over(decision->reply_bytes, decision->reply_size), &reply) <
                    0 ||
            reply.xid != decision->request.xid || reply.type != decision->reply ||
            reply.relay_count != decision->request.relay_count ||
            !dhcp6_duid_is_equal(&reply.options.client_id, &decision->request.options.client_id))
                abort();
}

/* No address has two owners, and no identity of one network two addresses. */
static void check_leases(const struct dhcp6_leases *leases)
{
        const struct dhcp6_lease *lease;
        size_t at = 0, n = 0;

        while (dhcp6_leases_next(leases, &at, &lease)) {
                const ssize_t pool = dhcp6_leases_pool_of(leases, &lease->address);
                const struct dhcp6_client client = {
                        .duid = &lease->duid, .iaid = lease->iaid, .mac = lease->mac};

                n++;
                if (pool < 0 || dhcp6_leases_find_address(leases, &lease->address) != lease)
                        abort();
                if (lease->state != DHCP_LEASE_DECLINED &&
                    dhcp6_leases_find(leases, (size_t)pool, &client) != lease)
                        abort();
        }
        if (n != dhcp6_leases_count(leases))
                abort();
}

static struct ip6_address ip(const char *text)
{
        struct ip6_address address;

        if (ip6_parse(text, &address) < 0)
                abort();
        return address;
}

/* Messages one after the other: seconds since the last one, length, bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        /* The server of the captures, so that what was said to it is said to us. */
        static const struct dhcp6_duid ours = {
                14, {0, 1, 0, 1, 0x32, 0x92, 0xce, 0xa1, 0x52, 0x14, 0x29, 0x1b, 0xef, 0xed}
        };
        static struct dhcp6_decision decision;
        struct dhcp6_network network = {
                .pool = {.first = ip("fd77::2"), .last = ip("fd77::9"), .ours = ip("fd77::1")},
                .preference = 255,
        };
        struct dhcp6_reservation known = {.address = ip("fd77::8")};
        struct dhcp6_facts facts = {
                .interface = ip("fd77::1"),
                .source = ip("fe80::5054:ff:fe77:5"),
                .now = {.monotonic_ms = 1000000, .wall_ms = 1795000000000},
        };
        struct dhcp6_server *server = dhcp6_server_new(&ours, boot, NULL);
        struct reader input = reader_over(data, size), bytes;
        uint16_t len;
        uint8_t seconds;

        if (!server || ip6_network_parse("fd77::/64", &network.pool.network) < 0 ||
            dhcp6_server_add_network(server, &network) < 0 ||
            uuid_parse("8d1a2b3c-4e5f-6071-8293-a4b5c6d7e8f9", &known.uuid) < 0 ||
            dhcp6_leases_reserve(dhcp6_server_leases(server), &known) < 0)
                abort();
        while (reader_u8(&input, &seconds) == 0 && reader_be16(&input, &len) == 0 &&
               reader_take(&input, len, &bytes) == 0) {
                facts.now.monotonic_ms += seconds * UINT64_C(1000);
                facts.now.wall_ms += seconds * UINT64_C(1000);
                facts.is_unicast = seconds & 1;
                (void)dhcp6_server_receive(server, bytes.at, len, &facts, &decision);
                check(&decision);
                check_leases(dhcp6_server_leases(server));
        }
        dhcp6_server_free(server);
        return 0;
}
