/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp/proxy.h"
#include "dhcp/test_captures.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define EDGE   "10.77.0.1"
#define CLIENT "10.77.0.55"
#define FILE_  "shimx64.efi"

static struct ip4_address ip(const char *text)
{
        struct ip4_address address = {0};

        if (text)
                assert_int_equal(ip4_parse(text, &address), 0);
        return address;
}

static bool boot(void *context, const struct dhcp_message *request, struct ip4_address address,
                 struct dhcp_boot *ret)
{
        const bool *has_file = context;

        assert_true(ip4_is_equal(address, ip(EDGE)));
        if (!*has_file || request->options.architecture == 99)
                return false;
        ret->next_server = address;
        ret->has_no_proxy = true; /* must not be said: it is the proxy that speaks */
        dhcp_boot_skip_discovery(ret);
        return text_copy(ret->file, sizeof(ret->file), FILE_) == 0;
}

/* clang-format off */
static const struct {
        const char *name, *vendor_class, *ciaddr, *wanted, *giaddr; /* NULL: unset */
        const char *to, *leased;
        enum dhcp_message_type type, reply;
        enum dhcp_route route;
        uint16_t port;
        bool is_boot_port, has_nothing;
} cases[] = {
        {"a PXE client asks all", "PXEClient:Arch:00007:UNDI:003000", NULL, NULL, NULL,
         "255.255.255.255", NULL, DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_BROADCAST, 68, false, false},
        {"UEFI HTTP boot asks all", "HTTPClient:Arch:00016:UNDI:003001", NULL, NULL, NULL,
         "255.255.255.255", NULL, DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_BROADCAST, 68, false, false},
        {"one behind a relay", "PXEClient", NULL, NULL, "10.88.0.1",
         "10.88.0.1", NULL, DHCP_DISCOVER, DHCP_OFFER, DHCP_ROUTE_RELAY, 67, false, false},
        {"a laptop", "MSFT 5.0", NULL, NULL, NULL,
         NULL, NULL, DHCP_DISCOVER, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, false},
        {"who says nothing of itself", "", NULL, NULL, NULL,
         NULL, NULL, DHCP_DISCOVER, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, false},
        {"almost a PXE client", "pxeclient", NULL, NULL, NULL,
         NULL, NULL, DHCP_DISCOVER, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, false},
        {"nothing for it to boot", "PXEClient", NULL, NULL, NULL,
         NULL, NULL, DHCP_DISCOVER, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, true},
        {"it takes the other's offer", "PXEClient", NULL, CLIENT, NULL,
         NULL, CLIENT, DHCP_REQUEST, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, false},
        {"the boot port", "PXEClient", CLIENT, NULL, NULL,
         CLIENT, CLIENT, DHCP_REQUEST, DHCP_ACK, DHCP_ROUTE_UNICAST, 6868, true, false},
        {"the boot port, by INFORM", "PXEClient", CLIENT, NULL, NULL,
         CLIENT, CLIENT, DHCP_INFORM, DHCP_ACK, DHCP_ROUTE_UNICAST, 6868, true, false},
        {"the boot port, with another's address", "PXEClient", "10.99.0.7", NULL, NULL,
         CLIENT, CLIENT, DHCP_REQUEST, DHCP_ACK, DHCP_ROUTE_UNICAST, 6868, true, false},
        {"a laptop at the boot port", "MSFT 5.0", CLIENT, NULL, NULL,
         NULL, CLIENT, DHCP_REQUEST, DHCP_NONE, DHCP_ROUTE_NONE, 0, true, false},
        {"a discover at the boot port", "PXEClient", NULL, NULL, NULL,
         NULL, NULL, DHCP_DISCOVER, DHCP_NONE, DHCP_ROUTE_NONE, 0, true, false},
        {"an address is given back", "PXEClient", CLIENT, NULL, NULL,
         NULL, NULL, DHCP_RELEASE, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, false},
        {"an offer of the other's", "PXEClient", NULL, NULL, NULL,
         NULL, NULL, DHCP_OFFER, DHCP_NONE, DHCP_ROUTE_NONE, 0, false, false},
};
/* clang-format on */

static struct dhcp_message request_of(size_t i)
{
        struct dhcp_message request = {
                .op = DHCP_OP_REQUEST,
                .xid = 0x12345678,
                .ciaddr = ip(cases[i].ciaddr),
                .giaddr = ip(cases[i].giaddr),
                .mac = {{0x52, 0x54, 0, 0x77, 0, 1}},
        };

        request.options.type = cases[i].type;
        request.options.wanted = ip(cases[i].wanted);
        request.options.client_uuid.size = 17;
        memset(request.options.client_uuid.bytes, 0x5a, 17);
        (void)text_copy(request.options.vendor_class, sizeof(request.options.vendor_class),
                        cases[i].vendor_class);
        return request;
}

