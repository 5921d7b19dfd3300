/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "tftp/table.h"

/* Entries of a test; each knows nothing but its place. */
static struct tftp_entry entries[TFTP_MAX_SESSIONS + 1];

static struct ip_address address_of(uint32_t number)
{
        return (struct ip_address)IP_OF4_BYTES(10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                                               (uint8_t)number);
}

static void add(struct tftp_table *table, size_t at, uint32_t client, uint16_t port,
                enum tftp_standing standing)
{
        assert_int_equal(
                tftp_table_add(table, address_of(client), address_of(client), port, &entries[at]),
                0);
        tftp_table_set(table, &entries[at], standing);
}

static void end(struct tftp_table *table)
{
        struct tftp_entry *entry;

        while ((entry = tftp_table_any(table)))
                tftp_table_remove(table, entry);
        assert_int_equal(tftp_table_count(table), 0);
        assert_null(tftp_table_free(table));
}

/* As who owns the table does it. Which one left; -1: nobody had to. -EBUSY - 1: no room. */
static int request(struct tftp_table *table, size_t at, uint32_t client, uint16_t port)
{
        struct tftp_entry *leaves = NULL;
        int left = -1;

        if (tftp_table_admit(table, address_of(client), &leaves) < 0)
                return -EBUSY;
        if (leaves) {
                left = (int)(leaves - entries);
                tftp_table_remove(table, leaves);
        }
        add(table, at, client, port, TFTP_UNANSWERED);
        return left;
}

static void finds_by_address_and_port(void **state)
{
        struct tftp_table *table = tftp_table_new();

        (void)state;
        add(table, 0, 1, 1000, TFTP_UNANSWERED);
        add(table, 1, 1, 1001, TFTP_ANSWERED);
        add(table, 2, 2, 1000, TFTP_HELD);
        assert_ptr_equal(tftp_table_find(table, address_of(1), address_of(1), 1000), &entries[0]);
        assert_ptr_equal(tftp_table_find(table, address_of(1), address_of(1), 1001), &entries[1]);
        assert_ptr_equal(tftp_table_find(table, address_of(2), address_of(2), 1000), &entries[2]);
        assert_null(tftp_table_find(table, address_of(2), address_of(2), 1001));
        assert_null(tftp_table_find(table, address_of(3), address_of(3), 1000));
        assert_int_equal(tftp_table_count(table), 3);
        tftp_table_remove(table, &entries[0]);
        assert_null(tftp_table_find(table, address_of(1), address_of(1), 1000));
        tftp_table_remove(table, &entries[2]);
        assert_null(tftp_table_find(table, address_of(2), address_of(2), 1000));
        end(table);
}

/* One address at its limit: what it has, in the order of its beginnings, and who then leaves. */
static const struct {
        const char *name;
        enum tftp_standing first, others;
        int leaves; /* -EBUSY: the request is refused */
} of_one_client[] = {
        {"nobody answered: the oldest",      TFTP_UNANSWERED, TFTP_UNANSWERED, 0     },
        {"the oldest is answered: the next", TFTP_ANSWERED,   TFTP_UNANSWERED, 1     },
        {"the oldest waits for us",          TFTP_HELD,       TFTP_UNANSWERED, 1     },
        {"one is not answered",              TFTP_UNANSWERED, TFTP_ANSWERED,   0     },
        {"all are answered",                 TFTP_ANSWERED,   TFTP_ANSWERED,   -EBUSY},
        {"all wait for us",                  TFTP_HELD,       TFTP_HELD,       -EBUSY},
};

static void caps_an_address(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(of_one_client); i++) {
                struct tftp_table *table = tftp_table_new();

                print_message("%s\n", of_one_client[i].name);
                add(table, TFTP_MAX_SESSIONS, 2, 1, TFTP_UNANSWERED); /* older, and another's */
                for (size_t k = 0; k < TFTP_MAX_SESSIONS_CLIENT; k++)
                        add(table, k, 1, (uint16_t)k,
                            k == 0 ? of_one_client[i].first : of_one_client[i].others);
                assert_int_equal(request(table, 100, 1, 100), of_one_client[i].leaves);
                end(table);
        }
}

