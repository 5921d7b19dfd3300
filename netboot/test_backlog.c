/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netboot/backlog.h"

/* More than there are places. */
#define BATCHES (BACKLOG_MAX / PACKET_BATCH + 10)

/* Reads a batch of numbered packets; those that find a place wait. Returns how many do. */
static size_t take_batch(struct backlog *backlog, size_t *number, bool is_known)
{
        struct packet *batch[PACKET_BATCH];
        size_t waiting = 0;

        backlog_batch(backlog, batch);
        for (size_t i = 0; i < PACKET_BATCH; i++) {
                batch[i]->size = (*number)++;
                if (backlog_has_room(backlog, is_known)) {
                        backlog_add(backlog, batch[i]);
                        waiting++;
                } else {
                        backlog_give_back(backlog, batch[i]);
                }
        }
        return waiting;
}

static void test_order_and_places(void **state)
{
        struct backlog *backlog = backlog_new();
        size_t number = 0, waiting = 0, known = 0, expected = 0;
        struct packet *packet;

        (void)state;
        assert_null(backlog_next(backlog));
        for (size_t i = 0; i < BATCHES; i++)
                waiting += take_batch(backlog, &number, false);
        assert_int_equal(waiting, BACKLOG_MAX_UNKNOWN);
        assert_false(backlog_has_room(backlog, false));
        for (size_t i = 0; i < BATCHES; i++)
                known += take_batch(backlog, &number, true);
        assert_int_equal(waiting + known, BACKLOG_MAX);
        assert_false(backlog_has_room(backlog, true));

        /* Who came first is first. */
        while ((packet = backlog_next(backlog))) {
                if (expected == BACKLOG_MAX_UNKNOWN)
                        expected = (size_t)BATCHES * PACKET_BATCH; /* the known ones */
                assert_int_equal(packet->size, expected++);
                backlog_give_back(backlog, packet);
        }
        assert_null(backlog_free(backlog));
}

/* Many rounds: nothing is lost, and nothing is given twice. */
static void test_rounds(void **state)
{
        struct backlog *backlog = backlog_new();
        size_t number = 0, expected = 0;

        (void)state;
        for (size_t i = 0; i < 1000; i++) {
                size_t taken = 0;

                assert_int_equal(take_batch(backlog, &number, i % 2), PACKET_BATCH);
                for (struct packet *packet;
                     taken < PACKET_BATCH && (packet = backlog_next(backlog)); taken++) {
                        assert_int_equal(packet->size, expected++);
                        backlog_give_back(backlog, packet);
                }
        }
        assert_int_equal(number, expected);
        backlog_free(backlog);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order_and_places),
                cmocka_unit_test(test_rounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
