/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/ip.h"

static const struct {
        const char *text, *url, *share; /* NULL: it is none */
} texts[] = {
        {"10.77.0.1",        "10.77.0.1", "10.77.0.1"},
        {"fd77::1",          "[fd77::1]", "fd77::"   },
        {"fe80::1",          "[fe80::1]", "fe80::"   },
        {"::ffff:10.77.0.1", NULL,        NULL       }, /* one address has one text */
        {"10.77.0",          NULL,        NULL       },
        {"[fd77::1]",        NULL,        NULL       },
        {"fe80::1%eth0",     NULL,        NULL       },
        {"",                 NULL,        NULL       },
};

static void texts_of_both_kinds(void **state)
{
        struct ip_address ip = {0};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                char text[IP_TEXT_SIZE], url[IP_URL_TEXT_SIZE];

                assert_int_equal(ip_parse(texts[i].text, &ip), texts[i].url ? 0 : -EINVAL);
                if (!texts[i].url)
                        continue;
                assert_string_equal(ip_text(text, ip), texts[i].text);
                assert_string_equal(ip_url_text(url, ip), texts[i].url);
                assert_string_equal(ip_text(text, ip_share(ip)), texts[i].share);
        }
}

static void one_that_is_not_set(void **state)
{
        const struct ip_address none = ip_of4((struct ip4_address){0});
        char text[IP_URL_TEXT_SIZE];

        (void)state;
        assert_false(ip_is_set(none));
        assert_false(ip_is_4(none));
        assert_false(ip4_is_set(ip_to4(none)));
        assert_string_equal(ip_text(text, none), "");
        assert_string_equal(ip_url_text(text, none), "");
}

static void there_and_back_through_a_socket(void **state)
{
        static const char *const addresses[] = {"10.77.0.1", "fd77::1"};
        struct sockaddr_storage socket;
        struct ip_address ip, back;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
                assert_int_equal(ip_parse(addresses[i], &ip), 0);
                assert_int_equal(ip_to_socket(ip, 69, 7, &socket),
                                 i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
                back = ip_of_socket(&socket);
                assert_true(ip_is_equal(ip, back));
                assert_int_equal(ip_socket_port(&socket), 69);
                assert_int_equal(ip_is_4(back), i == 0);
        }
        assert_int_equal(ip_parse("fe80::1", &ip), 0);
        (void)ip_to_socket(ip, 69, 7, &socket);
        assert_int_equal(((const struct sockaddr_in6 *)(const void *)&socket)->sin6_scope_id, 7);

        socket = (struct sockaddr_storage){.ss_family = AF_UNIX};
        assert_false(ip_is_set(ip_of_socket(&socket)));
        assert_int_equal(ip_socket_port(&socket), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_of_both_kinds),
                cmocka_unit_test(one_that_is_not_set),
                cmocka_unit_test(there_and_back_through_a_socket),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