/* What every answer of a proxy must be, whoever it is for. */
static void check_answer(const struct dhcp_message *request, const struct dhcp_decision *d)
{
        static const uint8_t menus_off[] = {6, 1, 8, 255};
        struct dhcp_message reply = {0};

        assert_int_equal(dhcp_message_parse(reader_over(d->reply_bytes, d->reply_size), &reply), 0);
        assert_int_equal(reply.op, DHCP_OP_REPLY);
        assert_int_equal(reply.xid, request->xid);
        assert_true(mac_is_equal(&reply.mac, &request->mac));
        assert_false(ip4_is_set(reply.yiaddr));
        assert_int_equal(reply.options.lease_s, 0);
        assert_false(ip4_is_set(reply.options.netmask));
        assert_true(ip4_is_equal(reply.siaddr, ip(EDGE)));
        assert_true(ip4_is_equal(reply.options.server_id, ip(EDGE)));
        assert_string_equal(reply.options.boot_file, FILE_);
        assert_string_equal(reply.options.vendor_class,
                            dhcp_options_is_http(&request->options) ? "HTTPClient" : "PXEClient");
        assert_int_equal(reply.options.vendor_options.size, sizeof(menus_off));
        assert_memory_equal(reply.options.vendor_options.bytes, menus_off, sizeof(menus_off));
        assert_int_equal(reply.options.client_uuid.size, request->options.client_uuid.size);
        assert_memory_equal(reply.options.client_uuid.bytes, request->options.client_uuid.bytes,
                            request->options.client_uuid.size);
        assert_int_equal(reply.options.ipxe.size, 0);
        assert_int_equal(d->record_size, 0);
}

static void answers_whom_it_should(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct dhcp_message request = request_of(i);
                const struct dhcp_proxy_facts facts = {
                        .interface = ip(EDGE),
                        .is_boot_port = cases[i].is_boot_port,
                        .source = ip(CLIENT),
                        .source_port = 6868,
                };
                static struct dhcp_decision d;
                bool has_file = !cases[i].has_nothing;

                print_message("%s\n", cases[i].name);
                dhcp_proxy_decide(&request, &facts, boot, &has_file, &d);
                assert_int_equal(d.reply, cases[i].reply);
                assert_int_equal(d.route, cases[i].route);
                assert_true(ip4_is_equal(d.address, ip(cases[i].to)));
                assert_int_equal(d.port, cases[i].port);
                assert_true(ip4_is_equal(d.leased, ip(cases[i].leased)));
                assert_true(d.reason[0] != '\0');
                if (d.reply != DHCP_NONE)
                        check_answer(&request, &d);
        }
}

/* A source that cannot be answered: forged, or cut on its way. */
static void never_answers_to_nowhere(void **state)
{
        const struct dhcp_message request = request_of(8);
        static const struct {
                const char *source;
                uint16_t port;
        } sources[] = {
                {NULL,   68},
                {CLIENT, 0 },
        };

        (void)state;
        assert_string_equal(cases[8].name, "the boot port");
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                const struct dhcp_proxy_facts facts = {
                        .interface = ip(EDGE),
                        .is_boot_port = true,
                        .source = ip(sources[i].source),
                        .source_port = sources[i].port,
                };
                static struct dhcp_decision d;
                bool has_file = true;

                dhcp_proxy_decide(&request, &facts, boot, &has_file, &d);
                assert_int_equal(d.reply, DHCP_NONE);
        }
}

struct counts {
        unsigned int discovers, boot_requests;
};

/* What real firmware said to a proxy is answered here, too. */
static void take_frame(void *context, const struct dhcp_frame *frame)
{
        const struct dhcp_proxy_facts facts = {.interface = ip(EDGE),
                                               .is_boot_port = frame->to_port == DHCP_PORT_BOOT,
                                               .source = frame->from,
                                               .source_port = frame->from_port};
        struct counts *counts = context;
        static struct dhcp_decision d;
        struct dhcp_message request;
        bool has_file = true;

        if ((frame->to_port != DHCP_PORT_SERVER && frame->to_port != DHCP_PORT_BOOT) ||
            dhcp_message_parse(frame->payload, &request) < 0 || request.op != DHCP_OP_REQUEST ||
            !dhcp_options_is_pxe(&request.options))
                return;
        dhcp_proxy_decide(&request, &facts, boot, &has_file, &d);
        if (request.options.type == DHCP_DISCOVER && !facts.is_boot_port) {
                assert_int_equal(d.reply, DHCP_OFFER);
                check_answer(&request, &d);
                counts->discovers++;
        } else if (facts.is_boot_port) {
                assert_int_equal(d.reply, DHCP_ACK);
                check_answer(&request, &d);
                assert_true(ip4_is_set(d.leased));
                counts->boot_requests++;
        }
}

static void answers_real_firmware(void **state)
{
        struct counts counts = {0};

        (void)state;
        if (captures_walk(NULL, take_frame, &counts) < 0)
                skip();
        print_message("%u discovers, %u asked the boot port\n", counts.discovers,
                      counts.boot_requests);
        assert_true(counts.discovers > 10);
        assert_true(counts.boot_requests > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_whom_it_should),
                cmocka_unit_test(never_answers_to_nowhere),
                cmocka_unit_test(answers_real_firmware),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
