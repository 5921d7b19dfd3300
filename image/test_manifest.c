/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "image/manifest.h"
#include "lib/doc/value.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* 2.5 frames; 3 rows. */
static const struct image_manifest usual = {
        .format = 1,
        .name = "debian-12.5",
        .size = 10 << 20,
        .frame_size = IMAGE_FRAME_SIZE,
        .sector_size = 512,
        .os = "Debian GNU/Linux 12",
        .architecture = "x86_64",
        .stored_size = 1000 + IMAGE_TABLE_HEAD + 3 * IMAGE_ROW_SIZE,
        .stored_sha256 = A64,
        .table_sha256 = B64,
        .made_ms = 1700000000000,
};

static int parse_changed(const char *from, const char *to, char *error)
{
        struct image_manifest again;
        _free_ char *text = NULL;
        char changed[2048];
        const char *at;

        assert_int_equal(image_manifest_print(&usual, &text), 0);
        at = strstr(text, from);
        assert_non_null(at);
        snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to,
                 at + strlen(from));
        return image_manifest_parse(changed, strlen(changed), error, &again);
}

static void test_there_and_back(void **state)
{
        struct image_manifest again;
        _free_ char *text = NULL, *second = NULL;
        char error[DOC_ERROR_SIZE], id[IMAGE_ID_SIZE];

        (void)state;
        assert_int_equal(image_manifest_print(&usual, &text), 0);
        assert_int_equal(image_manifest_parse(text, strlen(text), error, &again), 0);
        assert_memory_equal(&again, &usual, sizeof(usual));
        assert_int_equal(image_manifest_print(&again, &second), 0);
        assert_string_equal(second, text);
        image_id(&again, id);
        assert_string_equal(id, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
        assert_true(image_id_is_valid(id));
        assert_int_equal(image_frame_count(&again), 3);
        assert_int_equal(image_frame_size(&again, 1), IMAGE_FRAME_SIZE);
        assert_int_equal(image_frame_size(&again, 2), 2 << 20);
        assert_int_equal(image_table_offset(&again), 1000 + IMAGE_TABLE_HEAD);
        /* a newer peer may say more */
        assert_int_equal(parse_changed("\"format\"", "\"colour\": \"red\", \"format\"", error), 0);
}

static void test_sizes(void **state)
{
        struct image_manifest manifest = {.size = 512};

        (void)state;
        assert_int_equal(image_frame_count(&manifest), 1);
        assert_int_equal(image_frame_size(&manifest, 0), 512);
        manifest.size = IMAGE_FRAME_SIZE;
        assert_int_equal(image_frame_count(&manifest), 1);
        assert_int_equal(image_frame_size(&manifest, 0), IMAGE_FRAME_SIZE);
        manifest.size = IMAGE_FRAME_SIZE + 512;
        assert_int_equal(image_frame_count(&manifest), 2);
        assert_int_equal(image_frame_size(&manifest, 1), 512);

        assert_true(image_size_is_valid((uint64_t)16 << 40, 512));
        assert_false(image_size_is_valid(((uint64_t)16 << 40) + 512, 512));
        assert_false(image_size_is_valid(0, 512));
        assert_false(image_size_is_valid(1000, 512));
        assert_false(image_size_is_valid(512, 4096));
        assert_true(image_size_is_valid(8192, 4096));
        assert_false(image_size_is_valid(8192, 1024));
        assert_false(image_size_is_valid(8192, 0));
}

static void test_refusals(void **state)
{
        static const struct {
                const char *from, *to, *error;
        } rows[] = {
                {"\"format\": 1",         "\"format\": 2",                        "newer"         },
                {"\"format\": 1",         "\"form\": 1",                          "'format'"      },
                {"debian-12.5",           "../etc",                               "'name'"        },
                {"debian-12.5",           "",                                     "'name'"        },
                {"\"size\": 10485760",    "\"size\": 10485761",                   "'size'"        },
                {"\"size\": 10485760",    "\"size\": 0",                          "'size'"        },
                {"\"size\": 10485760",    "\"size\": 9223372036854775296",        "size"          },
                {"\"size\": 10485760",    "\"size\": 17592186044416",             "'stored_size'" },
                {"4194304",               "8388608",                              "'frame_size'"  },
                {"\"sector_size\": 512",  "\"sector_size\": 520",                 "'sector_size'" },
                {"\"stored_size\": 1140", "\"stored_size\": 142",                 "'stored_size'" },
                {"\"stored_size\": 1140", "\"stored_size\": 7",                   "'stored_size'" },
                {"\"stored_size\": 1140", "\"stored_size\": 9223372036854775807", "'stored_size'" },
                {"aaaa",                  "AAAA",                                 "SHA-256"       },
                {"bbbb",                  "bbb",                                  "SHA-256"       },
                {"Debian GNU",            "Debian\\u001b[2J",                     "one line"      },
                {"x86_64",                "x86_64_and_much_more",                 "'architecture'"},
                {"{",                     "[",                                    ""              },
        };
        char error[DOC_ERROR_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                error[0] = '\0';
                if (parse_changed(rows[i].from, rows[i].to, error) != -EBADMSG ||
                    !strstr(error, rows[i].error))
                        fail_msg("%s -> %s: '%s'", rows[i].from, rows[i].to, error);
        }
        assert_int_equal(parse_changed("\"stored_size\": 1140", "\"stored_size\": 143", error), 0);
}

static void test_names(void **state)
{
        static const char *const good[] = {"a", "0", "debian-12.5", "a.json", "a..b"};
        static const char *const bad[] = {"",    ".a", "-a",  "A",   "a/b",
                                          "a b", "..", "a_b", "a\n", "\xc3\xa9"};
        char longest[IMAGE_NAME_SIZE + 1];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                assert_true(image_name_is_valid(good[i]));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(image_name_is_valid(bad[i]));
        memset(longest, 'a', sizeof(longest));
        longest[IMAGE_NAME_SIZE - 1] = '\0';
        assert_true(image_name_is_valid(longest));
        longest[IMAGE_NAME_SIZE - 1] = 'a';
        longest[IMAGE_NAME_SIZE] = '\0';
        assert_false(image_name_is_valid(longest));

        assert_false(image_id_is_valid("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
        assert_false(image_id_is_valid("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
        assert_false(image_id_is_valid("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbg"));
        assert_false(image_id_is_valid("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"));
}

static int open_text(const struct public_key *key, const char *text, const char *signature,
                     bool *ret_is_signed)
{
        struct image_manifest manifest;
        char error[DOC_ERROR_SIZE];

        return image_manifest_open(key, reader_over(text, strlen(text)),
                                   reader_over(signature, strlen(signature)), error, ret_is_signed,
                                   &manifest);
}

static void test_signature(void **state)
{
        CLEANUP(signing_key_free) struct signing_key *key = NULL, *other = NULL;
        _free_ char *text = NULL, *signature = NULL, *stranger = NULL, *nonsense = NULL;
        char large[IMAGE_SIGNATURE_MAX + 2];
        struct public_key public;
        bool is_signed;

        (void)state;
        assert_int_equal(signing_key_new(&key), 0);
        assert_int_equal(signing_key_new(&other), 0);
        signing_key_public(key, &public);
        assert_int_equal(image_manifest_print(&usual, &text), 0);
        assert_int_equal(minisign_sign(key, text, strlen(text), "image", &signature), 0);
        assert_int_equal(minisign_sign(other, text, strlen(text), "image", &stranger), 0);

        assert_int_equal(open_text(&public, text, signature, &is_signed), 0);
        assert_true(is_signed);
        assert_int_equal(open_text(&public, text, stranger, &is_signed), -EKEYREJECTED);
        assert_false(is_signed);
        assert_int_equal(open_text(&public, text, "", &is_signed), -EBADMSG);
        assert_false(is_signed);
        memset(large, 'x', sizeof(large) - 1);
        large[sizeof(large) - 1] = '\0';
        assert_int_equal(open_text(&public, text, large, &is_signed), -EBADMSG);
        assert_false(is_signed);

        /* every byte of the text is signed */
        for (size_t i = 0; i < strlen(text); i++) {
                text[i] ^= 1;
                assert_int_equal(open_text(&public, text, signature, &is_signed), -EKEYREJECTED);
                assert_false(is_signed);
                text[i] ^= 1;
        }
        /* signed, and still no manifest */
        assert_int_equal(minisign_sign(key, "{}", 2, "image", &nonsense), 0);
        assert_int_equal(open_text(&public, "{}", nonsense, &is_signed), -EBADMSG);
        assert_true(is_signed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_refusals),       cmocka_unit_test(test_names),
                cmocka_unit_test(test_signature),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
