/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "installer/progress.h"

#define GENERATION 7

static void say(struct progress_book *book, const char *step, const char *state, unsigned done)
{
        char line[256];

        snprintf(line, sizeof(line),
                 "{\"generation\":%d,\"step\":\"%s\",\"state\":\"%s\",\"done\":%u}", GENERATION,
                 step, state, done);
        assert_int_equal(progress_book_add(book, line), 0);
}

/* The next news is this; it is acknowledged. */
static void expect(struct progress_book *book, uint64_t now_ms, enum operation_step step,
                   enum progress_state state)
{
        struct install_progress next;

        assert_int_equal(progress_book_next(book, now_ms, false, &next), 1);
        assert_int_equal(next.step, step);
        assert_int_equal(next.state, state);
        progress_book_told(book, next.step, now_ms);
}

static void expect_none(const struct progress_book *book, uint64_t now_ms)
{
        struct install_progress next;

        assert_int_equal(progress_book_next(book, now_ms, false, &next), 0);
}

static void count_line(void *context, const char *line)
{
        size_t *sizes = context;

        sizes[0]++;
        sizes[sizes[0]] = strlen(line);
}

static void test_lines(void **state)
{
        static struct lines lines;
        static char longer[3 * LINES_MAX_SIZE];
        size_t sizes[5] = {0};

        (void)state;
        lines_add(&lines, "ab", 2, count_line, sizes);
        lines_add(&lines, "c\n\n1\n", 5, count_line, sizes);
        memset(longer, 'x', sizeof(longer));
        lines_add(&lines, longer, sizeof(longer), count_line, sizes);
        lines_add(&lines, "\nend", 4, count_line, sizes);
        lines_end(&lines, count_line, sizes);
        lines_end(&lines, count_line, sizes);
        assert_int_equal(sizes[0], 4);
        assert_int_equal(sizes[1], 3);
        assert_int_equal(sizes[2], 1);
        assert_int_equal(sizes[3], LINES_MAX_SIZE - 1); /* cut */
        assert_int_equal(sizes[4], 3);
}

static void test_what_is_not_taken(void **state)
{
        static const char *const lines[] = {
                "",
                "x",
                "{}",
                "{\"generation\":8,\"step\":\"check\",\"state\":\"done\"}",
                "{\"step\":\"check\",\"state\":\"done\"}",
                "{\"generation\":7,\"step\":\"plan\",\"state\":\"done\"}",
                "{\"generation\":7,\"step\":\"reboot\",\"state\":\"done\"}",
                "{\"generation\":7,\"step\":\"phone-home\",\"state\":\"done\"}",
                "{\"generation\":7,\"step\":\"check\",\"state\":\"maybe\"}",
        };
        static struct progress_book book;

        (void)state;
        progress_book_init(&book, GENERATION);
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
                assert_true(progress_book_add(&book, lines[i]) < 0);
        expect_none(&book, 100000);
}

static void test_changes_go_at_once_and_bytes_wait(void **state)
{
        static struct progress_book book;

        (void)state;
        progress_book_init(&book, GENERATION);
        say(&book, "write", "running", 0);
        expect(&book, 10000, INSTALL_WRITE, PROGRESS_RUNNING);
        say(&book, "write", "running", 4096);
        expect_none(&book, 10000 + PROGRESS_PAUSE_MS - 1);
        expect(&book, 10000 + PROGRESS_PAUSE_MS, INSTALL_WRITE, PROGRESS_RUNNING);
        say(&book, "write", "running", 8192);
        say(&book, "write", "done", 8192);
        expect(&book, 10000 + PROGRESS_PAUSE_MS, INSTALL_WRITE, PROGRESS_DONE);
        expect_none(&book, 1000000);
}

static void test_no_last_word_is_lost(void **state)
{
        static struct progress_book book;

        (void)state;
        progress_book_init(&book, GENERATION);
        say(&book, "check", "running", 0);
        say(&book, "check", "done", 0);
        say(&book, "image", "done", 0);
        say(&book, "write", "running", 1);
        expect(&book, 1, INSTALL_CHECK, PROGRESS_DONE);
        expect(&book, 1, INSTALL_IMAGE, PROGRESS_DONE);
        expect(&book, 1, INSTALL_WRITE, PROGRESS_RUNNING);
        expect_none(&book, 1);
        progress_book_repeat(&book);
        expect(&book, 1, INSTALL_WRITE, PROGRESS_RUNNING);
}

static void test_the_end(void **state)
{
        static struct progress_book book;
        struct install_progress next;

        (void)state;
        progress_book_init(&book, GENERATION);
        progress_book_end(&book, true, "", ""); /* it did all */
        assert_false(progress_book_is_failed(&book));
        progress_book_end(&book, false, "ended by signal 11", "oops");
        assert_true(progress_book_is_failed(&book));
        assert_int_equal(progress_book_next(&book, 0, false, &next), 1);
        assert_int_equal(next.step, INSTALL_CHECK);
        assert_int_equal(next.cause, CAUSE_INSTALLER_CRASHED);
        assert_int_equal(next.generation, GENERATION);
        assert_string_equal(next.text, "ended by signal 11: oops");

        progress_book_init(&book, GENERATION);
        say(&book, "write", "done", 0);
        progress_book_end(&book, false, "ended with status 3", "");
        expect(&book, 0, INSTALL_WRITE, PROGRESS_DONE);
        expect(&book, 0, INSTALL_SEED, PROGRESS_FAILED);

        progress_book_init(&book, GENERATION);
        assert_int_equal(progress_book_add(&book, "{\"generation\":7,\"step\":\"check\",\"state\":"
                                                  "\"failed\",\"cause\":\"disk-gone\"}"),
                         0);
        progress_book_end(&book, false, "ended with status 1", ""); /* it said why itself */
        assert_int_equal(progress_book_next(&book, 0, false, &next), 1);
        assert_int_equal(next.cause, CAUSE_DISK_GONE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_what_is_not_taken),
                cmocka_unit_test(test_changes_go_at_once_and_bytes_wait),
                cmocka_unit_test(test_no_last_word_is_lost),
                cmocka_unit_test(test_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
