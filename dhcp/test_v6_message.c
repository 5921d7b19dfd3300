/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/v6_message.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* ---- messages of firmware, which are the seeds of the fuzz target, too ---- */

struct seed {
        uint8_t bytes[2048];
        size_t size;
};

static void seed_load(const char *name, struct seed *ret)
{
        const char *source = getenv("CLOUDIE_SOURCE");
        char path[4096];
        FILE *file;

        snprintf(path, sizeof(path), "%s/tests/fuzz/dhcp_v6_message/%s", source ? source : ".",
                 name);
        file = fopen(path, "rbe");
        assert_non_null(file);
        ret->size = fread(ret->bytes, 1, sizeof(ret->bytes), file);
        fclose(file);
        assert_true(ret->size > 0);
}

static int seed_parse(const char *name, struct dhcp6_message *ret)
{
        struct seed seed;

        seed_load(name, &seed);
        return dhcp6_message_parse(reader_over(seed.bytes, seed.size), ret);
}

/* clang-format off */
static const struct {
        const char *name;
        enum dhcp6_message_type type;
        int architecture; /* -1: unsaid */
        const char *duid;
        uint32_t ia_count, iaid;
        const char *address, *class, *url;
        bool is_ipxe, wants_url;
} of_firmware[] = {
        {"uefi-solicit", DHCP6_SOLICIT, -1, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0xff06777e, "", "", "", false, false},
        {"uefi-solicit-2", DHCP6_SOLICIT, 7, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0x771ffd72, "", "PXEClient:Arch:00007:UNDI:003000", "", false, true},
        {"uefi-request-2", DHCP6_REQUEST, 7, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0x771ffd72, "fd77::17a", "PXEClient:Arch:00007:UNDI:003000", "", false, true},
        {"uefi-reply-2", DHCP6_REPLY, -1, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0x771ffd72, "fd77::17a", "", "tftp://[fd77::1]/snponly.efi", false, false},
        {"uefi-release", DHCP6_RELEASE, -1, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0xff06777e, "fd77::186", "", "", false, false},
        {"uefi-http-solicit", DHCP6_SOLICIT, 16, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0xe9f53632, "", "HTTPClient:Arch:00016:UNDI:003000", "", false, true},
        {"ipxe-solicit", DHCP6_SOLICIT, 7, "00048d1a2b3c4e5f60718293a4b5c6d7e8f9", 1, 0xad014aad, "", "PXEClient:Arch:00007:UNDI:003010", "", true, true},
        {"system-solicit", DHCP6_SOLICIT, -1, "0002000000ab11ab22cd", 1, 1, "", "", "", false, false},
        {"relayed", DHCP6_SOLICIT, 7, "00043c2b1a8d5f4e71608293a4b5c6d7e8f9", 1, 0x771ffd72, "", "PXEClient:Arch:00007:UNDI:003000", "", false, true},
};
/* clang-format on */

static void reads_what_firmware_says(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(of_firmware); i++) {
                struct dhcp6_message m;
                const struct dhcp6_options *o = &m.options;
                char duid[DHCP6_DUID_TEXT_SIZE], ip[IP6_TEXT_SIZE] = "";

                print_message("%s\n", of_firmware[i].name);
                assert_int_equal(seed_parse(of_firmware[i].name, &m), 0);
                assert_int_equal(m.type, of_firmware[i].type);
                assert_string_equal(dhcp6_duid_text(duid, &o->client_id), of_firmware[i].duid);
                assert_int_equal(o->ia_na.count, of_firmware[i].ia_count);
                assert_int_equal(o->ia_na.at[0].iaid, of_firmware[i].iaid);
                if (o->ia_na.at[0].count > 0)
                        ip6_text(ip, &o->ia_na.at[0].at[0].address);
                assert_string_equal(ip, of_firmware[i].address);
                assert_string_equal(o->vendor_class, of_firmware[i].class);
                assert_string_equal(o->boot_url, of_firmware[i].url);
                assert_int_equal(o->has_architecture ? o->architecture : -1,
                                 of_firmware[i].architecture);
                assert_int_equal(dhcp6_options_is_ipxe(o), of_firmware[i].is_ipxe);
                assert_int_equal(dhcp6_options_wants(o, DHCP6_OPT_BOOT_URL),
                                 of_firmware[i].wants_url);
                assert_int_equal(dhcp6_options_is_pxe(o),
                                 text_has_prefix(of_firmware[i].class, "PXE"));
                assert_int_equal(dhcp6_options_is_http(o),
                                 text_has_prefix(of_firmware[i].class, "HTTP"));
        }
}

