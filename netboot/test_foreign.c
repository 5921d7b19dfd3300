/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/frame.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "netboot/foreign.h"

static struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        if (text)
                assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

/* clang-format off */
static const struct {
        const char *name;
        enum dhcp_op op;
        enum dhcp_message_type type;
        const char *server_id, *yiaddr, *vendor;
        uint16_t to_port;
        bool is_server, is_proxy;
        const char *id;
} cases[] = {
        {"an offer",             DHCP_OP_REPLY,   DHCP_OFFER,    "10.9.0.1", "10.9.0.7", "",          68, true,  false, "10.9.0.1"},
        {"an ACK",               DHCP_OP_REPLY,   DHCP_ACK,      "10.9.0.1", "10.9.0.7", "",          68, true,  false, "10.9.0.1"},
        {"a NAK",                DHCP_OP_REPLY,   DHCP_NAK,      "10.9.0.1", NULL,       "",          68, true,  false, "10.9.0.1"},
        {"a proxy",              DHCP_OP_REPLY,   DHCP_OFFER,    "10.9.0.1", NULL,       "PXEClient", 68, true,  true,  "10.9.0.1"},
        {"it does not say who",  DHCP_OP_REPLY,   DHCP_OFFER,    NULL,       "10.9.0.7", "",          68, true,  false, "10.9.0.2"},
        {"a client's question",  DHCP_OP_REQUEST, DHCP_DISCOVER, NULL,       NULL,       "",          68, false, false, NULL},
        {"a client lies",        DHCP_OP_REQUEST, DHCP_OFFER,    "10.9.0.1", NULL,       "",          68, false, false, NULL},
        {"to a relay",           DHCP_OP_REPLY,   DHCP_OFFER,    "10.9.0.1", "10.9.0.7", "",          67, false, false, NULL},
};
/* clang-format on */

static size_t write_frame(size_t i, uint8_t *to, size_t size)
{
        struct dhcp_message message = {.op = cases[i].op,
                                       .xid = 7,
                                       .yiaddr = ip(cases[i].yiaddr),
                                       .mac = {{2, 1, 1, 1, 1, 1}}};
        uint8_t bytes[DHCP_MESSAGE_MAX];
        struct dhcp_frame frame = {.to_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                                   .from_mac = {{2, 0, 0, 0, 0, 9}},
                                   .from = ip("10.9.0.2"),
                                   .to = {UINT32_MAX},
                                   .from_port = DHCP_PORT_SERVER,
                                   .to_port = cases[i].to_port};
        ssize_t written;

        message.options.type = cases[i].type;
        message.options.server_id = ip(cases[i].server_id);
        (void)text_copy(message.options.vendor_class, sizeof(message.options.vendor_class),
                        cases[i].vendor);
        written = dhcp_message_write(&message, bytes, sizeof(bytes));
        assert_true(written > 0);
        frame.payload = reader_over(bytes, (size_t)written);
        written = dhcp_frame_write(&frame, to, size);
        assert_true(written > 0);
        return (size_t)written;
}

static void knows_servers(void **state)
{
        uint8_t frame[DHCP_FRAME_HEADER_SIZE + DHCP_MESSAGE_MAX];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const size_t size = write_frame(i, frame, sizeof(frame));
                struct foreign_server server = {0};

                print_message("%s\n", cases[i].name);
                assert_int_equal(foreign_read(reader_over(frame, size), true, &server),
                                 cases[i].is_server);
                if (!cases[i].is_server)
                        continue;
                assert_int_equal(server.is_proxy, cases[i].is_proxy);
                assert_true(ip4_is_equal(server.id, ip(cases[i].id)));
                assert_int_equal(server.mac.bytes[5], 9);
                assert_string_equal(server.vendor, cases[i].vendor);
        }
}

static struct foreign_server server_of(uint8_t number)
{
        return (struct foreign_server){.id = ip("10.9.0.1"), .mac = {{2, 0, 0, 0, 0, number}}};
}

static void tells_of_each_once(void **state)
{
        const struct foreign_server one = server_of(1), two = server_of(2);
        struct foreign foreign = {0};
        struct foreign_server gone = {0};
        uint64_t now_ms = 1000;

        (void)state;
        assert_true(foreign_heard(&foreign, &one, now_ms));
        assert_true(foreign_heard(&foreign, &two, now_ms)); /* the same address, another card */
        for (int i = 0; i < 20; i++) {
                now_ms += FOREIGN_ASK_MS;
                assert_false(foreign_heard(&foreign, &one, now_ms));
                if (foreign_gone(&foreign, now_ms, &gone)) {
                        assert_int_equal(i, 3); /* silent to three questions */
                        assert_int_equal(gone.mac.bytes[5], 2);
                        assert_false(foreign_gone(&foreign, now_ms, &gone));
                }
        }
        assert_int_equal(gone.mac.bytes[5], 2);
        assert_true(foreign_heard(&foreign, &two, now_ms)); /* it came back */
}

/* Who invents servers makes us tell of so many, and then of none before these are gone. */
static void is_full_at_last(void **state)
{
        struct foreign foreign = {0};
        struct foreign_server gone;
        size_t told = 0, ended = 0;

        (void)state;
        for (unsigned int i = 0; i < 200; i++) {
                const struct foreign_server server = server_of((uint8_t)i);

                told += foreign_heard(&foreign, &server, 1000 + i);
        }
        assert_int_equal(told, FOREIGN_MAX);
        while (foreign_gone(&foreign, 1000 + FOREIGN_GONE_MS + 200, &gone))
                ended++;
        assert_int_equal(ended, FOREIGN_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_servers),
                cmocka_unit_test(tells_of_each_once),
                cmocka_unit_test(is_full_at_last),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
