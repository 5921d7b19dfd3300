/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/server.h"
#include "dhcp/unknown.h"
#include "dhcp/v6_server.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static struct ip6_address ip(const char *text)
{
        struct ip6_address address = {0};

        if (text[0])
                assert_int_equal(ip6_parse(text, &address), 0);
        return address;
}

static const struct mac_address our_mac = {
        {0x52, 0x54, 0, 0x77, 0, 0xfe}
};

static bool boot(void *context, const struct dhcp6_message *request, const struct mac_address *mac,
                 const struct ip6_network *network, struct dhcp6_boot *ret)
{
        (void)context;
        (void)network;
        assert_true(mac_is_usable(mac));
        if (dhcp6_options_is_http(&request->options))
                (void)text_copy(ret->vendor_class, sizeof(ret->vendor_class), "HTTPClient");
        (void)text_copy(ret->url, sizeof(ret->url), "tftp://[fd77::1]/shimx64.efi");
        return true;
}

static bool admit_known(void *context, const struct mac_address *mac,
                        const struct ip6_network *network, bool has_lease,
                        const struct dhcp_now *now)
{
        (void)context;
        (void)network;
        (void)now;
        return has_lease || mac->bytes[5] == 1;
}

static bool knows_the_first(void *context, const struct mac_address *mac)
{
        (void)context;
        return mac->bytes[5] == 1;
}

struct lab {
        struct dhcp6_server *server;
        struct dhcp6_facts facts;
        struct dhcp6_decision d;
        struct dhcp6_message reply; /* of the last decision; type NONE: silence */
        struct dhcp6_message m;     /* what is said next */
};

static int set_up(void **state)
{
        static struct lab lab;
        const struct dhcp6_duid ours = dhcp6_duid_of_mac(&our_mac);
        struct dhcp6_network network = {
                .pool = {.first = ip("fd77::100"), .last = ip("fd77::103"), .ours = ip("fd77::1")},
                .dns = {1,   {ip("fd77::53")}},
                .domain = "rack.example",
                .lease_s = 1000,
                .preference = 200,
                .relays = {ip("fd77::abc")                       },
                .relay_count = 1,
        };

        memset(&lab, 0, sizeof(lab));
        lab.server = dhcp6_server_new(&ours, boot, NULL);
        assert_non_null(lab.server);
        assert_int_equal(ip6_network_parse("fd77::/64", &network.pool.network), 0);
        assert_int_equal(dhcp6_server_add_network(lab.server, &network), 0);
        network.pool = (struct dhcp6_pool){.first = ip("fd88::100"), .last = ip("fd88::1ff")};
        network.lease_s = DHCP_LEASE_MIN_S - 1;
        assert_int_equal(ip6_network_parse("fd88::/64", &network.pool.network), 0);
        assert_int_equal(dhcp6_server_add_network(lab.server, &network), -EINVAL);
        network.lease_s = 0;
        network.no_rapid_commit = true;
        network.relay_count = 0;
        assert_int_equal(dhcp6_server_add_network(lab.server, &network), 0);
        lab.facts.interface = ip("fd77::1");
        lab.facts.source = ip("fe80::5054:ff:fe77:1");
        lab.facts.now = (struct dhcp_now){.monotonic_ms = 1000000, .wall_ms = 1795000000000};
        *state = &lab;
        return 0;
}

static int tear_down(void **state)
{
        struct lab *lab = *state;

        lab->server = dhcp6_server_free(lab->server);
        return 0;
}

