/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For whom an address is kept, and that none is ever held by two. */
#include <errno.h>
#include <stdlib.h>

#include "dhcp/test_serving.h"

static const uint8_t uuid_smbios[17] = {0,    0x33, 0x22, 0x11, 0,    0x55, 0x44, 0x77, 0x66,
                                        0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static struct dhcp_reservation_key key_of(enum dhcp_reservation_kind kind, const char *text)
{
        struct dhcp_reservation_key key = {.kind = kind};
        struct uuid uuid;

        if (kind == DHCP_RESERVED_UUID) {
                assert_int_equal(uuid_parse(text, &uuid), 0);
                key.size = sizeof(uuid.bytes);
                memcpy(key.bytes, uuid.bytes, sizeof(uuid.bytes));
        } else {
                key.size = (uint8_t)strlen(text);
                memcpy(key.bytes, text, strlen(text));
        }
        return key;
}

/* One of each kind: 10.77.0.51 of a client id, .52 of a UUID, .53 of a port of a switch, .54 of a
 * port of any; .50 of MAC 50. */
static struct dhcp_server *reserving_server(void)
{
        struct dhcp_server *server = server_empty();
        struct dhcp_leases *leases = dhcp_server_leases(server);
        const struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.60");
        const struct dhcp_message fifty = message(DHCP_DISCOVER, 50);
        const struct reader p1 = reader_over("p1", 2), s1 = reader_over("s1", 2), none = {0};
        struct dhcp_reservation_key key;

        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        assert_int_equal(dhcp_leases_reserve(leases, &fifty.mac, ip("10.77.0.50"), "fifty"), 0);
        key = key_of(DHCP_RESERVED_CLIENT_ID, "\377id");
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.51"), ""), 0);
        key = key_of(DHCP_RESERVED_UUID, "00112233-4455-6677-8899-aabbccddeeff");
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.52"), "two"), 0);
        assert_int_equal(dhcp_reservation_key_circuit(p1, s1, &key), 0);
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.53"), ""), 0);
        assert_int_equal(dhcp_reservation_key_circuit(p1, none, &key), 0);
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.54"), ""), 0);
        return server;
}

/* What one says of itself, marks as letters: i client id, u UUID, s port p1 of s1, p port p1. */
static struct dhcp_message marked(uint32_t number, const char *marks)
{
        struct dhcp_message m = message(DHCP_DISCOVER, number);

        for (; *marks; marks++) {
                switch (*marks) {
                case 'i':
                        blob(&m.options.client_id, "\377id", 3);
                        break;
                case 'u':
                        blob(&m.options.client_uuid, uuid_smbios, sizeof(uuid_smbios));
                        break;
                case 's':
                        m.giaddr = ip("10.77.0.2");
                        blob(&m.options.relay_info, "\1\2p1\2\2s1", 8);
                        break;
                case 'p':
                        m.giaddr = ip("10.77.0.2");
                        blob(&m.options.relay_info, "\1\2p1\2\2s9", 8);
                        break;
                default: /* another port */
                        m.giaddr = ip("10.77.0.2");
                        blob(&m.options.relay_info, "\1\2p7\2\2s9", 8);
                        break;
                }
        }
        return m;
}

static void a_machine_is_recognised_by_its_marks(void **state)
{
        static const struct {
                uint32_t number;
                const char *marks, *address;
        } cases[] = {
                {50, "",    "10.77.0.50"},
                {50, "iup", "10.77.0.50"}, /* the MAC goes before all */
                {1,  "i",   "10.77.0.51"},
                {1,  "ius", "10.77.0.51"},
                {1,  "u",   "10.77.0.52"},
                {1,  "us",  "10.77.0.52"},
                {1,  "s",   "10.77.0.53"}, /* the port of this switch before
  that of any */
                {1,  "p",   "10.77.0.54"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_server *server = reserving_server();

                print_message("%u %s\n", cases[i].number, cases[i].marks);
                assert_ip(lease_to(server, marked(cases[i].number, cases[i].marks)),
                          cases[i].address);
                dhcp_server_free(server);
        }
}

/* Firmware says the UUID, the loader a client id, the system nothing: one address. */
static void a_mark_holds_for_all_stages(void **state)
{
        struct dhcp_server *server = reserving_server();

        (void)state;
        assert_ip(lease_to(server, marked(1, "u")), "10.77.0.52");
        assert_string_equal(reply.options.hostname, "two");
        assert_ip(lease_to(server, marked(1, "")), "10.77.0.52");
        assert_string_equal(reply.options.hostname, "two");
        assert_ip(lease_to(server, marked(1, "p")), "10.77.0.52"); /* a lesser mark */

        /* Its second card says the same UUID: two cards, two addresses. */
        assert_false(ip4_is_equal(lease_to(server, marked(2, "u")), ip("10.77.0.52")));
        assert_ip(lease_to(server, marked(1, "")), "10.77.0.52");

        /* The first card is gone; when its lease has ended the second takes its place. */
        facts.now.monotonic_ms += 601000;
        facts.now.wall_ms += 601000;
        assert_ip(lease_to(server, marked(2, "u")), "10.77.0.52");
        assert_false(ip4_is_equal(lease_to(server, marked(1, "")), ip("10.77.0.52")));
        dhcp_server_free(server);
}

static void a_port_is_left_behind(void **state)
{
        struct dhcp_server *server = reserving_server();
        struct dhcp_message m;

        (void)state;
        assert_ip(lease_to(server, marked(1, "p")), "10.77.0.54");
        assert_ip(lease_to(server, marked(1, "")), "10.77.0.54"); /* renews directly */
        assert_false(ip4_is_equal(lease_to(server, marked(1, "x")), ip("10.77.0.54")));
        assert_ip(lease_to(server, marked(3, "p")), "10.77.0.54");

        m = marked(9, ""); /* nobody else has it by asking for it */
        m.options.wanted = ip("10.77.0.54");
        assert_false(ip4_is_equal(lease_to(server, m), ip("10.77.0.54")));
        dhcp_server_free(server);
}

/* After a restart the system asks before its firmware does. */
static void what_was_learned_is_in_the_journal(void **state)
{
        struct dhcp_server *server = reserving_server();
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        size_t size;

        (void)state;
        assert_ip(lease_to(server, marked(1, "u")), "10.77.0.52");
        size = decision.record_size;
        memcpy(record, decision.record, size);
        dhcp_server_free(server);

        server = reserving_server();
        assert_int_equal(dhcp_leases_replay(dhcp_server_leases(server), record, size, &start), 0);
        assert_ip(lease_to(server, marked(1, "")), "10.77.0.52");
        dhcp_server_free(server);
}

static void refuses_marks_that_cannot_be(void **state)
{
        struct dhcp_server *server = reserving_server();
        struct dhcp_leases *leases = dhcp_server_leases(server);
        const uint8_t bytes[61] = {0};
        const struct reader none = {0};
        struct dhcp_reservation_key key = key_of(DHCP_RESERVED_CLIENT_ID, "\377id");

        (void)state;
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.80"), ""), -EEXIST);
        key = key_of(DHCP_RESERVED_CLIENT_ID, "other");
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.52"), ""), -EADDRINUSE);
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.78.0.52"), ""), -ENOENT);
        key.size = 0;
        assert_int_equal(dhcp_leases_reserve_key(leases, &key, ip("10.77.0.81"), ""), -EINVAL);
        assert_int_equal(dhcp_reservation_key_circuit(none, reader_over("a", 1), &key), -EINVAL);
        assert_int_equal(dhcp_reservation_key_circuit(reader_over(bytes, 60), none, &key), -EINVAL);
        assert_int_equal(
                dhcp_reservation_key_circuit(reader_over(bytes, 30), reader_over(bytes, 30), &key),
                -EINVAL);
        assert_int_equal(
                dhcp_reservation_key_circuit(reader_over(bytes, 30), reader_over(bytes, 29), &key),
                0);
        dhcp_server_free(server);
}

/* --- somebody else uses an address --- */

static void an_address_in_use_is_not_given(void **state)
{
        struct dhcp_server *server = server_empty();
        struct dhcp_leases *leases = dhcp_server_leases(server);
        const struct dhcp_network network = network_of("10.77.0.0/24", "10.77.0.10", "10.77.0.17");
        const struct mac_address other = message(DHCP_DISCOVER, 99).mac;
        struct dhcp_message m = message(DHCP_DISCOVER, 1);
        const struct dhcp_lease *lease;

        (void)state;
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        receive(server, &m);
        m.options.type = DHCP_REQUEST;
        m.options.wanted = reply.yiaddr;
        m.options.server_id = reply.options.server_id;
        assert_int_equal(dhcp_leases_conflict(leases, reply.yiaddr, &m.mac, &start, &lease),
                         -ENOENT); /* itself */
        assert_int_equal(dhcp_leases_conflict(leases, reply.yiaddr, &other, &start, &lease), 0);
        assert_int_equal(lease->state, DHCP_LEASE_DECLINED);
        assert_int_equal(dhcp_leases_conflict(leases, reply.yiaddr, &other, &start, &lease),
                         -ENOENT); /* it answers twice; of this few addresses one may rest */
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NAK);
        m = message(DHCP_DISCOVER, 1);
        assert_true(ip4_is_set(lease_to(server, m)));
        assert_int_equal(dhcp_leases_conflict(leases, reply.yiaddr, &other, &start, &lease),
                         -EBUSY); /* a lease stands */
        assert_int_equal(dhcp_leases_conflict(leases, ip("10.99.0.1"), &other, &start, &lease),
                         -ENOENT);
        dhcp_server_free(server);
}

/* --- whatever happens --- */

struct holder {
        struct mac_address mac;
        uint64_t until_ms;
};

#define MACHINES 40
#define STEPS    20000

/* Who asks for an address holds none but the one it is offered, and has one on a wire. */
static void note_rest(struct holder holders[][256], const struct mac_address *mac,
                      const struct holder *keeps)
{
        for (size_t i = 0; i < 4; i++)
                for (size_t j = 0; j < 256; j++)
                        if (&holders[i][j] != keeps && mac_is_equal(&holders[i][j].mac, mac))
                                holders[i][j].until_ms = 0;
}

/* By what the server sent, not by what it believes. */
static void note_reply(struct holder holders[][256], const struct dhcp_message *m)
{
        const uint32_t address = ntohl(reply.yiaddr.be);
        struct holder *holder = &holders[address >> 16 & 3][address & 255];
        const uint64_t now_ms = facts.now.monotonic_ms;

        if (holder->until_ms > now_ms)
                assert_true(mac_is_equal(&holder->mac, &m->mac));
        note_rest(holders, &m->mac, holder);
        if (decision.reply != DHCP_ACK)
                return;
        holder->mac = m->mac;
        holder->until_ms = now_ms + reply.options.lease_s * UINT64_C(1000);
}

static struct dhcp_message random_message(unsigned *seed, struct ip4_address last[])
{
        static const enum dhcp_message_type types[] = {DHCP_DISCOVER, DHCP_DISCOVER, DHCP_REQUEST,
                                                       DHCP_REQUEST,  DHCP_REQUEST,  DHCP_RELEASE,
                                                       DHCP_DECLINE};
        static const char *const marks[] = {"", "", "", "i", "u", "s", "p", "x", "iu", "us"};
        const uint32_t number = (uint32_t)rand_r(seed) % MACHINES;
        const struct ip4_address had = last[number];
        struct dhcp_message m = marked(number, marks[(size_t)rand_r(seed) % ARRAY_SIZE(marks)]);

        m.options.type = types[(size_t)rand_r(seed) % ARRAY_SIZE(types)];
        m.options.has_architecture = rand_r(seed) % 2;
        m.options.architecture = (uint16_t)(rand_r(seed) % 2 ? 7 : 0);
        if (rand_r(seed) % 8 == 0) /* what another has, or nobody */
                last[number].be = htonl((rand_r(seed) % 2 ? 0x0a4d0000u : 0x0a4e0000u) +
                                        (uint32_t)rand_r(seed) % 70);
        if (m.options.type == DHCP_RELEASE || rand_r(seed) % 4 == 0)
                m.ciaddr = had;
        else
                m.options.wanted = last[number];
        if (m.options.type != DHCP_REQUEST || rand_r(seed) % 2)
                m.options.server_id = ip("10.77.0.1");
        last[number] = had;
        return m;
}

/* Random machines, marks, classes and times, on a wire of two networks with too few addresses. */
static void no_address_is_held_by_two(void **state)
{
        static struct holder holders[4][256];
        struct dhcp_server *server = reserving_server();
        struct dhcp_network network = network_of("10.78.0.0/24", "10.78.0.10", "10.78.0.12");
        struct ip4_address last[MACHINES] = {0};
        unsigned seed = 77;
        size_t acks = 0;

        (void)state;
        network.pool.shares_wire = true;
        network.range_count = 1;
        network.ranges[0] = (struct dhcp_class_range){
                ip("10.78.0.20"),
                ip("10.78.0.24"),
                {.architectures = {7}, .architecture_count = 1}
        };
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        for (size_t i = 0; i < STEPS; i++) {
                const struct dhcp_message m = random_message(&seed, last);
                const uint32_t number = m.mac.bytes[5];

                facts.now.monotonic_ms += (uint64_t)(rand_r(&seed) % 20000);
                facts.now.wall_ms = facts.now.monotonic_ms + 1795000000000;
                facts.is_unicast = m.options.type == DHCP_RELEASE;
                receive(server, &m);
                if (decision.reply == DHCP_OFFER || decision.reply == DHCP_ACK) {
                        last[number] = reply.yiaddr;
                        note_reply(holders, &m);
                        acks += decision.reply == DHCP_ACK;
                } else if (decision.record_size > 0) { /* it gave it back */
                        const uint32_t address = ntohl(decision.leased.be);

                        holders[address >> 16 & 3][address & 255].until_ms = 0;
                }
        }
        print_message("%zu acknowledgements\n", acks);
        assert_true(acks > STEPS / 10);
        dhcp_server_free(server);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_machine_is_recognised_by_its_marks),
                cmocka_unit_test(a_mark_holds_for_all_stages),
                cmocka_unit_test(a_port_is_left_behind),
                cmocka_unit_test(what_was_learned_is_in_the_journal),
                cmocka_unit_test(refuses_marks_that_cannot_be),
                cmocka_unit_test(an_address_in_use_is_not_given),
                cmocka_unit_test(no_address_is_held_by_two),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
