/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "power/target.h"

#define TARGET "{\"id\":\"a\",\"driver\":\"ipmi\",\"address\":\"10.0.0.1\"}"

static const struct {
        const char *text;
        int rc;
        const char *says; /* a part of the sentence */
} cases[] = {
        {"{\"verb\":\"status\",\"targets\":[" TARGET "]}",                    0,        ""        },
        {"{\"verb\":\"status\",\"targets\":[" TARGET "," TARGET "]}",         0,        ""        },
        {"{\"verb\":\"boot\",\"device\":\"pxe\",\"targets\":[" TARGET "]}",   0,        ""        },
        {"{\"verb\":\"boot\",\"targets\":[" TARGET "]}",                      -EBADMSG, "device"  },
        {"{\"verb\":\"explode\",\"targets\":[" TARGET "]}",                   -EBADMSG, "verb"    },
        {"{\"verb\":\"on\",\"targets\":[]}",                                  -EBADMSG, "targets" },
        {"{\"verb\":\"on\",\"targets\":{}}",                                  -EBADMSG, "targets" },
        {"{\"verb\":\"on\"}",                                                 -EBADMSG, "targets" },
        {"{\"verb\":\"on\",\"targets\":[" TARGET ",7]}",                      -EBADMSG, "target 1"},
        {"{\"verb\":\"on\",\"deadline_ms\":600001,\"targets\":[" TARGET "]}", -EBADMSG,
         "deadline_ms"                                                                            },
        {"{\"verb\":\"on\",\"password\":\"x\",\"targets\":[" TARGET "]}",     -EBADMSG, "password"},
        {"{\"verb\":\"on\",\"targets\":[{\"id\":\"a\",\"driver\":\"telnet\",\"address\":\"10.0.0."
         "1\"}]}",                                                   -EBADMSG, "driver"  },
        {"{\"verb\":\"on\",\"targets\":[{\"id\":\"a\",\"driver\":\"ipmi\",\"address\":\"bmc."
         "example\"}]}",                                             -EBADMSG, "address" },
        {"",                                                                  -EBADMSG, ""        },
};

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct power_request request = {0};
                char error[DOC_ERROR_SIZE] = "";

                print_message("%s\n", cases[i].text);
                assert_int_equal(
                        power_request_parse(cases[i].text, strlen(cases[i].text), error, &request),
                        cases[i].rc);
                assert_non_null(strstr(error, cases[i].says));
                power_request_done(&request);
        }
}

static void test_secret_stays_out_of_sentences(void **state)
{
        static const char text[] =
                "{\"verb\":\"on\",\"targets\":[{\"id\":\"a\",\"driver\":\"ipmi\",\"address\":\"10."
                "0.0.1\","
                "\"password\":"
                "\"0123456789012345678901234567890123456789012345678901234567890123456789"
                "01234567890123456789012345678901234567890123456789012345678901234567890123456789\""
                "}]}";
        struct power_request request = {0};
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        assert_int_equal(power_request_parse(text, sizeof(text) - 1, error, &request), -EBADMSG);
        assert_non_null(strstr(error, "password"));
        assert_null(strstr(error, "0123"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_secret_stays_out_of_sentences),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
