/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <stdlib.h>

#include "dhcp/server.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool boot(void *context, const struct dhcp_message *request, struct ip4_address address,
                 struct dhcp_boot *ret)
{
        (void)context;
        ret->next_server = address;
        ret->has_no_proxy = dhcp_options_is_ipxe(&request->options);
        dhcp_boot_skip_discovery(ret);
        return text_copy(ret->file, sizeof(ret->file), "shimx64.efi") == 0;
}

static struct ip4_address ip(uint32_t number)
{
        return (struct ip4_address){.be = htonl(number)};
}

/* A reply is a message, it does not exceed what the client takes, and its record can be read. */
static void check(const struct dhcp_decision *decision)
{
        struct dhcp_message reply;
        struct dhcp_lease lease;

        if (decision->record_size > 0 &&
            dhcp_lease_record_parse(decision->record, decision->record_size, &lease) < 0)
                abort();
        if (decision->reply == DHCP_NONE)
                return;
        if (decision->reply_size > dhcp_message_reply_space(&decision->request) ||
            decision->route == DHCP_ROUTE_NONE ||
            dhcp_message_parse(reader_over(decision->reply_bytes, decision->reply_size), &reply) <
                    0)
                abort();
        if (decision->must_sync && decision->record_size == 0)
                abort();
}

/* No address has two owners, and no MAC of one network two addresses. */
static void check_leases(const struct dhcp_leases *leases)
{
        const struct dhcp_lease *lease;
        size_t at = 0, n = 0;

        while (dhcp_leases_next(leases, &at, &lease)) {
                const ssize_t pool = dhcp_leases_pool_of(leases, lease->address);

                n++;
                if (pool < 0 || dhcp_leases_find_address(leases, lease->address) != lease)
                        abort();
                if (lease->state != DHCP_LEASE_DECLINED &&
                    dhcp_leases_find_mac(leases, (size_t)pool, &lease->mac) != lease)
                        abort();
        }
        if (n != dhcp_leases_count(leases))
                abort();
}

static bool is_known(void *context, const struct mac_address *mac)
{
        (void)context;
        return mac->bytes[5] & 1;
}

/* Two networks on one wire, one of them with a class; relays; a reservation of each kind. */
static void configure(struct dhcp_server *server)
{
        static const struct mac_address known = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        static const struct dhcp_reservation_key keys[] = {
                {DHCP_RESERVED_CLIENT_ID,      7, "\1\x52\x54\0\x77\0\2"},
                {DHCP_RESERVED_CIRCUIT,        3, "\2p1"                },
                {DHCP_RESERVED_CIRCUIT_REMOTE, 5, "\2p1s1"              },
        };
        struct dhcp_network network = {
                .pool = {.network = {.address = ip(0x0a4d0000), .prefix = 24},
                         .first = ip(0x0a4d0002),
                         .last = ip(0x0a4d0009)},
                .relays = {ip(0x0a4d00fe)                              },
                .relay_count = 1,
                .captive_portal = "https://portal.example/",
        };
        struct dhcp_leases *leases = dhcp_server_leases(server);

        if (dhcp_server_add_network(server, &network) < 0)
                abort();
        network.pool.network.address = ip(0x0a4e0000);
        network.pool.first = network.pool.last = ip(0x0a4e0010);
        network.pool.shares_wire = true;
        network.range_count = 1;
        network.ranges[0] = (struct dhcp_class_range){
                ip(0x0a4e0002), ip(0x0a4e0003), {.architectures = {7}, .architecture_count = 1}
        };
        if (dhcp_server_add_network(server, &network) < 0)
                abort();
        (void)dhcp_leases_reserve(leases, &known, ip(0x0a4d0008), "known");
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                (void)dhcp_leases_reserve_key(leases, &keys[i], ip(0x0a4d0003 + (uint32_t)i), "");
        dhcp_server_set_known(server, is_known);
}

/* Messages one after the other: seconds since the last one, length, bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct dhcp_decision decision;
        struct dhcp_facts facts = {
                .interface = ip(0x0a4d0001),
                .now = {.monotonic_ms = 1000000, .wall_ms = 1795000000000},
        };
        struct dhcp_server *server = dhcp_server_new(boot, NULL);
        struct reader input = reader_over(data, size), bytes;
        uint16_t len;
        uint8_t seconds;

        if (!server)
                abort();
        configure(server);
        while (reader_u8(&input, &seconds) == 0 && reader_be16(&input, &len) == 0 &&
               reader_take(&input, len, &bytes) == 0) {
                facts.now.monotonic_ms += seconds * UINT64_C(1000);
                facts.now.wall_ms += seconds * UINT64_C(1000);
                facts.is_unicast = seconds & 1;
                (void)dhcp_server_receive(server, bytes.at, len, &facts, &decision);
                check(&decision);
                check_leases(dhcp_server_leases(server));
        }
        dhcp_server_free(server);
        return 0;
}
