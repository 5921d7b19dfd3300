/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/ssh_key.h"

/* As ssh-keygen of OpenSSH 9.2 writes them. */
/* clang-format off */
static const char ed25519[] =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPeSP9CZ3myFy/oABiT2NXv2ZeYrcxQEDHRSUjJ0meNp roo"
        "t@lab";
static const char *const good[] = {
        ed25519,
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDooCHeP/7Z5KcIAvMNKYNzg6N+MFtxpM+xz+IS74RIPMRM"
        "4lZW7FECmIqcX8YXU/If4XhobWB3zpNwAYYqPEOrMzz3IIaYcZyc7J3/HicovbatIBzIV8VdBVwX53KPJQMw"
        "fDhl+NtTdGq63f1uwcxv3q/RwtTv7PnifeYh64SC+hbMbcECvGyf2+sj2Lcz2MPL7xVVwqxQCBD5p5gVgtiB"
        "VUZGXN/Og+k7K1gYpvgxKM7FO7Cmsu4EXjz7Tay4BZ+kWhA773rYMCzg6ktOnqltw7Fae4J0nh3W0aTlkWW1"
        "bwzQwN0/hOb0jUdq/iktgNonwaC3uYartq31tciZFcvOLx0TmRGCp+SaZ4EOlG/HPupPx0gpXei33eI8hGxG"
        "Svr1F5/yEPmxypsj2krnU/Tjfuyv6Ag11MrVJCSQTwL5xgPzQrNafyjBe+mueCOj4wz2e26OqMeOe9CAH0gs"
        "SMKk2cHzCNA2W8ujCArcldCNB883WTT+pQZNKmcpQDUiTo8= root@lab",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMbTFZeKzcXO"
        "8BNkJU3PGGdV15Ft0qeg4pvqbPeCFMr6BGwMtXQeO+BzBfZG/lkL6nLX214qfnRdNC3OIHA+AQI= root@la"
        "b",
        "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBLJc/j50qfpW"
        "QW/sr4YBfs8IJ/PJYPuz9qVSaUeu3N1OlVrZ6u93ccdlW1BaZoGUWCnHluXnPjn2ogsfQKJVicoIZGlPE9zN"
        "uRGwNmyGHgQNEqRh2t1harYGlO4cMxmL5Q== root@lab",
        "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABcHGeiU+VD"
        "O/hphtBYOiCp2nH/9kNwOP6Q0MXwl5tHGGEYxzay+E0G5on6mMGdto2qKcCQwSoHbcoXJWmSveeJmQGqBho5"
        "Ae3u9PJVwMaV19OyPbUaANoA2d7JkaZlj+c5Km0x2tEzvJlB7C+EOcppTHTbQez+25j59phLCEOMgMMU3g=="
        " root@lab",
};
static const char dsa[] =
        "ssh-dss AAAAB3NzaC1kc3MAAACBAPvEXQYcGQiC8y2wULR//dy4Hg/E3DTCP2MUxqlbRDy0r97Yfv58lpWC"
        "JyGKZwXe6I4ePkVLkzyS5ZTPX5wD07MtiijLZ5CDU1fIsyVtAn20/w8IdqEODGxvfyqBy+7J+kjGXcDzGBYr"
        "tiUKQnICjmPAzHZzXeFgfrKTqo9Qp4tvAAAAFQDe088byGghQI0HoHvpXEwsgZdx1wAAAIAO73eBjwdrNIVS"
        "mG7J8+QKxoyajK+WDeiDUVEeq9UKAmzkD8rNisr8b4Ky6WBDp7EgGgoD4bRjIdjB1/OyVvTXuXrIFLz2uz//"
        "vzFpCwTmS60gOVSodt63c45UjCdsXO+P+6Lc2IfORePpeWD+Rfu3Hf3DPayRiCYyekjb6ZajNwAAAIEAsbqH"
        "N1m1VMiPm4uKNyrgn+88PK2oWvI8G5Wl2VxZX/870QC3fVNb3/NDSrwIzoj7Ujyni/LhCO8KpWoZoNCVgFlH"
        "FG/QWeZQaDUSBnLDaIYcMtwI7NCPUehBcT0DSXxWW6c2X5yU1WB6sw1kiUbp+raTIdG91rv+m0QhT/qXm6w="
        " root@lab";
/* clang-format on */

static void lines_of_ssh_keygen(void **state)
{
        struct ssh_key key;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                memset(&key, 0, sizeof(key));
                assert_int_equal(ssh_key_parse(good[i], &key), 0);
                assert_true(text_has_prefix(good[i], key.type));
                assert_non_null(strstr(good[i], key.key));
                assert_null(strchr(key.key, ' '));
                assert_int_equal(ssh_key_check(&key), 0);
        }
}

/* What is behind the first blank takes no part; a second line does not, either. */
static void the_comment_is_left_out(void **state)
{
        struct ssh_key plain, longer;
        char line[sizeof(ed25519) + 64];

        (void)state;
        snprintf(line, sizeof(line), "%s and more\nssh-rsa x", ed25519);
        assert_int_equal(ssh_key_parse(ed25519, &plain), 0);
        assert_int_equal(ssh_key_parse(line, &longer), 0);
        assert_string_equal(plain.key, longer.key);
}

static void lines_that_are_none(void **state)
{
        static const char *const wrong[] = {
                "",
                "ssh-ed25519",
                "ssh-ed25519 ",
                "ssh-ed25519 AAAA",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
                "ssh-ed25519  \x1b[31m",
                dsa,
                "@cert-authority ssh-ed25519 AAAA",
                "ssh-a-type-that-is-longer-than-any AAAA",
        };
        struct ssh_key key = {.type = "as it was"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(ssh_key_parse(wrong[i], &key), -EBADMSG);
        assert_string_equal(key.type, "as it was");
}

/* Each byte of a key is cut off, and one is put behind it. */
static void no_byte_less_and_none_more(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _free_ uint8_t *bytes = NULL;
                uint8_t longer[2048] = {0};
                struct ssh_key key, cut;
                size_t size;

                assert_int_equal(ssh_key_parse(good[i], &key), 0);
                assert_int_equal(base64_decode(key.key, strlen(key.key), &bytes, &size), 0);
                memcpy(longer, bytes, size);
                cut = key;
                for (size_t length = 0; length <= size + 1; length++) {
                        _free_ char *text = NULL;

                        assert_int_equal(base64_encode(longer, length, &text), 0);
                        snprintf(cut.key, sizeof(cut.key), "%s", text);
                        assert_int_equal(ssh_key_check(&cut), length == size ? 0 : -EBADMSG);
                }
        }
}

/* A key of another type under this one's name. */
static void types_do_not_mix(void **state)
{
        struct ssh_key one, other;

        (void)state;
        assert_int_equal(ssh_key_parse(good[0], &one), 0);
        for (size_t i = 1; i < ARRAY_SIZE(good); i++) {
                assert_int_equal(ssh_key_parse(good[i], &other), 0);
                memcpy(other.type, one.type, sizeof(other.type));
                assert_int_equal(ssh_key_check(&other), -EBADMSG);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_of_ssh_keygen), cmocka_unit_test(the_comment_is_left_out),
                cmocka_unit_test(lines_that_are_none), cmocka_unit_test(no_byte_less_and_none_more),
                cmocka_unit_test(types_do_not_mix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
