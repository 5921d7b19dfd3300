/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/map.h"
#include "lib/base/siphash.h"

static void siphash_is_that_of_the_paper(void **state)
{
        uint8_t key[16], bytes[15];

        (void)state;
        for (uint8_t i = 0; i < 16; i++)
                key[i] = i;
        for (uint8_t i = 0; i < 15; i++)
                bytes[i] = i;
        assert_true(siphash(key, bytes, 15) == UINT64_C(0xa129ca6149be45e5)); /* appendix A */
        assert_true(siphash(key, bytes, 0) == UINT64_C(0x726fdb47dd0e0e31)); /* reference vectors */
        assert_true(siphash(key, bytes, 8) == UINT64_C(0x93f5f5799a932462));
}

static void put_find_replace_remove(void **state)
{
        struct map *map = map_new(3);
        int a, b;

        (void)state;
        assert_null(map_find(map, "k", 1));
        assert_int_equal(map_set(map, "k", 1, &a), 0);
        assert_int_equal(map_set(map, "k\0", 2, &b), 0); /* another key */
        assert_int_equal(map_set(map, NULL, 0, &b), 0);  /* the empty one is a key, too */
        assert_int_equal(map_set(map, "x", 1, &b), -ENOSPC);
        assert_int_equal(map_set(map, "k", 1, &b), 0); /* replacing needs no room */
        assert_int_equal(map_set(map, "k", 1, NULL), -EINVAL);
        assert_int_equal(map_count(map), 3);
        assert_ptr_equal(map_find(map, "k", 1), &b);
        assert_ptr_equal(map_find(map, "", 0), &b);
        assert_ptr_equal(map_remove(map, "k", 1), &b);
        assert_null(map_remove(map, "k", 1));
        assert_null(map_find(map, "k", 1));
        assert_int_equal(map_count(map), 2);
        assert_null(map_free(map));
        assert_null(map_free(NULL));
}

static void a_key_is_at_most_so_long(void **state)
{
        struct map *map = map_new(10);
        char key[MAP_KEY_MAX + 1] = {0};

        (void)state;
        assert_int_equal(map_set(map, key, MAP_KEY_MAX, key), 0);
        assert_int_equal(map_set(map, key, MAP_KEY_MAX + 1, key), -EINVAL);
        assert_null(map_find(map, key, MAP_KEY_MAX + 1));
        assert_null(map_remove(map, key, MAP_KEY_MAX + 1));
        assert_ptr_equal(map_find(map, key, MAP_KEY_MAX), key);
        map_free(map);
}

enum { MANY = 20000 };
static char values[MANY];

static void many_come_and_go(void **state)
{
        struct map *map = map_new(MANY);

        (void)state;
        for (int round = 0; round < 5; round++) {
                for (int i = 0; i < MANY; i++)
                        assert_int_equal(map_set(map, &i, sizeof(i), &values[i]), 0);
                assert_int_equal(map_count(map), MANY);
                for (int i = round & 1; i < MANY; i += 2)
                        assert_ptr_equal(map_remove(map, &i, sizeof(i)), &values[i]);
                for (int i = 0; i < MANY; i++) {
                        bool is_gone = (i & 1) == (round & 1);

                        assert_ptr_equal(map_find(map, &i, sizeof(i)), is_gone ? NULL : &values[i]);
                }
        }
        map_free(map);
}

/* A pool that is always nearly empty must not fill up with graves. */
static void churn_does_not_hang(void **state)
{
        struct map *map = map_new(4);

        (void)state;
        for (int i = 0; i < 100000; i++) {
                assert_int_equal(map_set(map, &i, sizeof(i), &values[i % MANY]), 0);
                assert_ptr_equal(map_remove(map, &i, sizeof(i)), &values[i % MANY]);
        }
        assert_int_equal(map_count(map), 0);
        map_free(map);
}

static void a_walk_may_remove_where_it_stands(void **state)
{
        struct map *map = map_new(MANY);
        size_t at = 0, seen = 0;
        void *value;

        (void)state;
        memset(values, 0, sizeof(values));
        for (int i = 0; i < MANY; i++)
                map_set(map, &i, sizeof(i), &values[i]);
        while (map_next(map, &at, &value)) {
                int i = (int)((char *)value - values);

                assert_int_equal(values[i]++, 0); /* each one once */
                seen++;
                if (i % 3)
                        assert_ptr_equal(map_remove(map, &i, sizeof(i)), value);
        }
        assert_int_equal(seen, MANY);
        assert_int_equal(map_count(map), (MANY + 2) / 3);
        map_free(map);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(siphash_is_that_of_the_paper),
                cmocka_unit_test(put_find_replace_remove),
                cmocka_unit_test(a_key_is_at_most_so_long),
                cmocka_unit_test(many_come_and_go),
                cmocka_unit_test(churn_does_not_hang),
                cmocka_unit_test(a_walk_may_remove_where_it_stands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