/* A message of client @number with one identity; the rest is the test's to fill in. */
static void begin(struct lab *lab, enum dhcp6_message_type type, uint8_t number)
{
        const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, number}
        };

        memset(&lab->m, 0, sizeof(lab->m));
        dhcp6_options_init(&lab->m.options);
        lab->m.type = type;
        lab->m.xid = 0x100 + number;
        lab->m.options.client_id = dhcp6_duid_of_mac(&mac);
        lab->m.options.ia_na.count = 1;
        lab->m.options.ia_na.at[0].iaid = 7;
        lab->m.options.ia_na.at[0].status = DHCP6_STATUS_UNSAID;
        lab->facts.source = ip("fe80::5054:ff:fe77:0");
        lab->facts.source.bytes[15] = number;
        if (type == DHCP6_REQUEST || type == DHCP6_RENEW || type == DHCP6_RELEASE ||
            type == DHCP6_DECLINE)
                lab->m.options.server_id = dhcp6_duid_of_mac(&our_mac);
}

static void has_address(struct lab *lab, struct ip6_address address)
{
        struct dhcp6_ia *ia = &lab->m.options.ia_na.at[0];

        ia->at[ia->count++].address = address;
}

static void wants(struct lab *lab, uint16_t code)
{
        lab->m.options.requested.at[lab->m.options.requested.count++] = code;
}

/* What is the server's answer? DHCP6_NONE: silence. */
static enum dhcp6_message_type say(struct lab *lab)
{
        uint8_t bytes[DHCP6_MESSAGE_MAX];
        const ssize_t size = dhcp6_message_write(&lab->m, bytes, sizeof(bytes));

        assert_true(size > 0);
        assert_int_equal(
                dhcp6_server_receive(lab->server, bytes, (size_t)size, &lab->facts, &lab->d), 0);
        assert_true(lab->d.reason[0]);
        memset(&lab->reply, 0, sizeof(lab->reply));
        if (lab->d.reply == DHCP6_NONE)
                return DHCP6_NONE;
        assert_int_equal(dhcp6_message_parse(reader_over(lab->d.reply_bytes, lab->d.reply_size),
                                             &lab->reply),
                         0);
        assert_int_equal(lab->reply.type, lab->d.reply);
        assert_int_equal(lab->reply.xid, lab->m.xid);
        assert_true(dhcp6_duid_is_equal(&lab->reply.options.client_id, &lab->m.options.client_id));
        return lab->reply.type;
}

static const struct dhcp6_ia *ia(const struct lab *lab)
{
        return &lab->reply.options.ia_na.at[0];
}

/* SOLICIT and REQUEST: the address that it holds then. */
static struct ip6_address get(struct lab *lab, uint8_t number)
{
        struct ip6_address address;

        begin(lab, DHCP6_SOLICIT, number);
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_int_equal(ia(lab)->count, 1);
        address = ia(lab)->at[0].address;
        begin(lab, DHCP6_REQUEST, number);
        has_address(lab, address);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_true(ip6_is_equal(&ia(lab)->at[0].address, &address));
        return address;
}

/* ---- RFC 8415 16: what is dropped, and why ---- */

enum shape {
        PLAIN, /* as begin() makes it */
        NO_CLIENT,
        OTHER_NAME, /* another server's */
        OUR_NAME,
        NO_NAME,
        NO_IDENTITY, /* no IA at all */
        UNICAST,
};

