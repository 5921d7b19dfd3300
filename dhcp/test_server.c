/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/server.h"
#include "dhcp/test_captures.h"
#include "lib/base/cleanup.h"

static const struct dhcp_now start = {.monotonic_ms = 1000000, .wall_ms = 1795000000000};

static struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        if (text && text[0])
                assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static bool boot_all(void *context, const struct dhcp_message *request, struct ip4_address address,
                     struct dhcp_boot *ret)
{
        (void)context;
        assert_true(ip4_is_set(address));
        ret->next_server = ip("10.77.0.1");
        (void)text_copy(ret->file, sizeof(ret->file),
                        dhcp_options_is_ipxe(&request->options) ? "http://10.77.0.1/boot/ipxe"
                                                                : "undionly.kpxe");
        ret->has_no_proxy = dhcp_options_is_ipxe(&request->options);
        if (!ret->has_no_proxy)
                dhcp_boot_skip_discovery(ret);
        return dhcp_options_is_pxe(&request->options) || dhcp_options_is_http(&request->options);
}

static struct dhcp_server *server_with(const char *first, const char *last)
{
        struct dhcp_server *server = dhcp_server_new(boot_all, NULL);
        struct dhcp_network network = {
                .pool = {.first = ip(first), .last = ip(last), .ours = ip("10.77.0.1")},
                .domain = "lab.example",
                .lease_s = 600,
        };

        assert_non_null(server);
        assert_int_equal(ip4_network_parse("10.77.0.0/24", &network.pool.network), 0);
        network.router.count = 1;
        network.router.at[0] = ip("10.77.0.254");
        assert_int_equal(dhcp_server_add_network(server, &network), 0);

        network.pool.first = ip("10.88.0.10");
        network.pool.last = ip("10.88.0.20");
        network.pool.ours = ip("");
        assert_int_equal(ip4_network_parse("10.88.0.0/24", &network.pool.network), 0);
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        network.lease_s = 1;
        assert_int_equal(dhcp_server_add_network(server, &network), -EINVAL);
        return server;
}

static struct dhcp_message message(enum dhcp_message_type type)
{
        struct dhcp_message m = {.op = DHCP_OP_REQUEST, .xid = 0x1234, .options.type = type};

        memcpy(m.mac.bytes, "\x52\x54\0\x77\0\1", 6);
        return m;
}

/* The decision on a message, and its reply read back. */
static struct dhcp_decision decision;
static struct dhcp_message reply;

static void receive_at(struct dhcp_server *server, const struct dhcp_message *m,
                       struct dhcp_now now)
{
        const struct dhcp_facts facts = {
                .interface = ip("10.77.0.1"),
                .is_unicast = m->options.type == DHCP_RELEASE,
                .now = now,
        };
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const ssize_t size = dhcp_message_write(m, bytes, sizeof(bytes));

        assert_true(size > 0);
        assert_int_equal(dhcp_server_receive(server, bytes, (size_t)size, &facts, &decision), 0);
        assert_int_not_equal(decision.reason[0], 0);
        if (decision.reply == DHCP_NONE)
                return;
        assert_int_equal(
                dhcp_message_parse(reader_over(decision.reply_bytes, decision.reply_size), &reply),
                0);
        assert_int_equal(reply.op, DHCP_OP_REPLY);
        assert_int_equal(reply.xid, m->xid);
        assert_int_equal(reply.options.type, decision.reply);
        assert_true(ip4_is_equal(reply.options.server_id, facts.interface));
}

static void receive(struct dhcp_server *server, const struct dhcp_message *m)
{
        receive_at(server, m, start);
}

