/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/loop.h"

/* One loop, and a trace of what it called: a letter a call. */
static struct loop *loop;
static char trace[64];
static struct loop_timer *timers[6];

static void note(void *letter)
{
        strncat(trace, letter, sizeof(trace) - strlen(trace) - 1);
}

static void stop(void *context)
{
        (void)context;
        loop_stop(loop);
}

/* A loop that stops by itself, so that a test which waits for nothing fails. */
static int begin(void **state)
{
        static struct loop_timer *last;

        (void)state;
        trace[0] = '\0';
        if (loop_new(&loop) < 0 || loop_add_timer(loop, stop, NULL, &last) < 0)
                return -1;
        loop_timer_arm(last, clock_monotonic_ms() + 60);
        return 0;
}

static int end(void **state)
{
        (void)state;
        loop = loop_free(loop);
        return 0;
}

static void timers_run_by_time_then_by_order_of_arming(void **state)
{
        static const struct {
                char letter[2];
                unsigned after_ms;
        } rows[] = {
                {"f", 30},
                {"a", 0 },
                {"c", 10},
                {"d", 10},
                {"b", 5 },
                {"e", 20}
        };
        uint64_t now_ms = clock_monotonic_ms();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                assert_int_equal(
                        loop_add_timer(loop, note, (void *)(uintptr_t)rows[i].letter, &timers[i]),
                        0);
                loop_timer_arm(timers[i], now_ms + 1000000);
                loop_timer_arm(timers[i], now_ms + rows[i].after_ms); /* the last word counts */
        }
        assert_int_equal(loop_run(loop), 0);
        assert_string_equal(trace, "abcdef");
        assert_in_range(clock_monotonic_ms() - now_ms, 60, 5000);
}

static void take_the_others_out(void *context)
{
        note(context);
        loop_timer_disarm(timers[1]);
        loop_remove_timer(timers[2]);
        loop_remove_timer(timers[0]); /* itself */
        loop_timer_arm(timers[3], clock_monotonic_ms());
}

static void a_timer_may_remove_any(void **state)
{
        static const loop_fn fns[] = {take_the_others_out, note, note, note, note};
        static char letters[][2] = {"a", "b", "c", "d", "e"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(fns); i++) {
                loop_add_timer(loop, fns[i], letters[i], &timers[i]);
                loop_timer_arm(timers[i], i); /* all of them are due in the same turn */
        }
        loop_run(loop);
        assert_string_equal(trace, "aed"); /* d was armed anew: the next turn's */
        loop_remove_timer(NULL);
}

static void arm_again(void *context)
{
        loop_timer_arm(timers[0], 0);
        if (strlen(trace) < 10)
                note(context);
}

static void a_timer_in_the_past_starves_nobody(void **state)
{
        char letter[] = "a", other[] = "b";

        (void)state;
        loop_add_timer(loop, arm_again, letter, &timers[0]);
        loop_add_timer(loop, note, other, &timers[1]);
        loop_timer_arm(timers[0], 0);
        loop_timer_arm(timers[1], clock_monotonic_ms());
        loop_run(loop); /* also ends, by its own timer */
        assert_string_equal(trace, "abaaaaaaaa");
}

static void the_heap_sorts_any_order(void **state)
{
        enum { COUNT = 500 };
        static struct loop_timer *many[COUNT];
        static uint64_t times[COUNT];
        char letter[] = "x";
        uint32_t random = 1;

        (void)state;
        for (size_t i = 0; i < COUNT; i++) {
                random = random * 1103515245 + 12345;
                times[i] = (random >> 16) % 100;
                loop_add_timer(loop, note, letter, &many[i]);
                loop_timer_arm(many[i], times[i]);
        }
        for (size_t i = 0; i < COUNT; i += 2)
                loop_timer_disarm(many[i]);
        for (size_t i = 1; i < COUNT; i += 4)
                loop_remove_timer(many[i]);
        loop_run(loop);
        assert_int_equal(strlen(trace), sizeof(trace) - 1); /* 125 calls fill it */
}

static int pipes[2][2];
static struct loop_fd *handles[2];

static void remove_both(void *context, uint32_t events)
{
        (void)events;
        note(context);
        for (int i = 0; i < 2; i++) {
                loop_remove_fd(handles[i]);
                close(pipes[i][0]);
                close(pipes[i][1]);
        }
}