static void reads_what_a_system_says(void **state)
{
        struct dhcp6_message m;

        (void)state;
        assert_int_equal(seed_parse("system-solicit", &m), 0);
        assert_true(m.options.is_rapid_commit);
        assert_string_equal(m.options.hostname, "node");
        assert_int_equal(m.options.elapsed_cs, 100);
        assert_int_equal(m.options.ia_ta.count, 1);
        assert_int_equal(m.options.ia_ta.at[0].iaid, 2);
        assert_int_equal(m.options.ia_pd.count, 1);
        assert_int_equal(m.options.status, DHCP6_STATUS_UNSAID);
        assert_int_equal(seed_parse("uefi-reply", &m), 0);
        assert_int_equal(m.options.status, DHCP6_STATUS_SUCCESS);
        assert_int_equal(m.options.ia_na.at[0].at[0].valid_s, 3600);
        assert_int_equal(m.options.ia_na.at[0].renew_s, 1800);
        /* What dnsmasq made of a text in option 16: its length runs past the end. */
        assert_int_equal(seed_parse("uefi-http-advertise", &m), -EBADMSG);
}

/* ---- options one by one, behind a SOLICIT's header ---- */

/* clang-format off */
static const struct {
        const char *name;
        uint8_t options[40];
        size_t size;
        int rc;
} cases[] = {
        {"nothing at all (an INFORMATION-REQUEST may be so)", {0}, 0, 0},
        {"a client's name", {0, 1, 0, 3, 0, 3, 9}, 7, 0},
        {"unknown is skipped", {0, 200, 0, 2, 9, 9, 0, 14, 0, 0}, 10, 0},
        {"authentication is skipped", {0, 11, 0, 1, 9}, 5, 0},
        {"code without length", {0, 1}, 2, -EBADMSG},
        {"half a length", {0, 1, 0}, 3, -EBADMSG},
        {"length past the end", {0, 1, 0, 9, 0, 3}, 6, -EBADMSG},
        {"a name without an end of its type", {0, 1, 0, 1, 9}, 5, -EBADMSG},
        {"a name that is only a type", {0, 1, 0, 2, 0, 3}, 6, -EBADMSG},
        {"two names", {0, 1, 0, 3, 0, 3, 9, 0, 1, 0, 3, 0, 3, 9}, 14, -EBADMSG},
        {"rapid commit with a value", {0, 14, 0, 1, 0}, 5, -EBADMSG},
        {"half a code in the list of those wanted", {0, 6, 0, 3, 0, 23, 0}, 7, -EBADMSG},
        {"an empty list of those wanted", {0, 6, 0, 0}, 4, 0},
        {"an identity without times", {0, 3, 0, 4, 0, 0, 0, 1}, 8, -EBADMSG},
        {"an identity with half an option", {0, 3, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, 18, -EBADMSG},
        {"an identity with a short address", {0, 3, 0, 17, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 9}, 21, -EBADMSG},
        {"an identity with a status of one byte", {0, 3, 0, 17, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 1, 0}, 21, -EBADMSG},
        {"two identities", {0, 3, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 12, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0}, 32, 0},
        {"an address outside of an identity", {0, 5, 0, 1, 9}, 5, 0},
        {"a class longer than its option", {0, 15, 0, 4, 0, 9, 'a', 'b'}, 8, -EBADMSG},
        {"a class without its length", {0, 15, 0, 1, 0}, 5, -EBADMSG},
        {"a vendor without number", {0, 16, 0, 2, 0, 0}, 6, -EBADMSG},
        {"two vendors", {0, 16, 0, 7, 0, 0, 1, 0x57, 0, 1, 'a', 0, 16, 0, 4, 0, 0, 0, 9}, 19, 0},
        {"half an address of a name server", {0, 23, 0, 20}, 24, -EBADMSG},
        {"no name server", {0, 23, 0, 0}, 4, -EBADMSG},
        {"a label past the end", {0, 24, 0, 3, 9, 'a', 'b'}, 7, -EBADMSG},
        {"a pointer for a label", {0, 24, 0, 2, 0xc0, 0}, 6, -EBADMSG},
        {"a domain without an end", {0, 24, 0, 3, 2, 'a', 'b'}, 7, 0},
        {"an architecture of three bytes", {0, 61, 0, 3, 0, 7, 0}, 7, -EBADMSG},
        {"two architectures", {0, 61, 0, 4, 0, 7, 0, 16}, 8, 0},
        {"a card's interface of four bytes", {0, 62, 0, 4, 1, 3, 0, 0}, 8, -EBADMSG},
        {"a preference of two bytes", {0, 7, 0, 2, 1, 1}, 6, -EBADMSG},
        {"a time of one byte", {0, 8, 0, 1, 1}, 5, -EBADMSG},
        {"a URL with a line's end", {0, 59, 0, 3, 'a', '\n', 'b'}, 7, 0},
};
/* clang-format on */

static void checks_options(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint8_t bytes[4 + sizeof(cases[i].options)] = {DHCP6_SOLICIT, 1, 2, 3};
                struct dhcp6_message m;

                print_message("%s\n", cases[i].name);
                memcpy(bytes + 4, cases[i].options, cases[i].size);
                assert_int_equal(dhcp6_message_parse(reader_over(bytes, 4 + cases[i].size), &m),
                                 cases[i].rc);
                if (cases[i].rc == 0) {
                        assert_int_equal(m.xid, 0x010203);
                        assert_string_equal(m.options.boot_url, "");
                }
        }
}

