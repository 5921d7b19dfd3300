/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/arp.h"
#include "lib/base/cleanup.h"

/* RFC 826 and RFC 5227 2.1.1: the bytes of a probe for 10.77.0.100. */
static const uint8_t probe[DHCP_ARP_SIZE] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0,    0x77, 0,  1,    8, 6,
        0,    1,    8,    0,    6,    4,    0,    1,    0x52, 0x54, 0,  0x77, 0, 1,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    10, 77,   0, 100};

static void writes_a_probe(void **state)
{
        static const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        struct ip4_address address;
        uint8_t bytes[DHCP_ARP_SIZE];

        (void)state;
        assert_int_equal(ip4_parse("10.77.0.100", &address), 0);
        dhcp_arp_probe(&mac, address, bytes);
        assert_memory_equal(bytes, probe, sizeof(probe));
}

/* An answer with one byte changed. */
static void reads_answers_only(void **state)
{
        static const struct {
                size_t at;
                uint8_t byte;
                int rc;
        } cases[] = {
                {21, 2,    0       },
                {21, 1,    -ENOMSG }, /* a question */
                {13, 0,    -ENOMSG }, /* IPv4 */
                {15, 6,    -ENOMSG }, /* not Ethernet */
                {17, 1,    -ENOMSG },
                {18, 8,    -ENOMSG },
                {19, 16,   -ENOMSG },
                {22, 0x53, -EBADMSG}, /* a group's MAC */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint8_t bytes[DHCP_ARP_SIZE];
                struct mac_address mac;
                struct ip4_address address;

                memcpy(bytes, probe, sizeof(bytes));
                bytes[21] = 2;
                memcpy(bytes + 28, probe + 38, 4);
                bytes[cases[i].at] = cases[i].byte;
                assert_int_equal(
                        dhcp_arp_reply_parse(reader_over(bytes, sizeof(bytes)), &mac, &address),
                        cases[i].rc);
                if (cases[i].rc == 0) {
                        assert_memory_equal(mac.bytes, "\x52\x54\0\x77\0\1", 6);
                        assert_memory_equal(&address.be, probe + 38, 4);
                }
                for (size_t size = 0; size < 32; size++)
                        assert_int_not_equal(
                                dhcp_arp_reply_parse(reader_over(bytes, size), &mac, &address), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_a_probe),
                cmocka_unit_test(reads_answers_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