static void leases_in_four_messages(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER);
        struct dhcp_lease lease;

        (void)state;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_OFFER);
        assert_int_equal(decision.record_size, 0); /* an offer is not worth a sync */
        assert_int_equal(decision.route, DHCP_ROUTE_HARDWARE);
        assert_true(ip4_is_equal(decision.address, reply.yiaddr));
        assert_int_equal(reply.options.lease_s, 600);
        assert_int_equal(reply.options.renewal_s, 300);
        assert_int_equal(reply.options.rebinding_s, 525);
        assert_true(ip4_is_equal(reply.options.netmask, ip("255.255.255.0")));
        assert_string_equal(reply.options.boot_file, ""); /* it is no boot client */

        m.options.type = DHCP_REQUEST;
        m.options.wanted = reply.yiaddr;
        m.options.server_id = reply.options.server_id;
        (void)text_copy(m.options.hostname, sizeof(m.options.hostname), "pc");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        assert_true(decision.must_sync);
        assert_int_equal(dhcp_lease_record_parse(decision.record, decision.record_size, &lease), 0);
        assert_true(ip4_is_equal(lease.address, m.options.wanted));
        assert_int_equal(lease.state, DHCP_LEASE_BOUND);
        assert_int_equal(lease.expires_ms, start.wall_ms + 600000);
        assert_string_equal(lease.hostname, "pc");
        dhcp_server_free(server);
}

/* RFC 2131 4.3.2 and 4.1, row by row; 10.77.0.50 is leased to the client, .60 to another. */
static void answers_requests_by_the_clients_state(void **state)
{
        static const struct {
                const char *name;
                const char *server_id, *wanted, *ciaddr, *giaddr;
                bool is_broadcast;
                enum dhcp_message_type reply;
                enum dhcp_route route;
                const char *to;
        } cases[] = {
                {"selecting",                      "10.77.0.1", "10.77.0.50",  "",           "",          false, DHCP_ACK,
                 DHCP_ROUTE_HARDWARE,                                                                                                             "10.77.0.50"     },
                {"selecting, cannot take unicast", "10.77.0.1", "10.77.0.50",  "",           "",          true,
                 DHCP_ACK,                                                                                                  DHCP_ROUTE_BROADCAST, "255.255.255.255"},
                {"selecting another server",       "10.77.0.9", "10.77.0.50",  "",           "",          false, DHCP_NONE,
                 DHCP_ROUTE_NONE,                                                                                                                 ""               },
                {"selecting, of another client",   "10.77.0.1", "10.77.0.60",  "",           "",          false, DHCP_NAK,
                 DHCP_ROUTE_BROADCAST,                                                                                                            "255.255.255.255"},
                {"init-reboot",                    "",          "10.77.0.50",  "",           "",          false, DHCP_ACK,  DHCP_ROUTE_HARDWARE,
                 "10.77.0.50"                                                                                                                                      },
                {"init-reboot, moved here",        "",          "192.168.1.5", "",           "",          false, DHCP_NAK,
                 DHCP_ROUTE_BROADCAST,                                                                                                            "255.255.255.255"},
                {"renewing",                       "",          "",            "10.77.0.50", "",          false, DHCP_ACK,  DHCP_ROUTE_UNICAST,
                 "10.77.0.50"                                                                                                                                      },
                {"renewing what is another's",     "",          "",            "10.77.0.60", "",          false, DHCP_NAK,
                 DHCP_ROUTE_BROADCAST,                                                                                                            "255.255.255.255"},
                {"by a relay",                     "",          "10.88.0.11",  "",           "10.88.0.1", false, DHCP_ACK,  DHCP_ROUTE_RELAY,
                 "10.88.0.1"                                                                                                                                       },
                {"by a relay, wrong",              "",          "10.77.0.50",  "",           "10.88.0.1", false, DHCP_NAK,
                 DHCP_ROUTE_RELAY,                                                                                                                "10.88.0.1"      },
                {"by a stranger's relay",          "",          "10.99.0.11",  "",           "10.99.0.1", false, DHCP_NONE,
                 DHCP_ROUTE_NONE,                                                                                                                 ""               },
                {"names nothing",                  "",          "",            "",           "",          false, DHCP_NONE, DHCP_ROUTE_NONE,      ""               },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
                struct dhcp_message m = message(DHCP_REQUEST);

                print_message("%s\n", cases[i].name);
                m.options.wanted = ip("10.77.0.50");
                receive(server, &m);
                m.mac.bytes[5] = 2;
                m.options.wanted = ip("10.77.0.60");
                receive(server, &m);
                assert_int_equal(decision.reply, DHCP_ACK);

                m = message(DHCP_REQUEST);
                m.options.server_id = ip(cases[i].server_id);
                m.options.wanted = ip(cases[i].wanted);
                m.ciaddr = ip(cases[i].ciaddr);
                m.giaddr = ip(cases[i].giaddr);
                m.is_broadcast = cases[i].is_broadcast;
                receive(server, &m);
                assert_int_equal(decision.reply, cases[i].reply);
                assert_int_equal(decision.route, cases[i].route);
                assert_true(ip4_is_equal(decision.address, ip(cases[i].to)));
                assert_int_equal(decision.must_sync, cases[i].reply == DHCP_ACK);
                if (decision.route == DHCP_ROUTE_RELAY) {
                        assert_int_equal(decision.port, DHCP_PORT_SERVER);
                        assert_int_equal(reply.is_broadcast, cases[i].reply == DHCP_NAK);
                }
                dhcp_server_free(server);
        }
}

