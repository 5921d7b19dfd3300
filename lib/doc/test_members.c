/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/doc/members.h"

#define NODE                                                                                       \
        "{\"name\":\"n1\",\"labels\":{\"rack\":\"a1\",\"a.b/c\":\"x\"},\"status\":{\"phase\":"     \
        "\"ready\",\"macs\":[\"m1\"],\"conditions\":[{\"name\":\"c\",\"since_ms\":5},{\"name\":"   \
        "\"d\"}]}}"

/* clang-format off */
static const struct {
        const char *wanted, *list, *text, *picked;
} rows[] = {
        {"name", NULL, NODE, "{\"name\":\"n1\"}"},
        {"labels", NULL, NODE, "{\"labels\":{\"rack\":\"a1\",\"a.b/c\":\"x\"}}"},
        {"status.phase,name", NULL, NODE, "{\"name\":\"n1\",\"status\":{\"phase\":\"ready\"}}"},
        {"status.macs", NULL, NODE, "{\"status\":{\"macs\":[\"m1\"]}}"},
        {"status.conditions.since_ms", NULL, NODE, "{\"status\":{\"conditions\":[{\"since_ms\":5},{}]}}"},
        {"status,status.phase", NULL, "{\"status\":{\"phase\":1,\"a\":2}}", "{\"status\":{\"phase\":1,\"a\":2}}"},
        {"labels.a.b/c", NULL, NODE, "{\"labels\":{\"a.b/c\":\"x\"}}"},
        {"nothing", NULL, NODE, "{}"},
        {"name.first", NULL, NODE, "{}"},
        {"status.nothing,name", NULL, NODE, "{\"name\":\"n1\"}"},
        {"nam", NULL, NODE, "{}"},
        {"name", "items", "{\"items\":[" NODE "," NODE "],\"next\":\"n1\"}",
         "{\"items\":[{\"name\":\"n1\"},{\"name\":\"n1\"}],\"next\":\"n1\"}"},
        {"name", "items", "{\"a\":1,\"items\":[]}", "{\"a\":1,\"items\":[]}"},
        {"items", "items", "{\"items\":{\"a\":1},\"b\":2}", "{\"items\":{\"a\":1}}"},
        {"a", NULL, " { \"b\" : [ 1 , {\"a\":2} ] , \"a\" : { \"c\" : 1 } } ", "{\"a\":{ \"c\" : 1 }}"},
        {"a", NULL, "{\"\\\"a\":1,\"b\":\"}\\\"{\",\"a\":\"\\\\\"}", "{\"a\":\"\\\\\"}"},
        {"a", NULL, "{}", "{}"},
        {"a", NULL, "5", ""},
        {"a", NULL, "[{\"a\":1,\"b\":2},5]", "[{\"a\":1}]"},
};

static const char *const broken[] = {
        "", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1}x", "{\"b\":[1}", "{\"a\":\"x}", "{\"a\":\"\\",
        "{1:2}", "{\"b\":]}", "[", "[{\"a\":1}", "]", "{\"b\":{\"c\":1}",
};
/* clang-format on */

static void test_pick(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                CLEANUP(members_free) struct members *members = NULL;
                _buffer_ struct buffer to = {0};
                char error[DOC_ERROR_SIZE];

                assert_int_equal(members_parse(rows[i].wanted, error, &members), 0);
                assert_int_equal(members_pick(members, rows[i].list, rows[i].text,
                                              strlen(rows[i].text), &to),
                                 0);
                assert_int_equal(to.size, strlen(rows[i].picked));
                assert_memory_equal(to.size ? to.bytes : "", rows[i].picked, to.size);
        }
}

static void test_broken(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
                CLEANUP(members_free) struct members *members = NULL;
                _free_ char *text = malloc(strlen(broken[i]) + 1); /* its end is watched */
                _buffer_ struct buffer to = {0};
                char error[DOC_ERROR_SIZE];

                memcpy(text, broken[i], strlen(broken[i]) + 1);
                assert_int_equal(members_parse("a", error, &members), 0);
                if (members_pick(members, "items", text, strlen(text), &to) == 0)
                        fail_msg("taken: %s", broken[i]);
        }
}

static void test_deep(void **state)
{
        CLEANUP(members_free) struct members *members = NULL;
        _buffer_ struct buffer to = {0};
        static char text[100000];
        char error[DOC_ERROR_SIZE];

        (void)state;
        memset(text, '[', sizeof(text));
        assert_int_equal(members_parse("a", error, &members), 0);
        assert_int_equal(members_pick(members, NULL, text, sizeof(text), &to), -E2BIG);
}

static void test_names(void **state)
{
        static const char *const wrong[] = {"", ",", "a,", ",a", "a b", "a\"", "a,,b", "\xc3\xa4"};
        struct members *members = NULL;
        char error[DOC_ERROR_SIZE], many[MEMBERS_SIZE_MAX + 1];

        (void)state;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_int_equal(members_parse(wrong[i], error, &members), -EBADMSG);
        memset(many, 'a', sizeof(many));
        many[sizeof(many) - 1] = '\0';
        assert_int_equal(members_parse(many, error, &members), -E2BIG);
        for (size_t i = 0; i < MEMBERS_MAX; i++)
                memcpy(many + 2 * i, "a,", 2);
        many[2 * MEMBERS_MAX + 1] = '\0';
        assert_int_equal(members_parse(many, error, &members), -E2BIG);
        assert_null(members);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pick),
                cmocka_unit_test(test_broken),
                cmocka_unit_test(test_deep),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
