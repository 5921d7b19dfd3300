/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/trust/hash.h"
#include "lib/trust/secret.h"

#define MILLION 1000000

static const struct {
        const char *text, *hash;
} hash_rows[] = {
  /* FIPS 180-4's examples, and the empty one */
        {"",                                                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc",                                                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"                                                            },
};

/* FIPS 180-4: one million times 'a'. */
static const char million_hash[] =
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void assert_hash(const struct sha256 *hash, const char *expected)
{
        char text[SHA256_TEXT_SIZE];

        assert_string_equal(sha256_text(text, hash), expected);
}

static void test_vectors(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(hash_rows); i++) {
                struct sha256 hash;

                assert_int_equal(sha256_of(hash_rows[i].text, strlen(hash_rows[i].text), &hash), 0);
                assert_hash(&hash, hash_rows[i].hash);
        }
}

static void test_stream_and_file(void **state)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        _free_ char *text = malloc(MILLION);
        FILE *file = tmpfile();
        struct sha256 hash;
        uint64_t size = 0;

        (void)state;
        memset(text, 'a', MILLION);
        assert_int_equal(sha256_stream_new(&stream), 0);
        for (size_t at = 0; at < MILLION; at += 500)
                assert_int_equal(sha256_stream_add(stream, text + at, 500), 0);
        assert_int_equal(sha256_stream_end(stream, &hash), 0);
        assert_hash(&hash, million_hash);

        assert_int_equal(fwrite(text, 1, MILLION, file), MILLION);
        rewind(file);
        assert_int_equal(sha256_of_fd(fileno(file), &hash, &size), 0);
        assert_hash(&hash, million_hash);
        assert_int_equal(size, MILLION);
        /* from the current place on: the end */
        assert_int_equal(sha256_of_fd(fileno(file), &hash, NULL), 0);
        assert_hash(&hash, hash_rows[0].hash);
        fclose(file);
        assert_int_equal(sha256_of_fd(-1, &hash, NULL), -EBADF);
}

static void test_text(void **state)
{
        struct sha256 hash, again;

        (void)state;
        assert_int_equal(sha256_parse(million_hash, &hash), 0);
        assert_hash(&hash, million_hash);
        assert_int_equal(sha256_parse(million_hash + 1, &again), -EINVAL);
        assert_int_equal(sha256_parse("", &again), -EINVAL);
        assert_int_equal(
                sha256_parse("zdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                             &again),
                -EINVAL);
        again = hash;
        assert_true(sha256_is_equal(&hash, &again));
        again.bytes[31] ^= 1;
        assert_false(sha256_is_equal(&hash, &again));
}

static void test_tokens(void **state)
{
        char a[TOKEN_TEXT_SIZE], b[TOKEN_TEXT_SIZE];
        struct sha256 hash;

        (void)state;
        assert_int_equal(token_new(a), 0);
        assert_int_equal(token_new(b), 0);
        assert_int_equal(strlen(a), 64);
        assert_int_equal(strspn(a, "0123456789abcdef"), 64);
        assert_string_not_equal(a, b);
        assert_int_equal(token_hash("abc", &hash), 0);
        assert_hash(&hash, hash_rows[1].hash);
        assert_true(secret_is_equal("same", "same", 4));
        assert_false(secret_is_equal("same", "samf", 4));
        assert_true(secret_is_equal("a", "b", 0));
        secret_erase(a, sizeof(a));
        assert_int_equal(a[0] | a[63], 0);
}

static void test_random_is_not_constant(void **state)
{
        uint8_t bytes[4096];
        unsigned seen[256] = {0};

        (void)state;
        assert_int_equal(random_bytes(bytes, sizeof(bytes)), 0);
        for (size_t i = 0; i < sizeof(bytes); i++)
                seen[bytes[i]]++;
        for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
                assert_in_range(seen[i], 0, 64); /* 16 expected; 64 is 12 sigma away */
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_stream_and_file),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_random_is_not_constant),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