/* Firmware says no client id, iPXE and the agent do; the flags differ; the xid may be another's. */
static void all_stages_get_one_address(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER);
        struct ip4_address address;

        (void)state;
        m.is_broadcast = true;
        m.options.has_architecture = true;
        m.options.architecture = DHCP_ARCH_EFI_BC;
        (void)text_copy(m.options.vendor_class, sizeof(m.options.vendor_class),
                        "PXEClient:Arch:00007:UNDI:003000");
        receive(server, &m);
        address = reply.yiaddr;
        assert_string_equal(reply.options.vendor_class, "PXEClient");
        assert_string_equal(reply.options.boot_file, "undionly.kpxe");
        assert_int_equal(reply.options.vendor_options.size, 4);
        assert_true(ip4_is_equal(reply.siaddr, ip("10.77.0.1")));
        assert_int_equal(reply.options.ipxe.size, 0);
        assert_int_equal(decision.route, DHCP_ROUTE_BROADCAST);

        m.options.type = DHCP_REQUEST;
        m.options.wanted = address;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);

        m.options.type = DHCP_DISCOVER; /* iPXE, with another xid and a client id */
        m.options.wanted = ip("");
        m.xid = 0x9999;
        m.is_broadcast = false;
        m.options.user_class.size = 4;
        memcpy(m.options.user_class.bytes, "iPXE", 4);
        m.options.client_id.size = 7;
        memcpy(m.options.client_id.bytes, "\1\x52\x54\0\x77\0\1", 7);
        receive(server, &m);
        assert_true(ip4_is_equal(reply.yiaddr, address));
        assert_string_equal(reply.options.boot_file, "http://10.77.0.1/boot/ipxe");
        assert_string_equal(reply.options.vendor_class, "");
        assert_int_equal(reply.options.ipxe.size, 3);
        assert_memory_equal(reply.options.ipxe.bytes, "\260\1\1", 3);
        assert_memory_equal(&reply.options.client_id, &m.options.client_id, 8); /* RFC 6842 */

        m.mac.bytes[5] = 9; /* another machine with the same xid */
        receive(server, &m);
        assert_false(ip4_is_equal(reply.yiaddr, address));
        dhcp_server_free(server);
}

static void echoes_what_must_be_echoed(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER);

        (void)state;
        m.giaddr = ip("10.88.0.1");
        m.options.relay_info.size = 6;
        memcpy(m.options.relay_info.bytes, "\1\4eth0", 6);
        m.options.client_uuid.size = 17;
        memset(m.options.client_uuid.bytes, 0, 17);
        (void)text_copy(m.options.vendor_class, sizeof(m.options.vendor_class),
                        "HTTPClient:Arch:00016:UNDI:003000");
        receive(server, &m);
        assert_memory_equal(&reply.options.relay_info, &m.options.relay_info, 7);
        assert_memory_equal(&reply.options.client_uuid, &m.options.client_uuid, 18);
        assert_string_equal(reply.options.vendor_class, "HTTPClient");
        assert_true(ip4_is_equal(reply.giaddr, m.giaddr));
        assert_int_equal(decision.route, DHCP_ROUTE_RELAY);
        dhcp_server_free(server);
}

