/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/message.h"
#include "dhcp/test_captures.h"
#include "lib/base/cleanup.h"

/* A client's message up to the cookie, with the options under test behind it. */
static size_t message_of(const uint8_t *options, size_t size, uint8_t to[static DHCP_MESSAGE_MAX])
{
        static const uint8_t cookie[] = {0x63, 0x82, 0x53, 0x63};
        static const uint8_t head[] = {1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef};
        static const uint8_t mac[] = {0x52, 0x54, 0, 0x77, 0, 1};

        memset(to, 0, DHCP_MESSAGE_MAX);
        memcpy(to, head, sizeof(head));
        memcpy(to + 28, mac, sizeof(mac));
        memcpy(to + 236, cookie, sizeof(cookie));
        memcpy(to + 240, options, size);
        return 240 + size;
}

static const struct {
        const char *name;
        uint8_t options[48];
        size_t size;
        int rc;
        enum dhcp_message_type type;
        const char *hostname;
        uint16_t architecture;
        bool is_pxe, is_ipxe;
} cases[] = {
        {.name = "no option at all is BOOTP",                          .size = 0, .rc = -ENOMSG        },
        { .name = "a discover",                                  .options = {53, 1, 1, 255}, .size = 4, .type = DHCP_DISCOVER},
        { .name = "pads and no end",                                 .options = {0, 0, 53, 1, 3}, .size = 5,  .type = DHCP_REQUEST},
        { .name = "length past the end",                                       .options = {53, 9, 1}, .size = 3,        .rc = -EBADMSG},
        { .name = "code without length",                                   .options = {53, 1, 1, 57}, .size = 4,        .rc = -EBADMSG},
        { .name = "wrong length",                             .options = {53, 1, 1, 57, 1, 5}, .size = 6,        .rc = -EBADMSG},
        { .name = "type 0",                                  .options = {53, 1, 0, 255}, .size = 4,        .rc = -EBADMSG},
        { .name = "type 9",                                 .options = {53, 1, 14, 255}, .size = 4,        .rc = -EBADMSG},
        { .name = "unknown is skipped",
         .options = {200, 2, 9, 9, 53, 1, 1},
         .size = 7,
         .type = DHCP_DISCOVER},
        {                                                                          .name = "junk behind the end is not read",
         .options = {53, 1, 1, 255, 53, 200},
         .size = 6,
         .type = DHCP_DISCOVER},
        {                                                                          .name = "pieces are joined (RFC 3396)",
         .options = {12, 2, 'a', 'b', 53, 1, 1, 12, 2, 'c', 'd', 255},
         .size = 12,
         .type = DHCP_DISCOVER,
         .hostname = "abcd"},
        {                                                                               .name = "a joined value is checked as a whole",
         .options = {53, 1, 1, 54, 2, 10, 0, 54, 2, 0, 1, 255},
         .size = 12,
         .type = DHCP_DISCOVER},
        {                                                                            .name = "a type said twice is too long",
         .options = {53, 1, 1, 53, 1, 3, 255},
         .size = 7,
         .rc = -EBADMSG},
        {                                                                                   .name = "a NUL byte at the end of a name",
         .options = {53, 1, 1, 12, 3, 'p', 'c', 0, 255},
         .size = 9,
         .type = DHCP_DISCOVER,
         .hostname = "pc"},
        {                                                                            .name = "a name that is no name",
         .options = {53, 1, 1, 12, 4, 'a', ';', 'r', 'm', 255},
         .size = 10,
         .type = DHCP_DISCOVER},
        {                                                                                       .name = "UEFI",
         .options = {53, 1, 1, 93, 2, 0, 7, 60, 9, 'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't',
                     255},
         .size = 19,
         .type = DHCP_DISCOVER,
         .architecture = 7,
         .is_pxe = true},
        {                                                                                       .name = "iPXE by its raw user class",
         .options = {53, 1, 1, 77, 4, 'i', 'P', 'X', 'E', 255},
         .size = 10,
         .type = DHCP_DISCOVER,
         .is_ipxe = true},
        {.name = "iPXE by a counted user class (RFC 3004)",
         .options = {53, 1, 1, 77, 5, 4, 'i', 'P', 'X', 'E', 255},
         .size = 11,
         .type = DHCP_DISCOVER,
         .is_ipxe = true},
        {                                                                                .name = "iPXE by its own option",
         .options = {53, 1, 1, 175, 3, 19, 1, 1, 255},
         .size = 9,
         .type = DHCP_DISCOVER,
         .is_ipxe = true},
        {                                                                                  .name = "overload 0",                             .options = {53, 1, 1, 52, 1, 0, 255},                            .size = 7,                                                                                      .rc = -EBADMSG},
        {                                                                            .name = "overload 4",                                                            .options = {53, 1, 1, 52, 1, 4, 255},                                                  .size = 7,       .rc = -EBADMSG},
};

