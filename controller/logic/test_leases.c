/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an edge told of its leases, and how much of it is kept. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controller/logic/leases.h"

#define NOW_MS     ((uint64_t)1790000000000)
#define EARLIER_MS (NOW_MS - 3600000)

static const struct ip6_address first = {
        .bytes = {0xfd, 0x77}
};

/* So many addresses from the @from-th on, each until @expires_ms. */
static void fill(struct lease_report *report, size_t from, size_t count, uint64_t expires_ms)
{
        for (size_t i = 0; i < count; i++) {
                struct ip6_address address = first;
                struct lease_row *row = &report->rows[i];

                for (size_t byte = 0; byte < 4; byte++)
                        address.bytes[15 - byte] = (uint8_t)((from + i) >> 8 * byte);
                *row = (struct lease_row){.state = LEASE_BOUND, .expires_ms = expires_ms};
                ip6_text(row->address, &address);
        }
        report->row_count = count;
}

/* As many as there may be, all until then, in the cycle 1. */
static void tell_all(struct edge *edge, struct lease_report *report, uint64_t expires_ms)
{
        bool again;

        *report = (struct lease_report){.cycle = 1, .is_first = true};
        for (size_t from = 0; from < LEASES_SEEN_MAX; from += LEASE_REPORT_MAX) {
                fill(report, from, LEASE_REPORT_MAX, expires_ms);
                assert_int_equal(leases_told(edge, report, EARLIER_MS, &again), 0);
                assert_false(again);
                report->is_first = false;
        }
        assert_int_equal(map_count(edge->leases->rows), LEASES_SEEN_MAX);
}

/* What ran out is told by nobody, and makes room. */
static void what_ran_out_keeps_nobody_out(void **state)
{
        struct lease_report *report = calloc(1, sizeof(*report));
        struct edge edge = {0};
        bool again;

        (void)state;
        assert_non_null(report);
        tell_all(&edge, report, NOW_MS - 1);
        fill(report, LEASES_SEEN_MAX, 3, NOW_MS + 1);
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), 0);
        assert_false(again);
        assert_int_equal(map_count(edge.leases->rows), 3);
        assert_int_equal(leases_count(edge.leases, NOW_MS), 3);
        assert_int_equal(leases_count(edge.leases, NOW_MS + 1), 0);
        lease_book_free(edge.leases);
        free(report);
}

static void no_edge_fills_the_memory(void **state)
{
        struct lease_report *report = calloc(1, sizeof(*report));
        struct edge edge = {0};
        bool again;

        (void)state;
        assert_non_null(report);
        tell_all(&edge, report, NOW_MS + 1);
        fill(report, LEASES_SEEN_MAX, 3, NOW_MS + 1);
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), -ENOSPC);
        assert_true(again);
        assert_int_equal(map_count(edge.leases->rows), LEASES_SEEN_MAX);
        lease_book_free(edge.leases);
        free(report);
}

/* What is not told again in a cycle is gone at its end; of another cycle nothing is taken. */
static void a_cycle_takes_the_place_of_the_last(void **state)
{
        struct lease_report *report = calloc(1, sizeof(*report));
        struct edge edge = {0};
        bool again;

        (void)state;
        assert_non_null(report);
        *report = (struct lease_report){.cycle = 7};
        fill(report, 0, 2, NOW_MS + 1);
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), 0);
        assert_true(again);
        assert_int_equal(map_count(edge.leases->rows), 0);
        report->is_first = report->is_whole = true;
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), 0);
        assert_true(!again && edge.leases->is_whole);
        assert_int_equal(map_count(edge.leases->rows), 2);

        *report = (struct lease_report){.cycle = 8, .is_first = true};
        fill(report, 1, 1, NOW_MS + 1);
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), 0);
        assert_true(!again && !edge.leases->is_whole);
        assert_int_equal(map_count(edge.leases->rows), 2);
        report->is_first = false;
        report->is_whole = true;
        fill(report, 2, 1, NOW_MS + 1);
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), 0);
        assert_int_equal(map_count(edge.leases->rows), 2);
        report->rows[0].state = LEASE_GONE;
        assert_int_equal(leases_told(&edge, report, NOW_MS, &again), 0);
        assert_int_equal(map_count(edge.leases->rows), 1);
        lease_book_free(edge.leases);
        free(report);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_ran_out_keeps_nobody_out),
                cmocka_unit_test(no_edge_fills_the_memory),
                cmocka_unit_test(a_cycle_takes_the_place_of_the_last),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
