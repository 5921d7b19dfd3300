/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/trust/hash.h"
#include "lib/trust/signature.h"

static char folder[] = "/tmp/cloudie-trust-XXXXXX";

static const char *in_folder(char to[static 64], const char *name)
{
        snprintf(to, 64, "%s/%s", folder, name);
        return to;
}
#define IN_FOLDER(name) in_folder((char[64]){0}, (name))

static int run(const char *command)
{
        int status = system(command);

        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const char *path, const char *text)
{
        assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
}

/* RFC 8410 section 7: what stands before the 32 bytes of a private key. */
static const uint8_t pkcs8_head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                     0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

static struct signing_key *key_of(const char *secret_hex)
{
        uint8_t der[sizeof(pkcs8_head) + 32];
        struct signing_key *key = NULL;
        _free_ char *base64 = NULL;
        char pem[256];

        memcpy(der, pkcs8_head, sizeof(pkcs8_head));
        assert_int_equal(text_unhex(secret_hex, der + sizeof(pkcs8_head), 32), 0);
        assert_int_equal(base64_encode(der, sizeof(der), &base64), 0);
        snprintf(pem, sizeof(pem), "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n",
                 base64);
        write_file(IN_FOLDER("vector.pem"), pem);
        assert_int_equal(signing_key_load(IN_FOLDER("vector.pem"), &key), 0);
        return key;
}