static void parses_options(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                uint8_t bytes[DHCP_MESSAGE_MAX];
                const size_t size = message_of(cases[i].options, cases[i].size, bytes);
                struct dhcp_message got = {.xid = 99};
                struct mac_address mac = {0};
                int rc;

                print_message("%s\n", cases[i].name);
                rc = dhcp_message_parse(reader_over(bytes, size), &got);
                assert_int_equal(rc, cases[i].rc);
                if (rc == 0) {
                        assert_int_equal(dhcp_message_peek(reader_over(bytes, size), &mac),
                                         cases[i].type);
                        assert_true(mac_is_equal(&mac, &got.mac));
                }
                if (rc < 0) {
                        assert_int_equal(got.xid, 99); /* untouched */
                        continue;
                }
                assert_int_equal(got.xid, 0xdeadbeef);
                assert_int_equal(got.options.type, cases[i].type);
                assert_string_equal(got.options.hostname,
                                    cases[i].hostname ? cases[i].hostname : "");
                assert_int_equal(got.options.architecture, cases[i].architecture);
                assert_int_equal(dhcp_options_is_pxe(&got.options), cases[i].is_pxe);
                assert_int_equal(dhcp_options_is_ipxe(&got.options), cases[i].is_ipxe);
        }
}

static void peeks_no_further_than_it_may(void **state)
{
        static const uint8_t long_first[] = {12, 9, 'a', 53, 1, 1, 255};
        static const uint8_t is_end[] = {255, 53, 1, 1};
        static const uint8_t unknown_type[] = {53, 1, 200, 255};
        struct mac_address mac = {0};
        uint8_t bytes[DHCP_MESSAGE_MAX];
        size_t size = message_of((const uint8_t[]){53, 1, 3}, 3, bytes);

        (void)state;
        assert_int_equal(dhcp_message_peek(reader_over(bytes, size), &mac), DHCP_REQUEST);
        assert_int_equal(mac.bytes[3], 0x77);
        mac = (struct mac_address){0};
        for (size_t cut = 0; cut < size; cut++)
                assert_int_equal(dhcp_message_peek(reader_over(bytes, cut), &mac), DHCP_NONE);
        size = message_of(long_first, sizeof(long_first), bytes);
        assert_int_equal(dhcp_message_peek(reader_over(bytes, size), &mac), DHCP_NONE);
        size = message_of(is_end, sizeof(is_end), bytes);
        assert_int_equal(dhcp_message_peek(reader_over(bytes, size), &mac), DHCP_NONE);
        size = message_of(unknown_type, sizeof(unknown_type), bytes);
        assert_int_equal(dhcp_message_peek(reader_over(bytes, size), &mac), DHCP_NONE);
        assert_int_equal(mac.bytes[3], 0); /* untouched */
}

static void reads_overloaded_fields(void **state)
{
        static const uint8_t options[] = {53, 1, 1, 52, 1, 3, 12, 1, 'a', 255};
        static const uint8_t file[] = {12, 1, 'b', 255, 'x'};
        static const uint8_t sname[] = {12, 1, 'c', 0, 0};
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const size_t size = message_of(options, sizeof(options), bytes);
        struct dhcp_message got;

        (void)state;
        memcpy(bytes + 108, file, sizeof(file));
        memcpy(bytes + 44, sname, sizeof(sname));
        assert_int_equal(dhcp_message_parse(reader_over(bytes, size), &got), 0);
        assert_string_equal(got.options.hostname, "abc"); /* options, file, sname: RFC 3396 5 */
        assert_string_equal(got.options.boot_file, "");   /* that field held options */
}

static void reads_a_full_file_field(void **state)
{
        static const uint8_t options[] = {53, 1, 2, 255};
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const size_t size = message_of(options, sizeof(options), bytes);
        struct dhcp_message got;

        (void)state;
        memset(bytes + 108, 'f', DHCP_FILE_SIZE);
        assert_int_equal(dhcp_message_parse(reader_over(bytes, size), &got), 0);
        assert_int_equal(strlen(got.options.boot_file), DHCP_FILE_SIZE);
}

static void refuses_what_is_no_ethernet_client(void **state)
{
        static const struct {
                size_t at;
                uint8_t value;
                int rc;
        } changes[] = {
                {0,   3,    -EBADMSG        }, /* op */
                {1,   6,    -EPROTONOSUPPORT}, /* htype */
                {2,   16,   -EPROTONOSUPPORT}, /* hlen */
                {28,  0x53, -EPROTONOSUPPORT}, /* a multicast MAC */
                {236, 0,    -ENOMSG         }, /* cookie */
        };
        static const uint8_t options[] = {53, 1, 1, 255};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                uint8_t bytes[DHCP_MESSAGE_MAX];
                const size_t size = message_of(options, sizeof(options), bytes);
                struct dhcp_message got;

                bytes[changes[i].at] = changes[i].value;
                assert_int_equal(dhcp_message_parse(reader_over(bytes, size), &got), changes[i].rc);
        }
}

static void refuses_every_cut(void **state)
{
        static const uint8_t options[] = {53, 1, 1, 61, 7, 1, 2, 3, 4, 5, 6, 7, 255};
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const size_t size = message_of(options, sizeof(options), bytes);
        struct dhcp_message got;

        (void)state;
        for (size_t len = 0; len < 243; len++)
                assert_true(dhcp_message_parse(reader_over(bytes, len), &got) < 0);
        assert_int_equal(dhcp_message_parse(reader_over(bytes, size), &got), 0);
}