static void says_only_what_was_asked(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER);

        (void)state;
        receive(server, &m);
        assert_string_equal(reply.options.domain, "lab.example"); /* it named no option */
        m.options.parameters.size = 2;
        m.options.parameters.bytes[0] = DHCP_OPT_NETMASK;
        m.options.parameters.bytes[1] = DHCP_OPT_ROUTERS;
        receive(server, &m);
        assert_string_equal(reply.options.domain, "");
        assert_int_equal(reply.options.router.count, 1);
        dhcp_server_free(server);
}

static void declines_and_releases(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_REQUEST);
        struct dhcp_lease lease;

        (void)state;
        m.options.wanted = ip("10.77.0.50");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);

        m = message(DHCP_RELEASE);
        m.ciaddr = ip("10.77.0.50");
        m.options.server_id = ip("10.77.0.9");
        receive(server, &m);
        assert_int_equal(decision.record_size, 0); /* another server's */
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        assert_false(decision.must_sync);
        assert_int_equal(dhcp_lease_record_parse(decision.record, decision.record_size, &lease), 0);
        assert_int_equal(lease.state, DHCP_LEASE_FREE);

        m = message(DHCP_REQUEST);
        m.options.wanted = ip("10.77.0.50");
        receive(server, &m);
        m = message(DHCP_DECLINE);
        m.options.wanted = ip("10.77.0.50");
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_int_equal(dhcp_lease_record_parse(decision.record, decision.record_size, &lease), 0);
        assert_int_equal(lease.state, DHCP_LEASE_DECLINED);
        m = message(DHCP_DISCOVER);
        receive(server, &m);
        assert_false(ip4_is_equal(reply.yiaddr, ip("10.77.0.50")));
        dhcp_server_free(server);
}

static void informs_without_a_lease(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_INFORM);

        (void)state;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        m.ciaddr = ip("10.77.0.5");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        assert_int_equal(decision.record_size, 0);
        assert_int_equal(decision.route, DHCP_ROUTE_UNICAST);
        assert_int_equal(reply.options.lease_s, 0); /* RFC 2131 4.3.5: MUST NOT */
        assert_false(ip4_is_set(reply.yiaddr));
        m.ciaddr = ip("192.0.2.1"); /* RFC 2131 4.3.5: checked for consistency */
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        assert_int_equal(dhcp_leases_count(dhcp_server_leases(server)), 0);
        dhcp_server_free(server);
}

/* A spoofed message makes us send nothing to where it points. */
static void sends_nothing_off_its_network(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER);

        (void)state;
        m.ciaddr = ip("192.0.2.1");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_OFFER);
        assert_int_equal(decision.route, DHCP_ROUTE_HARDWARE);
        m.options.type = DHCP_REQUEST;
        m.options.wanted = reply.yiaddr;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        assert_int_equal(decision.route, DHCP_ROUTE_HARDWARE);
        dhcp_server_free(server);
}

static void is_silent_when_nothing_is_left(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.10");
        struct dhcp_message m = message(DHCP_DISCOVER);

        (void)state;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_OFFER);
        m.mac.bytes[5] = 2;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        assert_string_equal(decision.reason, "no address is left in this network");

        /* Another server's offer frees ours at once. */
        m = message(DHCP_REQUEST);
        m.options.wanted = ip("10.77.0.99");
        m.options.server_id = ip("10.77.0.9");
        receive(server, &m);
        m = message(DHCP_DISCOVER);
        m.mac.bytes[5] = 2;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_OFFER);
        dhcp_server_free(server);
}

static void names_what_it_cannot_read(void **state)
{
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        const struct dhcp_facts facts = {.interface = ip("10.77.0.1"), .now = start};
        struct dhcp_message m = message(DHCP_OFFER);
        const uint8_t junk[4] = {0};

        (void)state;
        assert_int_equal(dhcp_server_receive(server, junk, sizeof(junk), &facts, &decision),
                         -EBADMSG);
        assert_int_equal(decision.received, DHCP_NONE);
        assert_int_equal(decision.reply, DHCP_NONE);
        assert_string_equal(decision.reason, "malformed");
        m.op = DHCP_OP_REPLY;
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        dhcp_server_free(server);
}