/* Whatever the number of forged requests, who has answered stays, and who comes now gets a place
 * and keeps it while 1,023 more come. */
static void forged_requests_push_out_forged_ones(void **state)
{
        enum { GOOD = 100, FLOOD = 20000, NEW = TFTP_MAX_SESSIONS };
        struct tftp_table *table = tftp_table_new();
        size_t left = 0;

        (void)state;
        for (size_t i = 0; i < GOOD; i++)
                add(table, i, (uint32_t)i, 1, TFTP_ANSWERED);
        for (size_t i = 0; i < FLOOD; i++) {
                const size_t at = GOOD + i % TFTP_MAX_UNANSWERED;
                const int who = request(table, at, (uint32_t)(1000 + i), 1);

                assert_int_equal(who, i < TFTP_MAX_UNANSWERED ? -1 : (int)at);
                left += who >= 0;
        }
        assert_int_equal(left, FLOOD - TFTP_MAX_UNANSWERED);
        assert_int_equal(tftp_table_count(table), GOOD + TFTP_MAX_UNANSWERED);

        assert_true(request(table, NEW, 999, 1) >= GOOD);
        for (size_t i = 1; i < TFTP_MAX_UNANSWERED; i++)
                assert_true(request(table, GOOD + (FLOOD + i) % TFTP_MAX_UNANSWERED,
                                    (uint32_t)(1000 + FLOOD + i), 1) != NEW);
        assert_ptr_equal(tftp_table_find(table, address_of(999), address_of(999), 1),
                         &entries[NEW]);
        tftp_table_set(table, &entries[NEW], TFTP_ANSWERED);
        for (size_t i = 0; i < GOOD; i++)
                assert_ptr_equal(
                        tftp_table_find(table, address_of((uint32_t)i), address_of((uint32_t)i), 1),
                        &entries[i]);
        end(table);
}

/* A flood in the name of a few addresses pushes out those, and not the machines of a rack that
 * ask at the same moment. */
static void who_has_many_gives_way_first(void **state)
{
        enum { RACK = 1000 };
        struct tftp_table *table = tftp_table_new();

        (void)state;
        for (size_t i = 0; i < RACK; i++)
                add(table, i, (uint32_t)i, 1, TFTP_UNANSWERED);
        for (size_t i = RACK; i < TFTP_MAX_UNANSWERED; i++)
                add(table, i, (uint32_t)(2000 + i % 4), (uint16_t)i, TFTP_UNANSWERED);
        for (size_t i = 0; i < 8; i++)
                assert_true(request(table, TFTP_MAX_UNANSWERED + i, (uint32_t)(RACK + i), 1) >=
                            RACK);
        for (size_t i = 0; i < RACK; i++)
                assert_non_null(tftp_table_find(table, address_of((uint32_t)i),
                                                address_of((uint32_t)i), 1));
        /* Six of each of the four were too many, and these two of each are gone: now age decides.
         */
        assert_int_equal(request(table, 2000, 3000, 1), 0);
        end(table);
}

static void is_full_at_last(void **state)
{
        struct tftp_table *table = tftp_table_new();
        struct tftp_entry *leaves = NULL;

        (void)state;
        for (size_t i = 0; i < TFTP_MAX_SESSIONS; i++)
                add(table, i, (uint32_t)i, 1, TFTP_ANSWERED);
        assert_int_equal(tftp_table_admit(table, address_of(9999), &leaves), -EBUSY);
        assert_int_equal(tftp_table_add(table, address_of(9999), address_of(9999), 1,
                                        &entries[TFTP_MAX_SESSIONS]),
                         -EBUSY);
        tftp_table_remove(table, &entries[77]);
        assert_int_equal(tftp_table_admit(table, address_of(9999), &leaves), 0);
        assert_null(leaves);
        end(table);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_by_address_and_port),
                cmocka_unit_test(caps_an_address),
                cmocka_unit_test(forged_requests_push_out_forged_ones),
                cmocka_unit_test(who_has_many_gives_way_first),
                cmocka_unit_test(is_full_at_last),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
