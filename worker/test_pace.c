/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/node/worker.h"
#include "worker/pace.h"

static void beats_keep_their_distance(void **state)
{
        struct pace pace = {.call = PACE_PHONE_HOME, .has_secret = true};

        (void)state;
        assert_int_equal(pace_next(&pace, PACE_TOLD, 0, 0), BEAT_S * 900);
        assert_int_equal(pace.call, PACE_BEAT);
        assert_int_equal(pace_next(&pace, PACE_TOLD, 0, UINT32_MAX), BEAT_S * 1100);
        pace.beat_s = 10;
        assert_int_equal(pace_next(&pace, PACE_TOLD, 0, 0), 9000);
        /* Whatever a controller says. */
        pace.beat_s = UINT32_MAX;
        assert_int_equal(pace_next(&pace, PACE_TOLD, 0, UINT32_MAX), BEAT_MAX_S * 1100ULL);
}

static void pauses_grow_to_their_end(void **state)
{
        struct pace pace = {.call = PACE_BEAT, .was_told = true};
        uint64_t last = 0;

        (void)state;
        for (unsigned i = 0; i < 64; i++) {
                const uint64_t ms = pace_next(&pace, PACE_UNHEARD, 0, UINT32_MAX);

                assert_true(ms >= last);
                assert_int_equal(pace.call, PACE_BEAT);
                last = ms;
        }
        assert_int_equal(last, PACE_GROWN_S * 1000);
        assert_int_equal(pace_next(&pace, PACE_UNHEARD, 0, 0), PACE_GROWN_S * 500);
        /* A node that is not deployed yet is waited for. */
        pace = (struct pace){.call = PACE_PHONE_HOME, .pause_s = 1000};
        assert_int_equal(pace_next(&pace, PACE_UNHEARD, 0, UINT32_MAX), PACE_HOME_S * 1000);
        /* Once heard, they begin anew. */
        (void)pace_next(&pace, PACE_TOLD, 0, 0);
        assert_int_equal(pace_next(&pace, PACE_UNHEARD, 0, UINT32_MAX), 1000);
        assert_int_equal(pace_next(&pace, PACE_UNHEARD, 60, UINT32_MAX), 60000);
        assert_int_equal(pace_next(&pace, PACE_UNHEARD, UINT32_MAX, UINT32_MAX),
                         PACE_GROWN_S * 1000);
}

static void refused_it_tries_the_other_call(void **state)
{
        struct pace pace = {.call = PACE_BEAT, .has_secret = true, .was_told = true};

        (void)state;
        assert_in_range(pace_next(&pace, PACE_REFUSED, 0, 7), 1, 1000);
        assert_int_equal(pace.call, PACE_PHONE_HOME);
        assert_in_range(pace_next(&pace, PACE_REFUSED, 0, 7), PACE_REFUSED_S * 900,
                        PACE_REFUSED_S * 1100);
        assert_int_equal(pace.call, PACE_BEAT);
        /* Without the secret there is only one call. */
        pace.has_secret = false;
        assert_in_range(pace_next(&pace, PACE_REFUSED, 0, 7), PACE_REFUSED_S * 900,
                        PACE_REFUSED_S * 1100);
        assert_int_equal(pace.call, PACE_BEAT);
        /* Who never phoned home does not beat. */
        pace = (struct pace){.call = PACE_PHONE_HOME, .has_secret = true};
        (void)pace_next(&pace, PACE_REFUSED, 0, 7);
        assert_int_equal(pace.call, PACE_PHONE_HOME);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(beats_keep_their_distance),
                cmocka_unit_test(pauses_grow_to_their_end),
                cmocka_unit_test(refused_it_tries_the_other_call),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
