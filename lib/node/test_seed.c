/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/node/seed.h"

/* Bytes 0 to 31 as the key; made with Python's struct, not with what reads them here. */
#define ED25519       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define ED25519_BYTES "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define SK                                                                                         \
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAABAgMEBQYHCAkK"  \
        "CwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo="
#define ECDSA                                                                                      \
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAAAAAAA"         \
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define OTHER_CURVE                                                                                \
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAABBBAAAAAAA"         \
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                             \
        "AAAAAAAAAAAAAAAAAAA="

static struct doc *parse(const char *yaml)
{
        struct doc *value = NULL;
        char error[DOC_ERROR_SIZE] = "";

        if (doc_parse_yaml(yaml, strlen(yaml), &doc_limits_message, error, &value) < 0)
                fail_msg("%s", error);
        return value;
}

static void test_lines(void **state)
{
        static const struct {
                const char *line;
                const char *fault; /* a part of it; NULL: it is taken */
        } rows[] = {
                {ED25519,                                             NULL              },
                {ED25519 " ops@desk, the \"grey\" one",               NULL              },
                {SK " token",                                         NULL              },
                {ECDSA,                                               NULL              },
                {"",                                                  "must begin with" },
                {"ssh-ed25519",                                       "nothing behind"  },
                {"ssh-ed25519 ",                                      "damaged"         },
                {"ssh-ed25519  " ED25519_BYTES,                       "damaged"         },
                {"ssh-rsa " ED25519_BYTES,                            "damaged"         },
                {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAB",          "damaged"         },
                {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",              "damaged"         },
                {"ssh-ed25519 AAAA!",                                 "no base64"       },
                {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAABQECAwQF",      "damaged"         },
                {OTHER_CURVE,                                         "damaged"         },
                {"ssh-dss " ED25519_BYTES,                            "must begin with" },
                {"command=\"reboot\" " ED25519,                       "must begin with" },
                {"ssh-ed25519-cert-v01@openssh.com " ED25519_BYTES,   "must begin with" },
                {ED25519 " one\n" ED25519 " two",                     "must be one line"},
                {ED25519 " \xc3\xa9",                                 "printable ASCII" },
                {ED25519 " \x1b[2J",                                  "printable ASCII" },
                {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r", "private key"     },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *fault = seed_key_fault(rows[i].line);

                if (!rows[i].fault != !fault || (fault && !strstr(fault, rows[i].fault)))
                        fail_msg("'%s': %s", rows[i].line, fault ? fault : "taken");
        }
}

/* Every cut, and every byte that is another one, is noticed or is another key. */
static void test_damage(void **state)
{
        char line[] = ED25519;
        const size_t type = strlen("ssh-ed25519 "), head = type + 24;

        (void)state;
        for (size_t len = sizeof(line) - 2; len > 0; len--) {
                char cut[sizeof(line)] = "";

                memcpy(cut, line, len);
                assert_non_null(seed_key_fault(cut));
        }
        for (size_t at = type; at < head; at++) { /* lengths and type */
                line[at] ^= 1;
                assert_non_null(seed_key_fault(line));
                line[at] ^= 1;
        }
}

static void test_key_documents(void **state)
{
        static const struct {
                const char *yaml, *error;
        } rows[] = {
                {"kind: key\nname: ops\nspec: {public_key: \"" ED25519 " a\"}",     NULL                                      },
                {"kind: key\nname: ops\nspec:\n  public_key: |\n    " ED25519 "\n", NULL                                      },
                {"kind: file\nname: ops\nspec: {}",                                 "key: 'kind' must be 'key'"               },
                {"kind: key\nname: Ops\nspec: {}",
                 "key: 'name' is no name: " SEED_NAME_ALPHABET ", at most 63 of them"                                         },
                {"kind: key\nname: ops",                                            "key 'ops': spec: 'public_key' is missing"},
                {"kind: key\nname: ops\nspec: {private_key: x}",
                 "key 'ops': spec: 'private_key' is not understood: public_key is"                                            },
                {"kind: key\nname: ops\nspec: {public_key: ssh-rsa}",
                 "key 'ops': spec: 'public_key' has nothing behind its type"                                                  },
                {"kind: key\nname: ops\nspec: {public_key: 7}",
                 "key 'ops': spec: 'public_key' must be a text: put it in quotes"                                             },
                {"kind: key\nname: ops\nstatus: {}\nspec: {}",
                 "key 'ops': 'status' is not understood: kind, name, version, labels, spec are"                               },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _doc_ struct doc *document = parse(rows[i].yaml);
                char error[DOC_ERROR_SIZE] = "";
                struct seed_key key = {.name = ""};
                const int rc = seed_key_decode(document, error, &key);

                assert_string_equal(error, rows[i].error ? rows[i].error : "");
                assert_int_equal(rc, rows[i].error ? -EBADMSG : 0);
                if (rc == 0) {
                        assert_string_equal(key.name, "ops");
                        assert_null(seed_key_fault(key.line));
                }
        }
}

static void test_file_documents(void **state)
{
        static const struct {
                const char *yaml, *error;
        } rows[] = {
                {"kind: file\nname: worker.yaml\nspec: {text: \"#!\\tx\\r\\n\"}",       NULL                                         },
                {"kind: file\nname: worker.yaml\nspec: {text: \"caf\\u00e9 \\u0085\"}", NULL                                         },
                {"kind: file\nname: worker.yaml\nspec: {text: \"\"}",
                 "file 'worker.yaml': spec: 'text' must be a text"                                                                   },
                {"kind: file\nname: worker.yaml",                                       "file 'worker.yaml': spec: 'text' is missing"},
                {"kind: file\nname: worker.yaml\nspec: {text: \"secret \\x01\"}",
                 "file 'worker.yaml': spec: 'text' has control bytes: it must be text"                                               },
                {"kind: file\nname: worker.yaml\nspec: {text: \"secret \\x9b\"}",
                 "file 'worker.yaml': spec: 'text' has control bytes: it must be text"                                               },
                {"kind: file\nname: .hidden\nspec: {text: a}",
                 "file: 'name' is no name: " SEED_NAME_ALPHABET ", at most 63 of them"                                               },
        };
        struct text_file *file = calloc(1, sizeof(*file));

        (void)state;
        assert_non_null(file);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _doc_ struct doc *document = parse(rows[i].yaml);
                char error[DOC_ERROR_SIZE] = "";
                const int rc = text_file_decode(document, error, file);

                assert_string_equal(error, rows[i].error ? rows[i].error : "");
                assert_int_equal(rc, rows[i].error ? -EBADMSG : 0);
        }
        free(file);
}

static int decode_text_of(size_t size, char *error)
{
        _free_ struct text_file *file = calloc(1, sizeof(*file));
        _free_ char *text = calloc(1, size + 1);
        _doc_ struct doc *document = doc_object();
        struct doc *spec = doc_object();

        assert_true(file && text);
        memset(text, 'x', size);
        doc_set_text(spec, "text", text);
        doc_set_text(document, "kind", "file");
        doc_set_text(document, "name", "a");
        doc_set(document, "spec", spec);
        return text_file_decode(document, error, file);
}

static void test_largest_file(void **state)
{
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        assert_int_equal(decode_text_of(SEED_USER_DATA_MAX, error), 0);
        assert_int_equal(decode_text_of(SEED_USER_DATA_MAX + 1, error), -EBADMSG);
        assert_string_equal(error, "file 'a': spec: 'text' is longer than 65536 bytes");
}

static void test_names(void **state)
{
        (void)state;
        assert_true(seed_name_is_valid("worker.yaml"));
        assert_false(seed_name_is_valid(""));
        assert_false(seed_name_is_valid("a/b"));
        assert_false(seed_name_is_valid("-a"));
        assert_true(seed_user_is_valid("ops"));
        assert_true(seed_user_is_valid("a_b-9"));
        assert_false(seed_user_is_valid("root"));
        assert_false(seed_user_is_valid("9a"));
        assert_false(seed_user_is_valid("a:b"));
        assert_false(seed_user_is_valid("abcdefghijklmnopqrstuvwxyz0123456"));
        assert_true(seed_user_is_taken("daemon"));   /* a user */
        assert_true(seed_user_is_taken("operator")); /* a group */
        assert_true(seed_user_is_taken("sshd"));     /* of a package */
        assert_false(seed_user_is_taken("ops"));
        assert_false(seed_user_is_taken("debian"));
        assert_false(seed_user_is_taken("operators"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),         cmocka_unit_test(test_damage),
                cmocka_unit_test(test_key_documents), cmocka_unit_test(test_file_documents),
                cmocka_unit_test(test_largest_file),  cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
