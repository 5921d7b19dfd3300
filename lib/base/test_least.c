/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/base/least.h"

#define NUMBERS 1000

static int compare(const void *a, const void *b, void *context)
{
        const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
        const int order = (x > y) - (x < y);

        return *(const int *)context * order;
}

/* Each number below NUMBERS once, in an order that is none. */
static unsigned number_at(unsigned index)
{
        return index * 7919 % NUMBERS;
}

static void test_first(void **state)
{
        static const size_t sizes[] = {1, 2, 3, 10, 999, 1000, 1001};

        (void)state;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                _least_ struct least least = {0};
                const size_t most = sizes[i];
                int way = 1;

                assert_int_equal(least_init(&least, sizeof(unsigned), most, compare, &way), 0);
                for (unsigned j = 0; j < NUMBERS; j++) {
                        const unsigned number = number_at(j);

                        least_add(&least, &number);
                }
                least_sort(&least);
                assert_int_equal(least.count, most < NUMBERS ? most : NUMBERS);
                assert_int_equal(least.is_cut, most < NUMBERS);
                for (size_t j = 0; j < least.count; j++)
                        assert_int_equal(*(const unsigned *)least_at(&least, j), j);
        }
}

static void test_last_first(void **state)
{
        _least_ struct least least = {0};
        int way = -1;

        (void)state;
        assert_int_equal(least_init(&least, sizeof(unsigned), 3, compare, &way), 0);
        for (unsigned j = 0; j < NUMBERS; j++)
                least_add(&least, &j);
        least_sort(&least);
        for (unsigned j = 0; j < 3; j++)
                assert_int_equal(*(const unsigned *)least_at(&least, j), NUMBERS - 1 - j);
}

static void test_none(void **state)
{
        struct least least;

        (void)state;
        assert_int_equal(least_init(&least, 0, 1, compare, NULL), -EINVAL);
        assert_int_equal(least_init(&least, 1, 0, compare, NULL), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_first),
                cmocka_unit_test(test_last_first),
                cmocka_unit_test(test_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
