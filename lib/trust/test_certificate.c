/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/trust/certificate.h"
#include "lib/trust/openssl.h"

CLEANUP_DEFINE(X509_STORE *, X509_STORE_free)
CLEANUP_DEFINE(X509_STORE_CTX *, X509_STORE_CTX_free)

static char folder[] = "/tmp/cloudie-cert-XXXXXX";
static char key_path[64], cert_path[64];

static const char *const names[] = {"controller.lab", "10.77.0.1", "fd00::1", "localhost", NULL};

static int run(const char *command)
{
        int status = system(command);

        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static X509 *load(void)
{
        FILE *file = fopen(cert_path, "re");
        X509 *cert;

        assert_non_null(file);
        cert = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
        assert_non_null(cert);
        return cert;
}

static void test_verifies_as_its_own_anchor(void **state)
{
        CLEANUP(X509_STORE_CTX_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
        CLEANUP(X509_STORE_free) X509_STORE *store = X509_STORE_new();
        CLEANUP(X509_free) X509 *cert = load();
        int rc;

        (void)state;
        assert_int_equal(X509_STORE_add_cert(store, cert), 1);
        assert_int_equal(X509_STORE_CTX_init(context, store, cert, NULL), 1);
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
        rc = X509_verify_cert(context);
        if (rc != 1)
                fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
        assert_int_equal(X509_check_ca(cert), 1);
}

static void test_names(void **state)
{
        CLEANUP(X509_free) X509 *cert = load();
        char subject[128];

        (void)state;
        assert_int_equal(X509_check_host(cert, "controller.lab", 0, 0, NULL), 1);
        assert_int_equal(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
        assert_int_equal(X509_check_host(cert, "other.lab", 0, 0, NULL), 0);
        assert_int_equal(X509_check_ip_asc(cert, "10.77.0.1", 0), 1);
        assert_int_equal(X509_check_ip_asc(cert, "fd00:0:0::1", 0), 1);
        assert_int_equal(X509_check_ip_asc(cert, "10.77.0.2", 0), 0);
        X509_NAME_oneline(X509_get_subject_name(cert), subject, sizeof(subject));
        assert_string_equal(subject, "/CN=controller.lab");
}

static void test_key_and_times(void **state)
{
        CLEANUP(X509_free) X509 *cert = load();
        CLEANUP(EVP_PKEY_free) EVP_PKEY *key = NULL;
        FILE *file = fopen(key_path, "re");
        time_t then = time(NULL) - 3600;
        int days, seconds;
        struct stat st;

        (void)state;
        assert_non_null(file);
        key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        fclose(file);
        assert_int_equal(X509_check_private_key(cert, key), 1);
        assert_int_equal(EVP_PKEY_get_bits(key), 256);
        assert_int_equal(stat(key_path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(stat(cert_path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(cert),
                                        X509_get0_notAfter(cert)),
                         1);
        assert_int_equal(days, 730);
        assert_int_equal(seconds, 0);
        assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(cert), then - 60), 1);
        assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(cert), then + 60), -1);
        assert_true(ASN1_STRING_length(X509_get0_serialNumber(cert)) == 16);
}

static void test_pin(void **state)
{
        _free_ char *pem = NULL, *pin = NULL;
        char command[512];
        size_t size;

        (void)state;
        assert_int_equal(file_read(-1, cert_path, 8192, &pem, &size), 0);
        assert_int_equal(certificate_pin(pem, size, &pin), 0);
        assert_true(text_has_prefix(pin, "sha256//"));
        assert_int_equal(strlen(pin), strlen("sha256//") + 44);
        if (run("command -v openssl >/dev/null") != 0) {
                print_message("openssl(1) is missing: the pin is not compared\n");
                return;
        }
        snprintf(command, sizeof(command),
                 "test \"$(openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER | "
                 "openssl dgst -sha256 -binary | openssl base64)\" = '%s'",
                 cert_path, pin + strlen("sha256//"));
        assert_int_equal(run(command), 0);
        snprintf(command, sizeof(command), "openssl verify -x509_strict -CAfile %s %s >/dev/null",
                 cert_path, cert_path);
        assert_int_equal(run(command), 0);
}

static void test_pin_refuses(void **state)
{
        static const char *const rows[] = {
                "",
                "no certificate",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                ("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
                 "00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END CERTIFICATE-----\n"),
        };
        char *pin = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_int_equal(certificate_pin(rows[i], strlen(rows[i]), &pin), -EBADMSG);
        assert_null(pin);
}

static void test_make_refuses(void **state)
{
        static const char *const none[] = {NULL};
        static const char *const bad[] = {"ok.lab", "a,DNS:b", NULL};
        char path[80];

        (void)state;
        snprintf(path, sizeof(path), "%s/new.key", folder);
        assert_int_equal(certificate_make(CERTIFICATE_ECDSA, none, 1, path, cert_path), -EINVAL);
        assert_int_equal(certificate_make(CERTIFICATE_ECDSA, bad, 1, path, cert_path), -EINVAL);
        assert_int_equal(
                certificate_make(CERTIFICATE_ECDSA, names, 1, path, "/no/such/folder/cert.pem"),
                -ENOENT);
        assert_int_equal(access(path, F_OK), -1); /* no key without its certificate */
}

static void test_long_name(void **state)
{
        static const char *const long_name[] = {
                "a-very-long-machine-name-0123456789.a-very-long-department-name.example.com",
                NULL};
        CLEANUP(X509_free) X509 *cert = NULL;

        (void)state;
        assert_int_equal(certificate_make(CERTIFICATE_ECDSA, long_name, 1, key_path, cert_path), 0);
        cert = load();
        assert_int_equal(X509_check_host(cert, long_name[0], 0, 0, NULL), 1);
}

/* What firmware with suites of encrypted keys (kRSA) demands of it. */
static void test_rsa(void **state)
{
        static const char *const host[] = {"10.77.0.1", NULL};
        CLEANUP(X509_free) X509 *cert = NULL;
        _free_ char *pem = NULL;
        size_t size;

        (void)state;
        assert_int_equal(file_read(-1, cert_path, 8192, &pem, &size), 0);
        assert_false(certificate_is_rsa(pem, size));
        assert_false(certificate_is_rsa("no certificate", 14));
        free(TAKE_PTR(pem));

        assert_int_equal(certificate_make(CERTIFICATE_RSA, host, 1, key_path, cert_path), 0);
        assert_int_equal(file_read(-1, cert_path, 8192, &pem, &size), 0);
        assert_true(certificate_is_rsa(pem, size));
        cert = load();
        assert_int_equal(X509_check_ip_asc(cert, "10.77.0.1", 0), 1);
        assert_true(EVP_PKEY_get_bits(X509_get0_pubkey(cert)) >= 2048);
        assert_true(X509_get_key_usage(cert) & X509v3_KU_KEY_ENCIPHERMENT);
        assert_true(X509_get_key_usage(cert) & X509v3_KU_DIGITAL_SIGNATURE);
}

static int make_folder(void **state)
{
        (void)state;
        if (!mkdtemp(folder))
                return -1;
        snprintf(key_path, sizeof(key_path), "%s/key.pem", folder);
        snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", folder);
        return certificate_make(CERTIFICATE_ECDSA, names, 730, key_path, cert_path);
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
                cmocka_unit_test(test_verifies_as_its_own_anchor),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_key_and_times),
                cmocka_unit_test(test_pin),
                cmocka_unit_test(test_pin_refuses),
                cmocka_unit_test(test_make_refuses),
                cmocka_unit_test(test_long_name),
                cmocka_unit_test(test_rsa),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