static void checks_types(void **state)
{
        /* clang-format off */
        static const struct {
                uint8_t bytes[4];
                int size, rc;
        } types[] = {
                {{0}, 0, -EBADMSG}, {{1, 0, 0}, 3, -EBADMSG}, {{1, 0, 0, 0}, 4, 0},
                {{0, 0, 0, 0}, 4, -ENOMSG}, {{14, 0, 0, 0}, 4, -ENOMSG}, {{255, 0, 0, 0}, 4, -ENOMSG},
                {{12, 0, 0, 0}, 4, -EBADMSG}, {{13, 0, 0, 0}, 4, -EBADMSG}, {{11, 0, 0, 0}, 4, 0},
        };
        /* clang-format on */
        static const uint8_t large[DHCP6_MESSAGE_MAX + 1] = {1};
        struct dhcp6_message m;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                assert_int_equal(
                        dhcp6_message_parse(reader_over(types[i].bytes, (size_t)types[i].size), &m),
                        types[i].rc);
        assert_int_equal(dhcp6_message_parse(reader_over(large, sizeof(large)), &m), -EMSGSIZE);
}

/* ---- relays ---- */

static void reads_relays(void **state)
{
        static const struct ip6_address none;
        struct dhcp6_message m;
        struct mac_address mac;
        char text[MAC_TEXT_SIZE], ip[IP6_TEXT_SIZE];

        (void)state;
        assert_int_equal(seed_parse("relayed-twice", &m), 0);
        assert_int_equal(m.relay_count, 2);
        assert_int_equal(m.relays[0].hop_count, 1);
        assert_false(ip6_is_set(&m.relays[0].link));
        assert_int_equal(m.relays[0].interface_id.size, strlen("uplink"));
        assert_string_equal(ip6_text(ip, &m.relays[1].link), "fd77::1");
        assert_memory_equal(m.relays[1].interface_id.bytes, "Gi0/1:100", strlen("Gi0/1:100"));
        assert_memory_equal(m.relays[1].subscriber_id.bytes, "rack7", strlen("rack7"));
        assert_int_equal(m.relays[1].remote_id.size, 4 + strlen("switch-a1"));
        assert_true(dhcp6_message_mac(&m, &none, &mac));
        assert_string_equal(mac_text(text, &mac), "52:54:00:77:00:05");

        /* Without option 79: by the address that the first relay had it from. */
        m.relays[1].has_mac = false;
        m.relays[1].peer.bytes[15] = 9;
        assert_true(dhcp6_message_mac(&m, &none, &mac));
        assert_string_equal(mac_text(text, &mac), "52:54:00:77:00:09");
        m.relays[1].peer = none;
        assert_false(dhcp6_message_mac(&m, &none, &mac)); /* a DUID-UUID says none */

        assert_int_equal(seed_parse("relay-reply", &m), 0);
        assert_int_equal(m.type, DHCP6_REPLY);
        assert_int_equal(seed_parse("relay-loop", &m), -EBADMSG);
}

