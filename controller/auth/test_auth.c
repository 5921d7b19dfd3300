/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "controller/auth/book.h"
#include "controller/auth/login.h"
#include "controller/auth/rate.h"

static void test_book(void **state)
{
        CLEANUP(auth_book_free) struct auth_book *book = auth_book_new();
        const struct identity admin = {.kind = AUTH_USER, .role = ROLE_ADMIN, .expires_ms = 100};
        char token[TOKEN_TEXT_SIZE];
        struct identity who;
        struct sha256 hash;

        (void)state;
        assert_int_equal(token_new(token), 0);
        assert_int_equal(token_hash(token, &hash), 0);
        assert_int_equal(auth_book_add(book, &hash, &admin), 0);
        assert_int_equal(auth_book_add(book, &hash, &admin), 0);
        assert_int_equal(auth_book_count(book, AUTH_USER), 1);
        assert_int_equal(auth_book_count(book, AUTH_EDGE), 0);
        assert_true(auth_book_find(book, token, 99, &who));
        assert_int_equal(who.role, ROLE_ADMIN);
        assert_false(auth_book_find(book, token, 100, &who));
        assert_false(auth_book_find(book, NULL, 0, &who));
        assert_false(auth_book_find(book, "", 0, &who));
        token[0] ^= 1;
        assert_false(auth_book_find(book, token, 0, &who));
        token[0] ^= 1;
        auth_book_remove(book, &hash);
        assert_false(auth_book_find(book, token, 0, &who));
}

static void test_login_link(void **state)
{
        char folder[] = "/tmp/cloudie-login-XXXXXX", token[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
        const uint64_t now = (uint64_t)time(NULL) * 1000;

        (void)state;
        assert_non_null(mkdtemp(folder));
        assert_false(login_link_exists(folder, now));
        assert_int_equal(login_link_make(folder, token), 0);
        assert_true(login_link_exists(folder, now));
        assert_int_equal(token_new(other), 0);
        assert_int_equal(login_link_use(folder, other, now), -ENOENT);
        assert_int_equal(login_link_use(folder, token, now), 0);
        assert_int_equal(login_link_use(folder, token, now), -ENOENT);
        /* Too old: refused, and gone. */
        assert_int_equal(login_link_make(folder, token), 0);
        assert_false(login_link_exists(folder, now + LOGIN_LINK_MS + 2000));
        assert_int_equal(login_link_use(folder, token, now + LOGIN_LINK_MS + 2000), -ENOENT);
        assert_int_equal(login_link_use(folder, token, now), -ENOENT);
        assert_int_equal(rmdir(folder), 0);
}

static void test_rate(void **state)
{
        CLEANUP(auth_rate_free) struct auth_rate *rate = auth_rate_new(3);

        (void)state;
        for (int i = 0; i < 3; i++)
                assert_true(auth_rate_take(rate, "10.0.0.1", 100000));
        assert_false(auth_rate_take(rate, "10.0.0.1", 159999));
        assert_true(auth_rate_take(rate, "10.0.0.2", 159999));
        assert_true(auth_rate_take(rate, "10.0.0.1", 160000));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_book),
                cmocka_unit_test(test_login_link),
                cmocka_unit_test(test_rate),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