static void a_descriptor_may_remove_any(void **state)
{
        char letter[] = "r";

        (void)state;
        for (int i = 0; i < 2; i++) {
                assert_int_equal(pipe(pipes[i]), 0);
                assert_int_equal(
                        loop_add_fd(loop, pipes[i][0], EPOLLIN, remove_both, letter, &handles[i]),
                        0);
                assert_int_equal(write(pipes[i][1], "x", 1), 1);
        }
        loop_run(loop);
        assert_string_equal(trace, "r"); /* both were ready, one was called */
        loop_remove_fd(NULL);
}

static void take_byte(void *context, uint32_t events)
{
        char byte;

        assert_int_equal(events, EPOLLIN);
        assert_int_equal(read(pipes[0][0], &byte, 1), 1);
        note(context);
        if (byte == '2')
                loop_set_events(handles[0], 0);
}

static void readiness_is_level_triggered_and_can_be_masked(void **state)
{
        char letter[] = "r";

        (void)state;
        assert_int_equal(pipe(pipes[0]), 0);
        loop_add_fd(loop, pipes[0][0], EPOLLIN, take_byte, letter, &handles[0]);
        assert_int_equal(write(pipes[0][1], "123", 3), 3);
        loop_run(loop);
        assert_string_equal(trace, "rr");
        assert_int_equal(loop_add_fd(loop, -1, EPOLLIN, take_byte, NULL, &handles[1]), -EBADF);
        close(pipes[0][0]);
        close(pipes[0][1]);
}

enum { POSTERS = 4, POSTS = 2000 };
static unsigned next_of[POSTERS], posted_count;

static void count_post(void *context)
{
        uintptr_t post = (uintptr_t)context;

        assert_int_equal(next_of[post / POSTS]++, post % POSTS); /* in each thread's order */
        if (++posted_count == POSTERS * POSTS)
                loop_stop(loop);
}

static void *post_many(void *context)
{
        uintptr_t first = (uintptr_t)context;

        for (uintptr_t i = 0; i < POSTS; i++)
                while (loop_post(loop, count_post, (void *)(first + i)) == -EAGAIN)
                        ;
        return NULL;
}

static void threads_post_in_order(void **state)
{
        pthread_t threads[POSTERS];

        (void)state;
        for (uintptr_t i = 0; i < POSTERS; i++)
                pthread_create(&threads[i], NULL, post_many, (void *)(i * POSTS));
        while (posted_count < POSTERS * POSTS)
                loop_run(loop);
        for (size_t i = 0; i < POSTERS; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(posted_count, POSTERS * POSTS);
}

static void post_again(void *context)
{
        note(context);
        if (strlen(trace) < 5)
                loop_post(loop, post_again, context);
}

static void a_posted_call_may_post(void **state)
{
        char letter[] = "p";

        (void)state;
        loop_post(loop, post_again, letter);
        loop_run(loop);
        assert_string_equal(trace, "ppppp");
}

static void the_queue_is_bounded_and_dropped_at_the_end(void **state)
{
        char letter[] = "p";

        (void)state;
        for (int i = 0; i < LOOP_POST_MAX; i++)
                assert_int_equal(loop_post(loop, note, letter), 0);
        assert_int_equal(loop_post(loop, note, letter), -EAGAIN);
        loop = loop_free(loop);
        assert_string_equal(trace, "");
        assert_null(loop_free(NULL));
}

static void a_stop_before_the_run_counts(void **state)
{
        uint64_t before_ms = clock_monotonic_ms();

        (void)state;
        loop_stop(loop);
        assert_int_equal(loop_run(loop), 0);
        assert_int_equal(loop_run(loop), 0); /* and only once: this one waits for the timer */
        assert_true(clock_monotonic_ms() - before_ms >= 50);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
        const struct CMUnitTest tests[] = {
                LOOP_TEST(timers_run_by_time_then_by_order_of_arming),
                LOOP_TEST(a_timer_may_remove_any),
                LOOP_TEST(a_timer_in_the_past_starves_nobody),
                LOOP_TEST(the_heap_sorts_any_order),
                LOOP_TEST(a_descriptor_may_remove_any),
                LOOP_TEST(readiness_is_level_triggered_and_can_be_masked),
                LOOP_TEST(threads_post_in_order),
                LOOP_TEST(a_posted_call_may_post),
                LOOP_TEST(the_queue_is_bounded_and_dropped_at_the_end),
                LOOP_TEST(a_stop_before_the_run_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
