/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "installer/site.h"

static void test_command_line(void **state)
{
        static const struct {
                const char *text;
                int rc;
                const char *boot, *edge, *mac;
        } cases[] = {
                {"",                                               0,        "",                 "",                 "00:00:00:00:00:00"},
                {"quiet console=ttyS0 cloudie.boot=0123456789abcdef cloudie.edge=http://10.77.0.1 "
                 "BOOTIF=01-52-54-00-77-00-01\n", 0,        "0123456789abcdef", "http://10.77.0.1", "52:54:00:77:00:01"},
                {"BOOTIF=52:54:00:77:00:01",                       0,        "",                 "",                 "52:54:00:77:00:01"},
                {"cloudie.boot=xyz",                               -EBADMSG, NULL,               NULL,               NULL               },
                {"cloudie.boot=0123456789abcdef0",                 -EBADMSG, NULL,               NULL,               NULL               },
                {"cloudie.edge=file:///etc",                       -EBADMSG, NULL,               NULL,               NULL               },
                {"BOOTIF=01-52-54",                                -EBADMSG, NULL,               NULL,               NULL               },
                {"cloudie.time=-1",                                -EBADMSG, NULL,               NULL,               NULL               },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char error[SITE_ERROR_SIZE] = "", mac[MAC_TEXT_SIZE];
                struct site site = {0};

                assert_int_equal(site_read_command_line(cases[i].text, error, &site), cases[i].rc);
                if (cases[i].rc < 0) {
                        assert_non_null(strstr(error, "command line"));
                        continue;
                }
                assert_string_equal(site.boot, cases[i].boot);
                assert_string_equal(site.edge, cases[i].edge);
                assert_string_equal(mac_text(mac, &site.boot_mac), cases[i].mac);
        }
}

static void test_a_word_longer_than_any_is_skipped(void **state)
{
        char text[2048], error[SITE_ERROR_SIZE];
        struct site site = {0};

        (void)state;
        snprintf(text, sizeof(text), "cloudie.edge=http://%01500d cloudie.time=77", 0);
        assert_int_equal(site_read_command_line(text, error, &site), 0);
        assert_string_equal(site.edge, "");
        assert_int_equal(site.time_s, 77);
}

static void test_site_json(void **state)
{
        static const struct {
                const char *json;
                int rc;
                size_t count;
        } cases[] = {
                {"{\"controllers\": [\"https://10.77.0.1:8443\"]}",                 0,        1},
                {"{\"controllers\": [\"https://a\", \"https://b\"], \"later\": 1}", 0,        2},
                {"{\"controllers\": []}",                                           -EBADMSG, 0},
                {"{\"controllers\": [\"http://10.77.0.1\"]}",                       -EBADMSG, 0},
                {"{\"controllers\": [1]}",                                          -EBADMSG, 0},
                {"{}",                                                              -EBADMSG, 0},
                {"[",                                                               -EBADMSG, 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char error[SITE_ERROR_SIZE] = "";
                struct site site = {.controller_count = 99};

                assert_int_equal(site_parse(cases[i].json, strlen(cases[i].json), error, &site),
                                 cases[i].rc);
                assert_int_equal(site.controller_count, cases[i].rc < 0 ? 99 : cases[i].count);
                assert_int_equal(error[0] != '\0', cases[i].rc < 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_command_line),
                cmocka_unit_test(test_a_word_longer_than_any_is_skipped),
                cmocka_unit_test(test_site_json),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
