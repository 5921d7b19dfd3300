/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/node/lease_report.h"

static const struct {
        const char *text;
        int rc;
        size_t rows, pools;
} cases[] = {
  /* clang-format off */
        {"{\"cycle\":1}", 0, 0, 0},
        {"{\"rows\":[]}", -EBADMSG, 0, 0},
        {"{\"cycle\":1,\"rows\":[{\"address\":\"10.0.0.1\",\"state\":\"bound\",\"mac\":\"52:54:00:00:00:01\",\"newer\":1}]}", 0, 1, 0},
        {"{\"cycle\":1,\"rows\":[{\"address\":\"fd77::1\",\"state\":\"gone\",\"iaid\":4294967295}]}", 0, 1, 0},
        {"{\"cycle\":1,\"rows\":[{\"address\":\"10.0.0\",\"state\":\"bound\"}]}", -EBADMSG, 0, 0},
        {"{\"cycle\":1,\"rows\":[{\"address\":\"10.0.0.1\",\"state\":\"lost\"}]}", -EBADMSG, 0, 0},
        {"{\"cycle\":1,\"rows\":[{\"state\":\"bound\"}]}", -EBADMSG, 0, 0},
        {"{\"cycle\":1,\"pools\":[{\"network\":\"a\",\"first\":\"10.0.0.1\",\"last\":\"10.0.0.9\",\"size\":9,\"taken\":9}]}", 0, 0, 1},
        {"{\"cycle\":1,\"pools\":[{\"network\":\"a\",\"first\":\"10.0.0.1\",\"last\":\"x\"}]}", -EBADMSG, 0, 0},
  /* clang-format on */
};

static void reports(void **state)
{
        static struct lease_report report;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char error[DOC_ERROR_SIZE] = "";
                _doc_ struct doc *doc = NULL;
                int rc;

                assert_int_equal(doc_parse(cases[i].text, strlen(cases[i].text),
                                           &doc_limits_message, error, &doc),
                                 0);
                rc = lease_report_decode(doc, error, &report);
                if (rc != cases[i].rc)
                        fail_msg("case %zu: %d: %s", i, rc, error);
                if (rc < 0)
                        continue;
                assert_int_equal(report.row_count, cases[i].rows);
                assert_int_equal(report.pool_count, cases[i].pools);
        }
}

/* The fullest one that an edge may make is one that a controller reads. */
static void the_largest(void **state)
{
        static struct lease_report report, read;
        char error[DOC_ERROR_SIZE] = "";
        _doc_ struct doc *doc = NULL, *back = NULL;
        _free_ char *text = NULL;

        (void)state;
        report.cycle = INT64_MAX;
        report.row_count = LEASE_REPORT_MAX;
        report.pool_count = LEASE_POOLS_MAX;
        report.is_first = report.is_whole = report.has_pools = true;
        for (size_t i = 0; i < LEASE_REPORT_MAX; i++) {
                struct lease_row *row = &report.rows[i];

                *row = (struct lease_row){
                        .address = "fd77:1234:1234:1234:1234:1234:1234:1234",
                        .state = LEASE_DECLINED,
                        .mac = {{1, 2, 3, 4, 5, 6}},
                        .iaid = UINT32_MAX,
                        .lease_s = UINT32_MAX,
                        .expires_ms = INT64_MAX,
                };
                memset(row->client, 'f', sizeof(row->client) - 1);
                memset(row->name, 'n', sizeof(row->name) - 1);
        }
        for (size_t i = 0; i < LEASE_POOLS_MAX; i++) {
                report.pools[i] = (struct lease_pool){
                        .first = "fd77:1234:1234:1234:1234:1234:1234:1234",
                        .last = "fd77:1234:1234:1234:1234:1234:1234:ffff",
                        .size = UINT32_MAX,
                        .taken = UINT32_MAX,
                };
                memset(report.pools[i].network, 'n', sizeof(report.pools[i].network) - 1);
        }
        doc = lease_report_encode(&report);
        assert_int_equal(doc_print(doc, DOC_COMPACT, &text), 0);
        assert_true(strlen(text) < LEASE_REPORT_BYTES);
        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_message, error, &back), 0);
        assert_int_equal(lease_report_decode(back, error, &read), 0);
        assert_memory_equal(&read, &report, sizeof(read));
}

static void addresses_sort(void **state)
{
        struct ip6_address a, b;

        (void)state;
        assert_int_equal(lease_address_parse("9.0.0.1", &a), 0);
        assert_int_equal(lease_address_parse("10.0.0.1", &b), 0);
        assert_true(memcmp(a.bytes, b.bytes, sizeof(a.bytes)) < 0);
        assert_int_equal(lease_address_parse("fd77::1", &a), 0);
        assert_true(memcmp(a.bytes, b.bytes, sizeof(a.bytes)) > 0);
        assert_int_equal(lease_address_parse("", &a), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reports),
                cmocka_unit_test(the_largest),
                cmocka_unit_test(addresses_sort),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