static struct dhcp_message offer_of_everything(void)
{
        struct dhcp_message m = {.op = DHCP_OP_REPLY, .xid = 7, .is_broadcast = true};
        struct dhcp_options *o = &m.options;

        memcpy(m.mac.bytes, "\x52\x54\0\x77\0\1", 6);
        o->type = DHCP_OFFER;
        (void)ip4_parse("10.77.0.50", &m.yiaddr);
        (void)ip4_parse("10.77.0.1", &m.siaddr);
        o->server_id = m.siaddr;
        o->lease_s = 3600;
        o->renewal_s = 1800;
        o->rebinding_s = 3150;
        (void)ip4_parse("255.255.255.0", &o->netmask);
        o->router.count = o->dns.count = 1;
        o->router.at[0] = o->dns.at[0] = m.siaddr;
        (void)text_copy(o->boot_file, sizeof(o->boot_file), "http://10.77.0.1/boot/ipxe");
        (void)text_copy(o->vendor_class, sizeof(o->vendor_class), "PXEClient");
        o->ipxe.size = 3;
        memcpy(o->ipxe.bytes, "\260\1\1", 3);
        o->relay_info.size = 200;
        memset(o->relay_info.bytes, 'r', 200);
        return m;
}

static void writes_what_it_reads(void **state)
{
        const struct dhcp_message m = offer_of_everything();
        struct dhcp_message got;
        uint8_t bytes[DHCP_MESSAGE_MAX];
        ssize_t size;

        (void)state;
        size = dhcp_message_write(&m, bytes, sizeof(bytes));
        assert_true(size >= DHCP_MESSAGE_MIN);
        assert_int_equal(dhcp_message_parse(reader_over(bytes, (size_t)size), &got), 0);
        assert_memory_equal(&got, &m, sizeof(m));
        assert_string_equal((char *)bytes + 108, m.options.boot_file); /* the field, too */
}

static void leaves_out_what_does_not_fit(void **state)
{
        struct dhcp_message m = offer_of_everything(), got;
        uint8_t bytes[DHCP_MESSAGE_MAX];
        const size_t space = DHCP_DATAGRAM_SAFE - DHCP_HEADERS_SIZE;
        ssize_t size;

        (void)state;
        memset(m.options.domain, 'd', 200);
        size = dhcp_message_write(&m, bytes, space);
        assert_in_range(size, DHCP_MESSAGE_MIN, space);
        assert_int_equal(dhcp_message_parse(reader_over(bytes, (size_t)size), &got), 0);
        assert_string_equal(got.options.domain, "");
        assert_int_equal(got.options.lease_s, 3600);
        assert_int_equal(got.options.relay_info.size, 200); /* echoed whole, or not sent */
        assert_int_equal(dhcp_message_write(&m, bytes, 400), -EMSGSIZE);
}

static void takes_the_clients_limit(void **state)
{
        static const struct {
                uint16_t max_size;
                size_t space;
        } limits[] = {
                {0,     548 },
                {100,   548 },
                {576,   548 },
                {1472,  1444},
                {65280, 1472},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
                const struct dhcp_message m = {.options.max_size = limits[i].max_size};

                assert_int_equal(dhcp_message_reply_space(&m), limits[i].space);
        }
}

/* --- real firmware --- */

struct captured {
        int n_requests, n_replies;
};

static void read_captured(void *context, const struct dhcp_frame *frame)
{
        struct captured *captured = context;
        struct dhcp_message m;

        if (frame->to_port != DHCP_PORT_SERVER && frame->to_port != DHCP_PORT_CLIENT)
                return;
        assert_int_equal(dhcp_message_parse(frame->payload, &m), 0);
        if (m.op == DHCP_OP_REPLY) {
                captured->n_replies++;
                return;
        }
        captured->n_requests++;
        if (dhcp_options_is_pxe(&m.options) || dhcp_options_is_http(&m.options)) {
                struct uuid uuid;

                assert_true(m.options.has_architecture);
                assert_true(dhcp_options_uuid(&m.options, &uuid));
                assert_int_equal(m.options.ndi[0], 1);
        }
}

static void reads_every_captured_message(void **state)
{
        struct captured captured = {0};

        (void)state;
        if (captures_walk(NULL, read_captured, &captured) < 0)
                skip();
        print_message("%d requests, %d replies\n", captured.n_requests, captured.n_replies);
        assert_true(captured.n_requests > 100);
        assert_true(captured.n_replies > 100);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parses_options),
                cmocka_unit_test(peeks_no_further_than_it_may),
                cmocka_unit_test(reads_overloaded_fields),
                cmocka_unit_test(reads_a_full_file_field),
                cmocka_unit_test(refuses_what_is_no_ethernet_client),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(writes_what_it_reads),
                cmocka_unit_test(leaves_out_what_does_not_fit),
                cmocka_unit_test(takes_the_clients_limit),
                cmocka_unit_test(reads_every_captured_message),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