/* clang-format off */
static const struct {
        enum dhcp6_message_type type;
        enum shape shape;
        enum dhcp6_message_type reply; /* NONE: dropped */
        enum dhcp6_status status;
        const char *section;
} rules[] = {
        {DHCP6_SOLICIT,     PLAIN,       DHCP6_ADVERTISE, DHCP6_STATUS_UNSAID, "18.3.1"},
        {DHCP6_SOLICIT,     NO_CLIENT,   DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.2"},
        {DHCP6_SOLICIT,     OUR_NAME,    DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.2"},
        {DHCP6_SOLICIT,     OTHER_NAME,  DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.2"},
        {DHCP6_SOLICIT,     UNICAST,     DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16"},
        {DHCP6_SOLICIT,     NO_IDENTITY, DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "18.3.1"},
        {DHCP6_ADVERTISE,   PLAIN,       DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.3"},
        {DHCP6_REQUEST,     PLAIN,       DHCP6_REPLY,     DHCP6_STATUS_UNSAID, "18.3.2"},
        {DHCP6_REQUEST,     NO_CLIENT,   DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.4"},
        {DHCP6_REQUEST,     NO_NAME,     DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.4"},
        {DHCP6_REQUEST,     OTHER_NAME,  DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.4"},
        {DHCP6_REQUEST,     UNICAST,     DHCP6_REPLY,     DHCP6_STATUS_USE_MULTICAST, "18.4"},
        {DHCP6_CONFIRM,     NO_CLIENT,   DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.5"},
        {DHCP6_CONFIRM,     OUR_NAME,    DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.5"},
        {DHCP6_CONFIRM,     PLAIN,       DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "18.3.3"},
        {DHCP6_RENEW,       PLAIN,       DHCP6_REPLY,     DHCP6_STATUS_UNSAID, "18.3.4"},
        {DHCP6_RENEW,       NO_NAME,     DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.6"},
        {DHCP6_RENEW,       OTHER_NAME,  DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.6"},
        {DHCP6_RENEW,       UNICAST,     DHCP6_REPLY,     DHCP6_STATUS_USE_MULTICAST, "18.4"},
        {DHCP6_REBIND,      PLAIN,       DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "18.3.5"},
        {DHCP6_REBIND,      OUR_NAME,    DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.7"},
        {DHCP6_REBIND,      UNICAST,     DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16"},
        {DHCP6_DECLINE,     PLAIN,       DHCP6_REPLY,     DHCP6_STATUS_SUCCESS, "18.3.8"},
        {DHCP6_DECLINE,     OTHER_NAME,  DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.8"},
        {DHCP6_DECLINE,     NO_NAME,     DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.8"},
        {DHCP6_RELEASE,     PLAIN,       DHCP6_REPLY,     DHCP6_STATUS_SUCCESS, "18.3.7"},
        {DHCP6_RELEASE,     OTHER_NAME,  DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.9"},
        {DHCP6_RELEASE,     NO_NAME,     DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.9"},
        {DHCP6_RELEASE,     UNICAST,     DHCP6_REPLY,     DHCP6_STATUS_USE_MULTICAST, "18.4"},
        {DHCP6_REPLY,       PLAIN,       DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.10"},
        {DHCP6_RECONFIGURE, PLAIN,       DHCP6_NONE,      DHCP6_STATUS_SUCCESS, "16.11"},
        {DHCP6_INFORMATION_REQUEST, PLAIN,       DHCP6_NONE,  DHCP6_STATUS_SUCCESS, "16.12"},
        {DHCP6_INFORMATION_REQUEST, NO_IDENTITY, DHCP6_REPLY, DHCP6_STATUS_UNSAID, "18.3.6"},
        {DHCP6_INFORMATION_REQUEST, OTHER_NAME,  DHCP6_NONE,  DHCP6_STATUS_SUCCESS, "16.12"},
};
/* clang-format on */

static void shape_it(struct lab *lab, enum shape shape)
{
        switch (shape) {
        case PLAIN:
                break;
        case NO_CLIENT:
                lab->m.options.client_id.size = 0;
                break;
        case OTHER_NAME:
                lab->m.options.server_id = dhcp6_duid_of_mac(&our_mac);
                lab->m.options.server_id.bytes[9] ^= 1;
                break;
        case OUR_NAME:
                lab->m.options.server_id = dhcp6_duid_of_mac(&our_mac);
                break;
        case NO_NAME:
                lab->m.options.server_id.size = 0;
                break;
        case NO_IDENTITY:
                lab->m.options.ia_na.count = 0;
                break;
        case UNICAST:
                lab->facts.is_unicast = true;
                break;
        }
}

static void drops_what_it_must(void **state)
{
        struct lab *lab = *state;

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                print_message("%s, shape %d: %s\n", dhcp6_message_type_name(rules[i].type),
                              rules[i].shape, rules[i].section);
                lab->facts.is_unicast = false;
                begin(lab, rules[i].type, (uint8_t)(i + 1));
                shape_it(lab, rules[i].shape);
                assert_int_equal(say(lab), rules[i].reply);
                if (rules[i].reply != DHCP6_NONE)
                        assert_int_equal(lab->reply.options.status, rules[i].status);
                else
                        assert_int_equal(lab->d.record_count, 0);
                if (rules[i].status == DHCP6_STATUS_USE_MULTICAST)
                        assert_int_equal(lab->reply.options.ia_na.count, 0);
        }
}

/* ---- 18.3 ---- */

static void gives_an_address(void **state)
{
        struct lab *lab = *state;
        struct ip6_address address;
        struct dhcp6_lease lease;

        begin(lab, DHCP6_SOLICIT, 1);
        wants(lab, DHCP6_OPT_DNS);
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_true(lab->reply.options.has_preference);
        assert_int_equal(lab->reply.options.preference, 200);
        assert_int_equal(lab->reply.options.dns.count, 1);
        assert_string_equal(lab->reply.options.domain, ""); /* not asked for */
        assert_int_equal(lab->d.record_count, 0);
        assert_false(lab->d.must_sync);
        assert_int_equal(lab->d.port, 546);
        assert_true(ip6_is_equal(&lab->d.to, &lab->facts.source));

        address = get(lab, 1);
        assert_int_equal(lab->d.record_count, 1);
        assert_true(lab->d.must_sync);
        assert_false(lab->reply.options.has_preference);
        assert_int_equal(ia(lab)->at[0].valid_s, 1000);
        assert_int_equal(ia(lab)->at[0].preferred_s, 750);
        assert_int_equal(ia(lab)->renew_s, 375);
        assert_int_equal(ia(lab)->rebind_s, 600);
        assert_int_equal(
                dhcp6_lease_record_parse(lab->d.records[0].bytes, lab->d.records[0].size, &lease),
                0);
        assert_true(ip6_is_equal(&lease.address, &address));
        assert_int_equal(lease.mac.bytes[5], 1);
        assert_true(ip6_is_equal(&lab->d.leased, &address));

        /* A repeat is answered as the first one, and waits for the disk again. */
        begin(lab, DHCP6_REQUEST, 1);
        has_address(lab, address);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_true(ip6_is_equal(&ia(lab)->at[0].address, &address));
        assert_true(lab->d.must_sync);
}

static void commits_at_once(void **state)
{
        struct lab *lab = *state;

        begin(lab, DHCP6_SOLICIT, 1);
        lab->m.options.is_rapid_commit = true;
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_true(lab->reply.options.is_rapid_commit);
        assert_true(lab->d.must_sync);
        assert_int_equal(lab->d.record_count, 1);
        for (uint8_t i = 2; i < 5; i++)
                (void)get(lab, i);
        begin(lab, DHCP6_SOLICIT, 9); /* nothing to commit */
        lab->m.options.is_rapid_commit = true;
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_false(lab->reply.options.is_rapid_commit);
        assert_int_equal(ia(lab)->status, DHCP6_STATUS_NO_ADDRESSES);

        lab->facts.interface = ip("fd88::1"); /* where another server may answer, too */
        begin(lab, DHCP6_SOLICIT, 1);
        lab->m.options.is_rapid_commit = true;
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_int_equal(lab->d.record_count, 0);
}

static void says_when_it_has_none(void **state)
{
        struct lab *lab = *state;

        for (uint8_t i = 1; i < 5; i++)
                (void)get(lab, i);
        begin(lab, DHCP6_SOLICIT, 9);
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_int_equal(ia(lab)->count, 0);
        assert_int_equal(ia(lab)->status, DHCP6_STATUS_NO_ADDRESSES);
        begin(lab, DHCP6_REQUEST, 9);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(ia(lab)->status, DHCP6_STATUS_NO_ADDRESSES);
        assert_false(lab->d.must_sync);

        begin(lab, DHCP6_REQUEST, 1);
        has_address(lab, ip("fd99::1"));
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(ia(lab)->status, DHCP6_STATUS_NOT_ON_LINK);
        assert_int_equal(ia(lab)->count, 0);

        /* Prefixes and temporary addresses are refused, and do not spoil the rest. */
        begin(lab, DHCP6_SOLICIT, 1);
        lab->m.options.ia_pd = lab->m.options.ia_ta = lab->m.options.ia_na;
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_int_equal(ia(lab)->count, 1);
        assert_int_equal(lab->reply.options.ia_pd.at[0].status, DHCP6_STATUS_NO_PREFIX);
        assert_int_equal(lab->reply.options.ia_ta.at[0].status, DHCP6_STATUS_NO_ADDRESSES);
}

static void confirms(void **state)
{
        struct lab *lab = *state;

        begin(lab, DHCP6_CONFIRM, 1);
        has_address(lab, ip("fd77::9999"));
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(lab->reply.options.status, DHCP6_STATUS_SUCCESS);
        has_address(lab, ip("fd88::9"));
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(lab->reply.options.status, DHCP6_STATUS_NOT_ON_LINK);
}

static void renews(void **state)
{
        struct lab *lab = *state;
        const struct ip6_address address = get(lab, 1);

        lab->facts.now.monotonic_ms += 375000;
        begin(lab, DHCP6_RENEW, 1);
        has_address(lab, address);
        has_address(lab, ip("fd77::4444")); /* which it never got */
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(ia(lab)->count, 2);
        assert_int_equal(ia(lab)->at[0].valid_s, 1000);
        assert_int_equal(ia(lab)->at[1].valid_s, 0);
        assert_true(lab->d.must_sync);

        lab->facts.now.monotonic_ms += 900000; /* all of it would be over without that */
        begin(lab, DHCP6_REBIND, 1);
        has_address(lab, address);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_true(ip6_is_equal(&ia(lab)->at[0].address, &address));

        begin(lab, DHCP6_RENEW, 2);
        has_address(lab, ip("fd77::102"));
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(ia(lab)->status, DHCP6_STATUS_NO_BINDING);
        assert_int_equal(lab->d.record_count, 0);

        begin(lab, DHCP6_REBIND, 2); /* another server may know */
        has_address(lab, ip("fd77::102"));
        assert_int_equal(say(lab), DHCP6_NONE);
        begin(lab, DHCP6_REBIND, 2); /* but nobody does here */
        has_address(lab, ip("fd99::102"));
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(ia(lab)->at[0].valid_s, 0);
}

static void moves_who_stands_on_a_reservation(void **state)
{
        struct lab *lab = *state;
        struct dhcp6_reservation kept = {.address = get(lab, 1)};

        kept.mac = (struct mac_address){
                {0x52, 0x54, 0, 0x77, 0, 9}
        };
        assert_int_equal(dhcp6_leases_reserve(dhcp6_server_leases(lab->server), &kept), 0);
        begin(lab, DHCP6_RENEW, 1);
        has_address(lab, kept.address);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(ia(lab)->count, 2);
        assert_false(ip6_is_equal(&ia(lab)->at[0].address, &kept.address));
        assert_int_equal(ia(lab)->at[0].valid_s, 1000);
        assert_true(ip6_is_equal(&ia(lab)->at[1].address, &kept.address));
        assert_int_equal(ia(lab)->at[1].valid_s, 0);
        {
                const struct ip6_address got = get(lab, 9);

                assert_true(ip6_is_equal(&got, &kept.address));
        }
}

static void takes_back(void **state)
{
        struct lab *lab = *state;
        const struct ip6_address address = get(lab, 1), second = get(lab, 2);
        const struct dhcp6_lease *lease;

        begin(lab, DHCP6_RELEASE, 2);
        has_address(lab, address); /* another's */
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(lab->reply.options.status, DHCP6_STATUS_SUCCESS);
        assert_int_equal(ia(lab)->status, DHCP6_STATUS_NO_BINDING);
        assert_int_equal(lab->d.record_count, 0);
        begin(lab, DHCP6_RELEASE, 1);
        has_address(lab, address);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(lab->reply.options.ia_na.count, 0);
        assert_int_equal(lab->d.record_count, 1);
        assert_false(lab->d.must_sync);

        begin(lab, DHCP6_DECLINE, 2);
        has_address(lab, second);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(lab->d.record_count, 1);
        lease = dhcp6_leases_find_address(dhcp6_server_leases(lab->server), &second);
        assert_non_null(lease);
        assert_int_equal(lease->state, DHCP_LEASE_DECLINED);
        {
                const struct ip6_address next = get(lab, 2);

                assert_false(ip6_is_equal(&next, &second));
        }
}

static void tells_options_only(void **state)
{
        struct lab *lab = *state;

        begin(lab, DHCP6_INFORMATION_REQUEST, 1);
        lab->m.options.ia_na.count = 0;
        lab->m.options.client_id.size = 0; /* it may stay unnamed */
        wants(lab, DHCP6_OPT_DNS);
        wants(lab, DHCP6_OPT_DOMAIN);
        wants(lab, DHCP6_OPT_REFRESH_TIME);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_string_equal(lab->reply.options.domain, "rack.example");
        assert_int_equal(lab->reply.options.dns.count, 1);
        assert_int_equal(lab->reply.options.refresh_s, 1000);
        assert_int_equal(dhcp6_leases_count(dhcp6_server_leases(lab->server)), 0);
}

static void tells_what_to_boot(void **state)
{
        struct lab *lab = *state;

        begin(lab, DHCP6_SOLICIT, 1);
        (void)text_copy(lab->m.options.vendor_class, sizeof(lab->m.options.vendor_class),
                        "PXEClient:Arch:00007:UNDI:003000");
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_string_equal(lab->reply.options.boot_url, ""); /* OVMF's first one asks for none */
        wants(lab, DHCP6_OPT_BOOT_URL);
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_string_equal(lab->reply.options.boot_url, "tftp://[fd77::1]/shimx64.efi");
        assert_string_equal(lab->reply.options.vendor_class, "");
        (void)text_copy(lab->m.options.vendor_class, sizeof(lab->m.options.vendor_class),
                        "HTTPClient:Arch:00016:UNDI:003000");
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_string_equal(lab->reply.options.vendor_class, "HTTPClient");
        assert_int_equal(lab->reply.options.enterprise, 343);
}

static void answers_through_relays(void **state)
{
        struct lab *lab = *state;

        begin(lab, DHCP6_SOLICIT, 1);
        lab->m.relay_count = 2;
        lab->m.relays[0] = (struct dhcp6_relay){.hop_count = 1, .peer = ip("fe80::1")};
        lab->m.relays[1] = (struct dhcp6_relay){
                .link = ip("fd88::1"),
                .peer = ip("fe80::5054:ff:fe77:1"),
                .has_interface_id = true,
                .interface_id = {.size = 3, .bytes = {'e', '0', 0xff}},
        };
        lab->facts.source = ip("fd77::abc");
        lab->facts.is_unicast = true; /* relays may */
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        assert_int_equal(ia(lab)->at[0].address.bytes[1], 0x88); /* by the relay's link */
        assert_int_equal(lab->d.port, 547);
        assert_true(ip6_is_equal(&lab->d.to, &lab->facts.source));
        assert_int_equal(lab->reply.relay_count, 2);
        assert_int_equal(lab->reply.relays[1].interface_id.size, 3);
        assert_int_equal(lab->d.mac.bytes[5], 1);

        lab->m.relays[1].link = ip("fe80::9"); /* it knows no better than that */
        lab->m.relays[0].link = ip("fd88::2");
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        lab->m.relays[0].link = ip("fd99::2");
        assert_int_equal(say(lab), DHCP6_NONE);
        lab->facts.interface = ip("");
        lab->m.relay_count = 0;
        lab->facts.is_unicast = false;
        assert_int_equal(say(lab), DHCP6_NONE);
}

/* A relay is believed by the address it speaks from, whatever it says of those behind it. */
static void only_configured_relays_are_believed(void **state)
{
        struct lab *lab = *state;

        begin(lab, DHCP6_SOLICIT, 1);
        lab->m.relay_count = 2;
        lab->m.relays[0] = (struct dhcp6_relay){.hop_count = 1, .peer = ip("fd77::def")};
        lab->m.relays[1] =
                (struct dhcp6_relay){.link = ip("fd77::1"), .peer = ip("fe80::5054:ff:fe77:1")};
        lab->facts.source = ip("fd77::abc");
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
        lab->facts.source = ip("fd77::def");
        assert_int_equal(say(lab), DHCP6_NONE);
        assert_string_equal(lab->d.reason, "its relay may not speak for this network");
        lab->m.relays[1].link = ip("fd88::1"); /* there each is */
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
}

/* ---- a flood ---- */

static void ask_as_unknown(struct lab *lab, enum dhcp6_message_type type, uint32_t iaid)
{
        begin(lab, type, 2);
        lab->m.options.ia_na.at[0].iaid = iaid;
        lab->facts.now.monotonic_ms += 200;
        (void)say(lab);
}

static void the_last_addresses_are_for_the_known(void **state)
{
        struct lab *lab = *state;
        size_t given = 0;

        dhcp6_server_set_known(lab->server, knows_the_first);
        lab->facts.interface = ip("fd88::1");
        for (uint32_t i = 0; i < 300; i++) {
                ask_as_unknown(lab, DHCP6_REQUEST, i);
                if (lab->d.reply == DHCP6_NONE)
                        ask_as_unknown(lab, DHCP6_REQUEST, i);
                given += lab->reply.options.ia_na.at[0].count;
        }
        assert_int_equal(given, 256 - 256 / DHCP_KNOWN_SHARE);
        begin(lab, DHCP6_REQUEST, 1);
        assert_int_equal(say(lab), DHCP6_REPLY);
        assert_int_equal(lab->reply.options.ia_na.at[0].count, 1);
}

/* One message for each name that was made up: half of the addresses, and no more. */
static void who_invents_names_gets_half(void **state)
{
        static const enum dhcp6_message_type types[] = {DHCP6_SOLICIT, DHCP6_REQUEST};
        struct lab *lab = *state;
        size_t given = 0;

        dhcp6_server_set_known(lab->server, knows_the_first);
        lab->facts.interface = ip("fd88::1");
        for (uint32_t i = 0; i < 500; i++) {
                ask_as_unknown(lab, types[i % 2], i);
                given += lab->reply.options.ia_na.at[0].count;
        }
        assert_int_equal(given, 129);
        assert_string_equal(lab->d.reason,
                            "addresses are scarce, and nobody knows it: it may ask again");
        /* With rapid commit, too, one message is one asking. */
        lab->facts.interface = ip("fd77::1");
        for (uint32_t i = 0; i < 10; i++) {
                begin(lab, DHCP6_SOLICIT, 2);
                lab->m.options.ia_na.at[0].iaid = i;
                lab->m.options.is_rapid_commit = true;
                assert_int_equal(say(lab), i < 3 ? DHCP6_REPLY : DHCP6_NONE);
        }
        /* Who asks again gets in beside them; who is known at once. */
        lab->facts.interface = ip("fd88::1");
        ask_as_unknown(lab, DHCP6_SOLICIT, 5001);
        assert_int_equal(lab->d.reply, DHCP6_NONE);
        ask_as_unknown(lab, DHCP6_SOLICIT, 5001);
        assert_int_equal(lab->d.reply, DHCP6_ADVERTISE);
        ask_as_unknown(lab, DHCP6_REQUEST, 5001);
        assert_int_equal(lab->d.reply, DHCP6_REPLY);
        (void)get(lab, 1);
}

/* A port has its own pace, and nobody behind another waits for it. */
static void a_port_has_its_pace(void **state)
{
        struct lab *lab = *state;
        size_t given = 0;

        dhcp6_server_set_known(lab->server, knows_the_first);
        lab->facts.interface = ip("fd88::1");
        for (uint32_t i = 0; i < 129; i++)
                ask_as_unknown(lab, DHCP6_REQUEST, i);
        for (uint32_t i = 0; i < 200; i++) {
                begin(lab, DHCP6_SOLICIT, 2);
                lab->m.options.ia_na.at[0].iaid = 1000 + i / 2; /* each twice */
                lab->m.relay_count = 1;
                lab->m.relays[0] = (struct dhcp6_relay){
                        .link = ip("fd88::1"), .has_interface_id = true, .interface_id = {1, "a"}
                };
                given += say(lab) == DHCP6_ADVERTISE;
        }
        assert_int_equal(given, DHCP_UNKNOWN_PORT_BURST);
        lab->m.relays[0].interface_id.bytes[0] = 'b';
        assert_int_equal(say(lab), DHCP6_ADVERTISE);
}

static void strangers_are_only_listed(void **state)
{
        struct lab *lab = *state;
        struct ip6_address address;

        address = get(lab, 5);
        dhcp6_server_set_admission(lab->server, admit_known);
        begin(lab, DHCP6_SOLICIT, 2);
        assert_int_equal(say(lab), DHCP6_NONE);
        assert_true(lab->d.is_stranger);
        assert_int_equal(lab->d.network.prefix, 64);
        (void)get(lab, 1);
        assert_false(lab->d.is_stranger);
        begin(lab, DHCP6_RENEW, 5); /* it has a lease of ours */
        has_address(lab, address);
        assert_int_equal(say(lab), DHCP6_REPLY);
        begin(lab, DHCP6_RELEASE, 2);
        has_address(lab, address);
        assert_int_equal(say(lab), DHCP6_REPLY);
}

static void survives_what_is_no_message(void **state)
{
        static const uint8_t large[DHCP6_MESSAGE_MAX + 1] = {1};
        struct lab *lab = *state;

        assert_int_equal(dhcp6_server_receive(lab->server, "", 0, &lab->facts, &lab->d), -EBADMSG);
        assert_int_equal(lab->d.reply, DHCP6_NONE);
        assert_int_equal(dhcp6_server_receive(lab->server, "\xff\1\2\3", 4, &lab->facts, &lab->d),
                         -ENOMSG);
        assert_int_equal(
                dhcp6_server_receive(lab->server, large, sizeof(large), &lab->facts, &lab->d),
                -EMSGSIZE);
        assert_true(lab->d.reason[0]);
}

#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                LAB_TEST(drops_what_it_must),
                LAB_TEST(gives_an_address),
                LAB_TEST(commits_at_once),
                LAB_TEST(says_when_it_has_none),
                LAB_TEST(confirms),
                LAB_TEST(renews),
                LAB_TEST(moves_who_stands_on_a_reservation),
                LAB_TEST(takes_back),
                LAB_TEST(tells_options_only),
                LAB_TEST(tells_what_to_boot),
                LAB_TEST(answers_through_relays),
                LAB_TEST(strangers_are_only_listed),
                LAB_TEST(only_configured_relays_are_believed),
                LAB_TEST(the_last_addresses_are_for_the_known),
                LAB_TEST(who_invents_names_gets_half),
                LAB_TEST(a_port_has_its_pace),
                LAB_TEST(survives_what_is_no_message),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