/* A SOLICIT within @n relay messages; the innermost counts no hop. Returns its size. */
static size_t nest(size_t n, uint8_t *to)
{
        size_t size = 4;

        memcpy(to, "\1\1\2\3", size);
        for (size_t i = 0; i < n; i++) {
                const uint8_t option[] = {0, 9, (uint8_t)(size >> 8), (uint8_t)size};

                memmove(to + 34 + sizeof(option), to, size);
                memset(to, 0, 34);
                to[0] = DHCP6_RELAY_FORWARD;
                to[1] = (uint8_t)i;
                memcpy(to + 34, option, sizeof(option));
                size += 34 + sizeof(option);
        }
        return size;
}

static void counts_hops(void **state)
{
        uint8_t bytes[1024];
        struct dhcp6_message m;
        size_t size;

        (void)state;
        for (size_t n = 0; n <= DHCP6_MAX_RELAYS; n++) {
                size = nest(n, bytes);
                assert_int_equal(dhcp6_message_parse(reader_over(bytes, size), &m), 0);
                assert_int_equal(m.relay_count, n);
        }
        size = nest(DHCP6_MAX_RELAYS + 1, bytes);
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, size), &m), -EBADMSG);
        /* Few, but one that lies. */
        size = nest(2, bytes);
        bytes[1] = DHCP6_HOP_COUNT_LIMIT + 1;
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, size), &m), -EBADMSG);
        /* Directions are not mixed. */
        size = nest(2, bytes);
        bytes[38] = DHCP6_RELAY_REPLY;
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, size), &m), -EBADMSG);
        size = nest(1, bytes);
        bytes[0] = DHCP6_RELAY_REPLY;
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, size), &m), -EBADMSG);
        size = nest(1, bytes);
        bytes[38] = DHCP6_REPLY;
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, size), &m), -EBADMSG);
}

/* ---- both ways ---- */

static void refuses_every_cut(void **state)
{
        struct seed seed;
        struct dhcp6_message m;
        size_t good = 0;

        (void)state;
        seed_load("relayed-twice", &seed);
        for (size_t size = 0; size < seed.size; size++)
                good += dhcp6_message_parse(reader_over(seed.bytes, size), &m) == 0;
        /* A cut between two options of the outer relay leaves a shorter message. */
        assert_int_equal(good, 1);
}

static void writes_what_it_reads(void **state)
{
        static const char *const names[] = {"uefi-solicit-2", "uefi-request-2", "relayed",
                                            "relayed-twice",  "ipxe-solicit",   "uefi-reply-2"};
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                static struct dhcp6_message m, again;
                uint8_t bytes[DHCP6_MESSAGE_MAX];
                ssize_t size;

                memset(&m, 0, sizeof(m));
                memset(&again, 0, sizeof(again));
                assert_int_equal(seed_parse(names[i], &m), 0);
                size = dhcp6_message_write(&m, bytes, sizeof(bytes));
                assert_true(size > 0);
                assert_int_equal(dhcp6_message_parse(reader_over(bytes, (size_t)size), &again), 0);
                assert_memory_equal(&m, &again, sizeof(m));
                assert_int_equal(dhcp6_message_write(&m, bytes, 40), -EMSGSIZE);
        }
}

static void writes_the_way_back(void **state)
{
        struct dhcp6_message m, back;
        uint8_t bytes[DHCP6_MESSAGE_MAX];
        ssize_t size;

        (void)state;
        assert_int_equal(seed_parse("relayed-twice", &m), 0);
        m.type = DHCP6_ADVERTISE;
        size = dhcp6_message_write(&m, bytes, sizeof(bytes));
        assert_true(size > 0);
        assert_int_equal(bytes[0], DHCP6_RELAY_REPLY);
        assert_int_equal(bytes[1], 1);
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, (size_t)size), &back), 0);
        assert_int_equal(back.relay_count, 2);
        for (size_t i = 0; i < 2; i++) {
                assert_true(ip6_is_equal(&back.relays[i].peer, &m.relays[i].peer));
                assert_true(ip6_is_equal(&back.relays[i].link, &m.relays[i].link));
                assert_memory_equal(&back.relays[i].interface_id, &m.relays[i].interface_id,
                                    sizeof(m.relays[i].interface_id));
                assert_false(back.relays[i].has_mac); /* what relays told us stays here */
                assert_int_equal(back.relays[i].remote_id.size, 0);
        }
}

