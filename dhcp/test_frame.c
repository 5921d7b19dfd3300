/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/frame.h"
#include "dhcp/message.h"
#include "dhcp/router.h"
#include "dhcp/test_captures.h"
#include "lib/base/cleanup.h"

static struct dhcp_frame frame_of(const char *payload)
{
        struct dhcp_frame frame = {
                .from_port = DHCP_PORT_SERVER,
                .to_port = DHCP_PORT_CLIENT,
                .payload = reader_over(payload, strlen(payload)),
        };

        memcpy(frame.to_mac.bytes, "\x52\x54\0\x77\0\1", 6);
        memcpy(frame.from_mac.bytes, "\x52\x54\0\x77\0\2", 6);
        (void)ip4_parse("10.77.0.1", &frame.from);
        (void)ip4_parse("10.77.0.50", &frame.to);
        return frame;
}

static void writes_what_it_reads(void **state)
{
        static const char *const payloads[] = {"", "x", "even", "uneven."};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(payloads); i++) {
                const struct dhcp_frame frame = frame_of(payloads[i]);
                struct dhcp_frame got;
                uint8_t bytes[128];
                ssize_t size;

                size = dhcp_frame_write(&frame, bytes, sizeof(bytes));
                assert_int_equal(size, DHCP_FRAME_HEADER_SIZE + strlen(payloads[i]));
                assert_int_equal(dhcp_frame_parse(reader_over(bytes, (size_t)size), true, &got), 0);
                assert_int_equal(got.to_port, DHCP_PORT_CLIENT);
                assert_true(ip4_is_equal(got.to, frame.to));
                assert_true(mac_is_equal(&got.from_mac, &frame.from_mac));
                assert_int_equal(reader_left(&got.payload), strlen(payloads[i]));
                assert_memory_equal(got.payload.at, payloads[i], strlen(payloads[i]));
                assert_int_equal(dhcp_frame_write(&frame, bytes, (size_t)size - 1), -EMSGSIZE);
        }
}

/* Checked by hand against RFC 1071: the frame that the code must produce. */
static void has_the_right_checksums(void **state)
{
        const struct dhcp_frame frame = frame_of("hi");
        uint8_t bytes[64];

        (void)state;
        assert_int_equal(dhcp_frame_write(&frame, bytes, sizeof(bytes)), 44);
        /* 4500 001e 0000 4000 4011 .... 0a4d 0001 0a4d 0032 */
        assert_int_equal(bytes[24] << 8 | bytes[25], 0x2603);
        /* 0a4d 0001 0a4d 0032 0011 000a 0043 0044 000a .... 6869 */
        assert_int_equal(bytes[40] << 8 | bytes[41], 0x821d);
}

static void refuses_every_damaged_byte(void **state)
{
        const struct dhcp_frame frame = frame_of("payload");
        struct dhcp_frame got;
        uint8_t bytes[64];
        const ssize_t size = dhcp_frame_write(&frame, bytes, sizeof(bytes));

        (void)state;
        for (size_t i = 14; i < (size_t)size; i++) { /* Ethernet's own sum is the card's */
                bytes[i] ^= 0x10;
                assert_true(dhcp_frame_parse(reader_over(bytes, (size_t)size), true, &got) < 0);
                bytes[i] ^= 0x10;
        }
        for (size_t len = 0; len < (size_t)size; len++)
                assert_true(dhcp_frame_parse(reader_over(bytes, len), true, &got) < 0);

        /* A sum that the sender's card would have filled in. */
        bytes[40] ^= 1;
        assert_int_equal(dhcp_frame_parse(reader_over(bytes, (size_t)size), true, &got), -EBADMSG);
        assert_int_equal(dhcp_frame_parse(reader_over(bytes, (size_t)size), false, &got), 0);
}

static void sends_to_dhcpv6(void **state)
{
        static const uint8_t says[] = {
                134,  0,    0,    0,    0,    0xc0, 0,    0,    0, 0, 0, 0, 0,    0,
                0,    0,    1,    1,    2,    0,    0,    0,    0, 9, 3, 4, 64,   0x80,
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xfd, 0x77,
                0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0,    0,
        };
        const struct mac_address ours = {
                {2, 0, 0, 0, 0, 9}
        };
        uint8_t bytes[DHCP_ROUTER_MANAGED_SIZE];
        struct ip6_network network;

        (void)state;
        assert_int_equal(ip6_network_parse("fd77::/64", &network), 0);
        assert_int_equal(sizeof(says), sizeof(bytes));
        assert_int_equal(dhcp_router_managed_write(&ours, &network, bytes), sizeof(bytes));
        assert_memory_equal(bytes, says, sizeof(says));
}

static void answers_router_solicitations(void **state)
{
        static const struct {
                const char *name;
                size_t size;
                int rc;
                uint8_t hop_limit;
                bool has_source, has_mac;
                uint8_t bytes[24];
        } cases[] = {
                {"plain",                  8,  0,        255, false, false, {133}                                             },
                {"with a MAC",
                 16,                           0,
                 255,                                         true,
                 true,                                                      {133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7}},
                {"a MAC from nowhere",
                 16,                           -EBADMSG,
                 255,                                         false,
                 false,                                                     {133, 0, 0, 0, 0, 0, 0, 0, 1, 1}                  },
                {"forwarded",              8,  -EBADMSG, 254, true,  false, {133}                                             },
                {"code",                   8,  -EBADMSG, 255, true,  false, {133, 1}                                          },
                {"short",                  7,  -EBADMSG, 255, true,  false, {133}                                             },
                {"empty",                  0,  -EBADMSG, 255, true,  false, {0}                                               },
                {"an option of no length",
                 16,                           -EBADMSG,
                 255,                                         true,
                 false,                                                     {133, 0, 0, 0, 0, 0, 0, 0, 1, 0}                  },
                {"an option past the end",
                 16,                           -EBADMSG,
                 255,                                         true,
                 false,                                                     {133, 0, 0, 0, 0, 0, 0, 0, 1, 2}                  },
                {"an advertisement",       16, -ENOMSG,  255, true,  false, {134}                                             },
        };
        static const struct mac_address ours = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        uint8_t bytes[DHCP_ROUTER_ADVERTISEMENT_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct dhcp_router_solicitation got = {0};

                print_message("%s\n", cases[i].name);
                assert_int_equal(dhcp_router_solicitation_parse(
                                         reader_over(cases[i].bytes, cases[i].size),
                                         cases[i].hop_limit, cases[i].has_source, &got),
                                 cases[i].rc);
                assert_int_equal(got.has_mac, cases[i].has_mac);
        }

        assert_int_equal(dhcp_router_advertisement_write(&ours, bytes), sizeof(bytes));
        assert_int_equal(bytes[0], 134);
        assert_int_equal(bytes[5], 0);                 /* neither M nor O */
        assert_int_equal(bytes[6] << 8 | bytes[7], 0); /* lifetime */
        assert_memory_equal(bytes + 18, ours.bytes, 6);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_what_it_reads),
                cmocka_unit_test(has_the_right_checksums),
                cmocka_unit_test(refuses_every_damaged_byte),
                cmocka_unit_test(answers_router_solicitations),
                cmocka_unit_test(sends_to_dhcpv6),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
