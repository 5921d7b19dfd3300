/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/daemon.h"
#include "lib/trust/certificate.h"
#include "netboot/tls.h"

struct edge {
        char state[64], key[96], cert[96], names[96], tls[96];
        struct netboot_interfaces interfaces;
};

static int start(void **state)
{
        struct edge *e = calloc(1, sizeof(*e));

        snprintf(e->state, sizeof(e->state), "/tmp/cloudie-tls-XXXXXX");
        if (!mkdtemp(e->state))
                return -1;
        snprintf(e->tls, sizeof(e->tls), "%s/tls", e->state);
        snprintf(e->key, sizeof(e->key), "%s/tls/key.pem", e->state);
        snprintf(e->cert, sizeof(e->cert), "%s/tls/cert.pem", e->state);
        snprintf(e->names, sizeof(e->names), "%s/tls/names", e->state);
        e->interfaces.count = 1;
        e->interfaces.at[0].address = (struct ip4_address){0x01004d0a}; /* 10.77.0.1 */
        *state = e;
        return 0;
}

static int end(void **state)
{
        struct edge *e = *state;

        unlink(e->key);
        unlink(e->cert);
        unlink(e->names);
        rmdir(e->tls);
        rmdir(e->state);
        free(e);
        return 0;
}

static void test_made_once(void **state)
{
        const struct edge *e = *state;
        _tls_keys_ struct tls_keys first = {0}, second = {0};
        char error[DAEMON_ERROR_SIZE] = "";
        struct stat st;

        assert_int_equal(tls_keys_load(e->state, &e->interfaces, error, &first), 0);
        assert_true(certificate_is_rsa(first.cert_pem, strlen(first.cert_pem)));
        assert_int_equal(stat(e->key, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(stat(e->tls, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);

        assert_int_equal(tls_keys_load(e->state, &e->interfaces, error, &second), 0);
        assert_string_equal(second.cert_pem, first.cert_pem);
        assert_string_equal(second.key_pem, first.key_pem);
}

/* The operator's stands, whatever kind it is; half of a pair is an error, and never replaced. */
static void test_operators(void **state)
{
        static const char *const names[] = {"boot.lab", NULL};
        const struct edge *e = *state;
        _tls_keys_ struct tls_keys keys = {0};
        char error[DAEMON_ERROR_SIZE] = "";
        struct stat st;

        assert_int_equal(mkdir(e->tls, 0700), 0);
        assert_int_equal(certificate_make(CERTIFICATE_ECDSA, names, 1, e->key, e->cert), 0);
        assert_int_equal(tls_keys_load(e->state, &e->interfaces, error, &keys), 0);
        assert_false(certificate_is_rsa(keys.cert_pem, strlen(keys.cert_pem)));

        assert_int_equal(unlink(e->key), 0);
        tls_keys_done(&keys);
        assert_int_equal(tls_keys_load(e->state, &e->interfaces, error, &keys), -ENOENT);
        assert_non_null(strstr(error, "key.pem"));
        assert_null(keys.key_pem);
        assert_int_equal(stat(e->cert, &st), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_made_once, start, end),
                cmocka_unit_test_setup_teardown(test_operators, start, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