static void leaves_out_what_does_not_fit(void **state)
{
        struct dhcp6_message m = {.type = DHCP6_REPLY, .xid = 7}, again;
        const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        uint8_t bytes[DHCP6_MESSAGE_MAX];
        ssize_t all, size;

        (void)state;
        dhcp6_options_init(&m.options);
        m.options.server_id = dhcp6_duid_of_mac(&mac);
        (void)text_copy(m.options.boot_url, sizeof(m.options.boot_url), "tftp://[fd77::1]/a.efi");
        (void)text_copy(m.options.domain, sizeof(m.options.domain), "rack.example");
        m.options.dns.count = 1;
        m.options.dns.at[0].bytes[0] = 0xfd;
        all = dhcp6_message_write(&m, bytes, sizeof(bytes));
        assert_true(all > 0);
        assert_int_equal(dhcp6_message_parse(reader_over(bytes, (size_t)all), &again), 0);
        assert_string_equal(again.options.domain, "rack.example");

        for (size_t limit = 0; limit < (size_t)all; limit++) {
                size = dhcp6_message_write(&m, bytes, limit);
                if (limit < 4 + 4 + 10) { /* header, server id */
                        assert_int_equal(size, -EMSGSIZE);
                        continue;
                }
                assert_in_range(size, 1, limit);
                assert_int_equal(dhcp6_message_parse(reader_over(bytes, (size_t)size), &again), 0);
        }
}

/* What cannot be written as RFC 1035 3.1 says is left out: a configuration is free in it. */
static void says_domains_that_are_names(void **state)
{
        static const struct {
                const char *name, *read;
        } domains[] = {
                {"rack.example",                                                              "rack.example"},
                {"rack.example.",                                                             "rack.example"},
                {"rack..example",                                                             ""            },
                {".example",                                                                  ""            },
                {"a2345678901234567890123456789012345678901234567890123456789012345.example", ""            },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(domains); i++) {
                struct dhcp6_message m = {.type = DHCP6_REPLY, .xid = 1}, again;
                uint8_t bytes[DHCP6_MESSAGE_MAX];
                ssize_t size;

                print_message("%s\n", domains[i].name);
                dhcp6_options_init(&m.options);
                (void)text_copy(m.options.domain, sizeof(m.options.domain), domains[i].name);
                size = dhcp6_message_write(&m, bytes, sizeof(bytes));
                assert_int_equal(size, 4 + (domains[i].read[0] ? 4 + 14 : 0));
                assert_int_equal(dhcp6_message_parse(reader_over(bytes, (size_t)size), &again), 0);
                assert_string_equal(again.options.domain, domains[i].read);
        }
}

static void reads_names_of_clients(void **state)
{
        static const uint8_t llt[] = {0,    1,    0,    1, 0x32, 0x92, 0xce,
                                      0xa1, 0x52, 0x54, 0, 0x77, 0,    1};
        const struct mac_address ours = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        struct dhcp6_duid duid = {.size = sizeof(llt)}, ll = dhcp6_duid_of_mac(&ours);
        struct dhcp6_message m;
        struct mac_address mac = {0};
        struct uuid uuid;
        char text[UUID_TEXT_SIZE];

        (void)state;
        memcpy(duid.bytes, llt, sizeof(llt));
        assert_true(dhcp6_duid_mac(&duid, &mac) && mac_is_equal(&mac, &ours));
        assert_true(dhcp6_duid_mac(&ll, &mac) && mac_is_equal(&mac, &ours));
        assert_false(dhcp6_duid_is_equal(&duid, &ll));
        assert_false(dhcp6_duid_uuid(&duid, &uuid));
        duid.size--;
        assert_false(dhcp6_duid_mac(&duid, &mac));
        duid.size++;
        duid.bytes[3] = 6; /* hardware of another kind */
        assert_false(dhcp6_duid_mac(&duid, &mac));

        assert_int_equal(seed_parse("ipxe-solicit", &m), 0);
        assert_true(dhcp6_duid_uuid(&m.options.client_id, &uuid));
        assert_string_equal(uuid_text(text, &uuid), "8d1a2b3c-4e5f-6071-8293-a4b5c6d7e8f9");
        assert_false(dhcp6_duid_mac(&m.options.client_id, &mac));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_what_firmware_says),
                cmocka_unit_test(reads_what_a_system_says),
                cmocka_unit_test(checks_options),
                cmocka_unit_test(checks_types),
                cmocka_unit_test(reads_relays),
                cmocka_unit_test(counts_hops),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(writes_what_it_reads),
                cmocka_unit_test(writes_the_way_back),
                cmocka_unit_test(leaves_out_what_does_not_fit),
                cmocka_unit_test(reads_names_of_clients),
                cmocka_unit_test(says_domains_that_are_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