/* --- real firmware, whole boots --- */

struct replay {
        struct dhcp_server *server;
        int n_offers, n_acks;
};

static void replay_begin(void *context, const char *name)
{
        struct replay *replay = context;

        print_message("%s\n", name);
        dhcp_server_free(replay->server);
        replay->server = server_with("10.77.0.2", "10.77.0.254");
}

/* The server of the capture chose an address by its own lights; we are to choose the same. */
static void learn(struct replay *replay, const struct dhcp_message *m)
{
        if (m->options.type == DHCP_OFFER && ip4_is_set(m->yiaddr))
                (void)dhcp_leases_reserve(dhcp_server_leases(replay->server), &m->mac, m->yiaddr,
                                          "");
}

static void replay_learn(void *context, const struct dhcp_frame *frame)
{
        struct dhcp_message m;

        if (frame->to_port == DHCP_PORT_CLIENT && dhcp_message_parse(frame->payload, &m) == 0)
                learn(context, &m);
}

static void replay_answer(void *context, const struct dhcp_frame *frame)
{
        const struct dhcp_facts facts = {.interface = ip("10.77.0.1"), .now = start};
        struct replay *replay = context;
        struct dhcp_message got;

        if (frame->to_port != DHCP_PORT_SERVER)
                return;
        assert_int_equal(dhcp_server_receive(replay->server, frame->payload.at,
                                             reader_left(&frame->payload), &facts, &decision),
                         0);
        switch (decision.received) {
        case DHCP_DISCOVER:
                assert_int_equal(decision.reply, DHCP_OFFER);
                replay->n_offers++;
                break;
        case DHCP_REQUEST:
                assert_true(decision.reply == DHCP_ACK ||
                            !ip4_is_equal(decision.request.options.server_id, facts.interface));
                replay->n_acks += decision.reply == DHCP_ACK;
                break;
        case DHCP_NONE:
        case DHCP_OFFER:
        case DHCP_DECLINE:
        case DHCP_ACK:
        case DHCP_NAK:
        case DHCP_RELEASE:
        case DHCP_INFORM:
        case DHCP_FORCERENEW:
        case DHCP_LEASEQUERY:
        case DHCP_LEASEUNASSIGNED:
        case DHCP_LEASEUNKNOWN:
        case DHCP_LEASEACTIVE:
        case DHCP_MESSAGE_TYPE_COUNT:
                break;
        }
        if (decision.reply == DHCP_NONE)
                return;
        assert_int_equal(
                dhcp_message_parse(reader_over(decision.reply_bytes, decision.reply_size), &got),
                0);
        assert_true(decision.reply_size <= dhcp_message_reply_space(&decision.request));
}

static void boots_every_captured_machine(void **state)
{
        struct replay replay = {0};
        char folder[2048], path[4096];
        DIR *dir = captures_open(folder, sizeof(folder));

        (void)state;
        if (!dir)
                skip();
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (!text_has_suffix(entry->d_name, ".pcap") ||
                    text_has_prefix(entry->d_name, "proxydhcp"))
                        continue;
                replay_begin(&replay, entry->d_name);
                snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
                assert_true(capture_walk(path, replay_learn, &replay) >= 0);
                assert_true(capture_walk(path, replay_answer, &replay) >= 0);
        }
        closedir(dir);
        dhcp_server_free(replay.server);
        print_message("%d offers, %d acknowledgements\n", replay.n_offers, replay.n_acks);
        assert_true(replay.n_offers > 100);
        assert_true(replay.n_acks > 80);
}

static bool admit_leased(void *context, const struct mac_address *mac, struct ip4_address network,
                         bool has_lease, const struct dhcp_now *now)
{
        (void)context;
        (void)mac;
        assert_true(ip4_is_equal(network, ip("10.77.0.0")));
        assert_int_equal(now->wall_ms, start.wall_ms);
        return has_lease;
}