/* RFC 8032 section 7.1. */
static void test_vectors(void **state)
{
        static const struct {
                const char *secret, *public, *message, *signature;
        } rows[] = {
                {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                 "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
                {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
                 "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
                {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
                 "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(signing_key_free) struct signing_key *key = key_of(rows[i].secret);
                uint8_t message[2], signature[ED25519_SIGNATURE_SIZE];
                size_t size = strlen(rows[i].message) / 2;
                char hex[2 * ED25519_SIGNATURE_SIZE + 1];
                struct public_key public;

                assert_int_equal(text_unhex(rows[i].message, message, size), 0);
                signing_key_public(key, &public);
                text_hex(hex, public.bytes, sizeof(public.bytes));
                assert_string_equal(hex, rows[i].public);
                assert_int_equal(signing_key_sign(key, message, size, signature), 0);
                text_hex(hex, signature, sizeof(signature));
                assert_string_equal(hex, rows[i].signature);
                assert_int_equal(signature_verify(&public, message, size, signature), 0);
                signature[i * 20] ^= 4;
                assert_int_equal(signature_verify(&public, message, size, signature),
                                 -EKEYREJECTED);
                signature[i * 20] ^= 4;
                public.bytes[3] ^= 1;
                assert_int_equal(signature_verify(&public, message, size, signature),
                                 -EKEYREJECTED);
        }
}

static void test_save_and_load(void **state)
{
        CLEANUP(signing_key_free) struct signing_key *key = NULL, *again = NULL, *other = NULL;
        struct public_key public, public_again, public_other;
        struct stat st;

        (void)state;
        assert_int_equal(signing_key_new(&key), 0);
        assert_int_equal(signing_key_new(&other), 0);
        assert_int_equal(signing_key_save(key, IN_FOLDER("key.pem")), 0);
        assert_int_equal(stat(IN_FOLDER("key.pem"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(signing_key_load(IN_FOLDER("key.pem"), &again), 0);
        signing_key_public(key, &public);
        signing_key_public(again, &public_again);
        signing_key_public(other, &public_other);
        assert_memory_equal(&public, &public_again, sizeof(public));
        assert_memory_not_equal(&public, &public_other, sizeof(public));
        assert_int_equal(signing_key_save(key, IN_FOLDER("no/such/key.pem")), -ENOENT);
}

static void test_load_refuses(void **state)
{
        struct signing_key *key = NULL;
        char command[512];

        (void)state;
        assert_int_equal(signing_key_load(IN_FOLDER("none.pem"), &key), -ENOENT);
        write_file(IN_FOLDER("odd.pem"), "not a key\n");
        assert_int_equal(signing_key_load(IN_FOLDER("odd.pem"), &key), -EBADMSG);
        write_file(IN_FOLDER("odd.pem"), "");
        assert_int_equal(signing_key_load(IN_FOLDER("odd.pem"), &key), -EBADMSG);
        if (run("command -v openssl >/dev/null") != 0) {
                print_message("openssl(1) is missing: keys of other kinds are not tried\n");
                return;
        }
        snprintf(command, sizeof(command),
                 "cd %s && openssl genpkey -algorithm EC -pkeyopt "
                 "ec_paramgen_curve:P-256 -out ec.pem && openssl genpkey -algorithm ED25519 "
                 "-aes256 -pass pass:x -out locked.pem",
                 folder);
        assert_int_equal(run(command), 0);
        assert_int_equal(signing_key_load(IN_FOLDER("ec.pem"), &key), -EBADMSG);
        /* does not ask for the passphrase on the terminal */
        assert_int_equal(signing_key_load(IN_FOLDER("locked.pem"), &key), -EBADMSG);
        assert_null(key);
}

static void test_minisign_forms(void **state)
{
        CLEANUP(signing_key_free)
        struct signing_key *key =
                key_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        CLEANUP(signing_key_free) struct signing_key *other = NULL;
        struct public_key public, parsed, wrong;
        _free_ char *text = NULL, *line = NULL, *with_comment = NULL;
        size_t size;

        (void)state;
        signing_key_public(key, &public);
        assert_int_equal(signing_key_new(&other), 0);
        signing_key_public(other, &wrong);

        assert_int_equal(minisign_sign(key, "hello", 5, "file:hello", &text), 0);
        size = strlen(text);
        assert_int_equal(minisign_verify(&public, "hello", 5, text, size), 0);
        assert_int_equal(minisign_verify(&public, "hello", 5, text, size - 1), 0); /* no newline */
        assert_int_equal(minisign_verify(&public, "hellO", 5, text, size), -EKEYREJECTED);
        assert_int_equal(minisign_verify(&wrong, "hello", 5, text, size), -EKEYREJECTED);
        strstr(text, "file:hello")[5] = 'j';
        assert_int_equal(minisign_verify(&public, "hello", 5, text, size), -EKEYREJECTED);
        strstr(text, "file:jello")[5] = '\n';
        assert_int_equal(minisign_verify(&public, "hello", 5, text, size), -EBADMSG);

        assert_int_equal(minisign_public_text(&public, &line), 0);
        assert_int_equal(minisign_public_parse(line, &parsed), 0);
        assert_memory_equal(&parsed, &public, sizeof(public));
        assert_true(asprintf(&with_comment, "untrusted comment: x\n%s\n", line) > 0);
        assert_int_equal(minisign_public_parse(with_comment, &parsed), 0);
        assert_int_equal(minisign_public_parse("", &parsed), -EBADMSG);
        assert_int_equal(minisign_public_parse("untrusted comment: x\n", &parsed), -EBADMSG);
        line[0] ^= 1;
        assert_int_equal(minisign_public_parse(line, &parsed), -EBADMSG);
}

static void test_minisign_refuses(void **state)
{
        CLEANUP(signing_key_free) struct signing_key *key = NULL;
        struct public_key public;
        _free_ char *text = NULL;
        char *none = NULL;
        size_t size;

        (void)state;
        assert_int_equal(signing_key_new(&key), 0);
        signing_key_public(key, &public);
        assert_int_equal(minisign_sign(key, "x", 1, "two\nlines", &none), -EINVAL);
        assert_int_equal(minisign_sign(key, "x", 1, "c", &text), 0);
        size = strlen(text);
        /* every cut, and every changed byte behind the first line, is refused */
        for (size_t cut = 0; cut < size - 1; cut++)
                assert_true(minisign_verify(&public, "x", 1, text, cut) < 0);
        for (char *at = strchr(text, '\n'); *at; at++) {
                size_t id = (size_t)(at - strchr(text, '\n')); /* the key id may be anything */

                if (at == text + size - 1 || (id >= 3 && id <= 14))
                        continue;
                *at ^= 1;
                assert_true(minisign_verify(&public, "x", 1, text, size) < 0);
                *at ^= 1;
        }
        assert_int_equal(minisign_verify(&public, "x", 1, text, size), 0);
}

static bool has_minisign(void)
{
        if (run("command -v minisign >/dev/null") == 0)
                return true;
        print_message("minisign(1) is missing: only our own texts are tried\n");
        return false;
}

/* The tool takes what we sign. */
static void test_minisign_takes_ours(void **state)
{
        CLEANUP(signing_key_free) struct signing_key *key = NULL;
        _free_ char *text = NULL, *line = NULL, *pub = NULL;
        struct public_key public;
        char command[512];

        (void)state;
        if (!has_minisign())
                skip();
        assert_int_equal(signing_key_new(&key), 0);
        signing_key_public(key, &public);
        assert_int_equal(minisign_sign(key, "the bytes", 9, "file:ours size:9", &text), 0);
        assert_int_equal(minisign_public_text(&public, &line), 0);
        assert_true(asprintf(&pub, "untrusted comment: ours\n%s\n", line) > 0);
        write_file(IN_FOLDER("ours"), "the bytes");
        write_file(IN_FOLDER("ours.minisig"), text);
        write_file(IN_FOLDER("ours.pub"), pub);
        snprintf(command, sizeof(command),
                 "minisign -VQm %s/ours -p %s/ours.pub | grep -qx 'file:ours size:9' &&"
                 "minisign -Vqm %s/ours -P %s",
                 folder, folder, folder, line);
        assert_int_equal(run(command), 0);
        write_file(IN_FOLDER("ours"), "the bites");
        snprintf(command, sizeof(command), "minisign -Vqm %s/ours -p %s/ours.pub 2>/dev/null",
                 folder, folder);
        assert_int_not_equal(run(command), 0);
}

/* And we take what the tool signs; but not its old form. */
static void test_we_take_minisigns(void **state)
{
        _free_ char *pub = NULL, *signature = NULL;
        struct public_key public;
        char command[512];
        size_t size;

        (void)state;
        if (!has_minisign())
                skip();
        write_file(IN_FOLDER("theirs"), "their bytes");
        snprintf(command, sizeof(command),
                 "cd %s && { minisign -GW -p their.pub -s their.key && "
                 "minisign -Sm theirs -s their.key -t 'a comment' && "
                 "minisign -Slm theirs -s their.key -x old.minisig; } >/dev/null",
                 folder);
        assert_int_equal(run(command), 0);
        assert_int_equal(file_read(-1, IN_FOLDER("their.pub"), 4096, &pub, NULL), 0);
        assert_int_equal(minisign_public_parse(pub, &public), 0);
        assert_int_equal(file_read(-1, IN_FOLDER("theirs.minisig"), 4096, &signature, &size), 0);
        assert_int_equal(minisign_verify(&public, "their bytes", 11, signature, size), 0);
        assert_int_equal(minisign_verify(&public, "their bytez", 11, signature, size),
                         -EKEYREJECTED);
        free(TAKE_PTR(signature));
        assert_int_equal(file_read(-1, IN_FOLDER("old.minisig"), 4096, &signature, &size), 0);
        assert_int_equal(minisign_verify(&public, "their bytes", 11, signature, size), -EBADMSG);
}

static int make_folder(void **state)
{
        (void)state;
        return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
        char command[64];

        (void)state;
        snprintf(command, sizeof(command), "rm -r %s", folder);
        return run(command);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_save_and_load),
                cmocka_unit_test(test_load_refuses),
                cmocka_unit_test(test_minisign_forms),
                cmocka_unit_test(test_minisign_refuses),
                cmocka_unit_test(test_minisign_takes_ours),
                cmocka_unit_test(test_we_take_minisigns),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
