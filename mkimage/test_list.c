/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buffer.h"
#include "mkimage/list.h"

static int collect(void *context, const char *family, const char *entry)
{
        buffer_format(context, "%s:%s;", family, entry);
        return strcmp(entry, "stop") == 0 ? -EINTR : 0;
}

static void test_walk(void **state)
{
        _buffer_ struct buffer seen = {0};
        size_t line = 0;

        (void)state;
        assert_int_equal(list_walk("# a comment\n[one]\n  a # why\n\nkernel/b/\n[two]\nc", collect,
                                   &seen, &line),
                         0);
        assert_string_equal(seen.bytes, "one:a;one:kernel/b/;two:c;");
}

static void test_bad_lines(void **state)
{
        static const struct {
                const char *text;
                int rc;
                size_t line;
        } rows[] = {
                {"module-without-family\n", -EBADMSG, 1},
                {"[one]\na\n[]\n",          -EBADMSG, 3},
                {"[one\n",                  -EBADMSG, 1},
                {"[one]\na\nstop\nnever\n", -EINTR,   3},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                _buffer_ struct buffer seen = {0};
                size_t line = 0;

                assert_int_equal(list_walk(rows[i].text, collect, &seen, &line), rows[i].rc);
                assert_int_equal(line, rows[i].line);
        }
}

static int count(void *context, const char *family, const char *entry)
{
        (void)family;
        (void)entry;
        ++*(size_t *)context;
        return 0;
}

static void test_committed_lists(void **state)
{
        size_t one = 0, two = 0, worker = 0;

        (void)state;
        assert_int_equal(list_walk(list_stage_one, count, &one, NULL), 0);
        assert_int_equal(list_walk(list_stage_two, count, &two, NULL), 0);
        assert_int_equal(list_walk(list_worker_tiny, count, &worker, NULL), 0);
        assert_in_range(one, 60, 130);
        assert_in_range(two, 100, 400);
        assert_in_range(worker, 4, 20);
        assert_non_null(strstr(list_stage_one, "\nsquashfs\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_walk),
                cmocka_unit_test(test_bad_lines),
                cmocka_unit_test(test_committed_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