/* Who is not admitted hears nothing, and holds nothing; a reservation is a word of its own. */
static void strangers_hear_nothing(void **state)
{
        static const enum dhcp_message_type types[] = {DHCP_DISCOVER, DHCP_REQUEST, DHCP_INFORM};
        struct dhcp_server *server = server_with("10.77.0.10", "10.77.0.200");
        struct dhcp_message m = message(DHCP_DISCOVER);

        (void)state;
        dhcp_server_set_admission(server, admit_leased);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                m = message(types[i]);
                m.options.wanted = ip("10.99.0.1"); /* elsewhere: for others that is a NAK */
                receive(server, &m);
                assert_int_equal(decision.reply, DHCP_NONE);
                assert_true(decision.is_stranger);
                assert_int_equal(decision.network.prefix, 24);
        }
        assert_int_equal(dhcp_leases_count(dhcp_server_leases(server)), 0);

        assert_int_equal(
                dhcp_leases_reserve(dhcp_server_leases(server), &m.mac, ip("10.77.0.50"), ""), 0);
        m = message(DHCP_DISCOVER);
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_OFFER);
        assert_false(decision.is_stranger);
        m = message(DHCP_REQUEST);
        m.options.server_id = ip("10.77.0.1");
        m.options.wanted = ip("10.77.0.50");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);

        /* It holds an address now: its renewal is answered, and what it gives back is taken. */
        dhcp_leases_unreserve_all(dhcp_server_leases(server));
        m = message(DHCP_REQUEST);
        m.ciaddr = ip("10.77.0.50");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        m = message(DHCP_RELEASE);
        m.ciaddr = ip("10.77.0.50");
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_false(decision.is_stranger);
        assert_true(decision.record_size > 0);
        m = message(DHCP_DISCOVER);
        receive(server, &m);
        assert_true(decision.is_stranger);
        dhcp_server_free(server);
}

/* Beside another server nobody is refused what that one may have given. */
static void a_neighbour_is_not_contradicted(void **state)
{
        struct dhcp_server *server = dhcp_server_new(boot_all, NULL);
        struct dhcp_network network = {
                .pool = {.first = ip("10.77.0.10"),
                         .last = ip("10.77.0.20"),
                         .ours = ip("10.77.0.1")},
                .has_neighbour = true,
        };
        struct dhcp_message m = message(DHCP_REQUEST);

        (void)state;
        assert_int_equal(ip4_network_parse("10.77.0.0/24", &network.pool.network), 0);
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        m.options.wanted = ip("10.77.0.99"); /* what it had of the other one */
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        m.options.wanted = ip("10.77.0.11");
        m.options.server_id = ip("10.77.0.1");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_ACK);
        /* Who took our offer asks no other server: it need not wait to hear that it is void. */
        m.options.wanted = ip("10.77.0.99");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NAK);

        /* It rebinds here what is of a network of ours where there is no other server. */
        network.has_neighbour = false;
        network.pool.first = ip("10.78.0.10");
        network.pool.last = ip("10.78.0.20");
        assert_int_equal(ip4_network_parse("10.78.0.0/24", &network.pool.network), 0);
        assert_int_equal(dhcp_server_add_network(server, &network), 0);
        m = message(DHCP_REQUEST);
        m.ciaddr = ip("10.78.0.11");
        receive(server, &m);
        assert_int_equal(decision.reply, DHCP_NONE);
        dhcp_server_free(server);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(leases_in_four_messages),
                cmocka_unit_test(answers_requests_by_the_clients_state),
                cmocka_unit_test(all_stages_get_one_address),
                cmocka_unit_test(echoes_what_must_be_echoed),
                cmocka_unit_test(says_only_what_was_asked),
                cmocka_unit_test(declines_and_releases),
                cmocka_unit_test(informs_without_a_lease),
                cmocka_unit_test(sends_nothing_off_its_network),
                cmocka_unit_test(is_silent_when_nothing_is_left),
                cmocka_unit_test(names_what_it_cannot_read),
                cmocka_unit_test(boots_every_captured_machine),
                cmocka_unit_test(strangers_hear_nothing),
                cmocka_unit_test(a_neighbour_is_not_contradicted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
