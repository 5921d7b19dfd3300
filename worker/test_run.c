/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/run_linux.h"

#define LONG_MS 60000

static int run(const char *script, unsigned timeout_ms, char *to, size_t size)
{
        const char *const argv[] = {"/bin/sh", "-c", script, NULL};

        return run_read(argv, timeout_ms, to, size);
}

static void what_a_program_prints(void **state)
{
        char text[64];

        (void)state;
        assert_int_equal(run("echo one; echo no >&2; echo two; exit 3", LONG_MS, text, 64), 0);
        assert_string_equal(text, "one\ntwo\n");
        assert_int_equal(run("echo $HOME$USER$LC_ALL; cat", LONG_MS, text, 64), 0);
        assert_string_equal(text, "C.UTF-8\n");
}

static void more_than_there_is_place_for(void **state)
{
        char text[5];

        (void)state;
        assert_int_equal(run("seq 100000", LONG_MS, text, sizeof(text)), 0);
        assert_string_equal(text, "1\n2\n");
}

static void one_that_does_not_end(void **state)
{
        char text[64];

        (void)state;
        assert_int_equal(run("echo begun; exec sleep 100000", 500, text, 64), -ETIMEDOUT);
}

/* What it had to say is all there. */
static void one_that_is_silent_and_does_not_end(void **state)
{
        char text[64];

        (void)state;
        assert_int_equal(run("echo all; exec >&-; exec sleep 100000", LONG_MS, text, 64), 0);
        assert_string_equal(text, "all\n");
}

static void one_that_is_not_there(void **state)
{
        static const char *const argv[] = {"/nonexistent/systemctl", NULL};
        char text[64] = "x";

        (void)state;
        assert_int_equal(run_read(argv, LONG_MS, text, 64), -ENOENT);
        assert_string_equal(text, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_program_prints),
                cmocka_unit_test(more_than_there_is_place_for),
                cmocka_unit_test(one_that_does_not_end),
                cmocka_unit_test(one_that_is_silent_and_does_not_end),
                cmocka_unit_test(one_that_is_not_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
