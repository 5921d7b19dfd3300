/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/trust/hpke.h"
#include "lib/trust/seal.h"

#define KEYS 64

static struct hpke_text unhex(const char *hex, uint8_t *to)
{
        const size_t size = strlen(hex) / 2;

        assert_int_equal(text_unhex(hex, to, size), 0);
        return (struct hpke_text){to, size};
}

/* RFC 9180 A.2.1 and A.2.1.1, sequence number 0. */
static void test_vector(void **state)
{
        static const char plain_text[] = "Beauty is truth, truth beauty";
        uint8_t ephemeral[32], enc[32], private[32], public[32], bytes[3][64], out[64] = {0};
        const struct hpke_text info = unhex("4f6465206f6e2061204772656369616e2055726e", bytes[0]),
                               aad = unhex("436f756e742d30", bytes[1]),
                               cipher = unhex("1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0d"
                                              "ef8c8b60b4db21993c62ce81883d2dd1b51a28",
                                              bytes[2]),
                               plain = {(const uint8_t *)plain_text, strlen(plain_text)};

        (void)state;
        unhex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600", ephemeral);
        unhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a", enc);
        unhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb", private);
        unhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a", public);

        assert_int_equal(x25519_public(ephemeral, out), 0);
        assert_memory_equal(out, enc, sizeof(enc));
        assert_int_equal(hpke_seal(public, ephemeral, info, aad, plain, out), 0);
        assert_memory_equal(out, cipher.bytes, cipher.size);
        memset(out, 0, sizeof(out));
        assert_int_equal(hpke_open(private, enc, info, aad, cipher, out), 0);
        assert_memory_equal(out, plain_text, plain.size);
}

/* The mapped public key is the public half of the mapped private one: two ways, one by our sums
 * and one by OpenSSL's X25519. */
static void test_keys_are_one_point(void **state)
{
        (void)state;
        for (int i = 0; i < KEYS; i++) {
                CLEANUP(signing_key_free) struct signing_key *key = NULL;
                uint8_t scalar[32], public[32], mapped[32];
                struct public_key ed25519;

                assert_int_equal(signing_key_new(&key), 0);
                signing_key_public(key, &ed25519);
                assert_int_equal(x25519_of_signing(key, scalar), 0);
                assert_int_equal(x25519_public(scalar, public), 0);
                assert_int_equal(x25519_of_public(&ed25519, mapped), 0);
                assert_memory_equal(public, mapped, sizeof(public));
        }
}

/* y of 1: no u; of p and above: a second name. Of small order: nothing is sealed to them. */
static void test_points_that_are_none(void **state)
{
        static const char *const rows[] = {
                "0100000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000080",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct public_key key;
                uint8_t *sealed = NULL;
                size_t size;

                assert_int_equal(text_unhex(rows[i], key.bytes, sizeof(key.bytes)), 0);
                assert_int_equal(seal(&key, "test", "a", 1, &sealed, &size), -EINVAL);
                assert_null(sealed);
        }
}

struct pair {
        struct signing_key *key, *other;
        uint8_t *sealed;
        size_t size;
};

static const char text[] = "what only one may read";

static int set_up(void **state)
{
        struct pair *pair = calloc(1, sizeof(*pair));
        struct public_key public;

        if (!pair || signing_key_new(&pair->key) < 0 || signing_key_new(&pair->other) < 0)
                return -1;
        signing_key_public(pair->key, &public);
        *state = pair;
        return seal(&public, "test", text, sizeof(text), &pair->sealed, &pair->size);
}

static int tear_down(void **state)
{
        struct pair *pair = *state;

        signing_key_free(pair->key);
        signing_key_free(pair->other);
        free(pair->sealed);
        free(pair);
        return 0;
}

static int open_with(const struct signing_key *key, const char *info, const uint8_t *sealed,
                     size_t size)
{
        _free_ uint8_t *plain = NULL;
        size_t plain_size;
        const int rc = seal_open(key, info, sealed, size, &plain, &plain_size);

        assert_true(rc == 0 || !plain);
        return rc;
}

static void test_only_its_own(void **state)
{
        const struct pair *pair = *state;
        _free_ uint8_t *plain = NULL, *again = NULL;
        struct public_key public;
        size_t size;

        assert_int_equal(pair->size, sizeof(text) + SEAL_MORE);
        assert_int_equal(seal_open(pair->key, "test", pair->sealed, pair->size, &plain, &size), 0);
        assert_int_equal(size, sizeof(text));
        assert_string_equal((const char *)plain, text);
        assert_int_equal(plain[size], 0);
        assert_int_equal(open_with(pair->other, "test", pair->sealed, pair->size), -EKEYREJECTED);
        assert_int_equal(open_with(pair->key, "tesu", pair->sealed, pair->size), -EKEYREJECTED);
        assert_int_equal(open_with(pair->key, "", pair->sealed, pair->size), -EKEYREJECTED);

        /* Sealed twice it is not the same: nobody can tell that it says the same. */
        signing_key_public(pair->key, &public);
        assert_int_equal(seal(&public, "test", text, sizeof(text), &again, &size), 0);
        assert_memory_not_equal(again, pair->sealed, size);
}

static void test_every_bit_counts(void **state)
{
        const struct pair *pair = *state;

        for (size_t bit = 0; bit < 8 * pair->size; bit++) {
                const size_t at = bit / 8;

                /* X25519 leaves the highest bit of a key out; it is part of what is hashed. */
                pair->sealed[at] ^= (uint8_t)(1 << bit % 8);
                assert_int_equal(open_with(pair->key, "test", pair->sealed, pair->size),
                                 -EKEYREJECTED);
                pair->sealed[at] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t size = 0; size < pair->size; size++)
                assert_int_equal(open_with(pair->key, "test", pair->sealed, size),
                                 size < SEAL_MORE ? -EBADMSG : -EKEYREJECTED);
}

static void test_limits(void **state)
{
        const struct pair *pair = *state;
        char info[SEAL_INFO_MAX + 2];
        _free_ uint8_t *sealed = NULL, *plain = NULL, *none = NULL;
        struct public_key public;
        size_t size, plain_size;

        signing_key_public(pair->key, &public);
        memset(info, 'i', sizeof(info));
        info[sizeof(info) - 1] = '\0';
        assert_int_equal(seal(&public, info, "", 0, &none, &size), -EINVAL);
        assert_int_equal(open_with(pair->key, info, pair->sealed, pair->size), -EINVAL);
        info[SEAL_INFO_MAX] = '\0';
        assert_int_equal(seal(&public, info, "", 0, &sealed, &size), 0);
        assert_int_equal(seal_open(pair->key, info, sealed, size, &plain, &plain_size), 0);
        assert_int_equal(plain_size, 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vector),
                cmocka_unit_test(test_keys_are_one_point),
                cmocka_unit_test(test_points_that_are_none),
                cmocka_unit_test_setup_teardown(test_only_its_own, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_every_bit_counts, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
