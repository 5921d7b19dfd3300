/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
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

#include "cli/credentials.h"

static void test_round_trip_and_permissions(void **state)
{
        const struct credential written = {.url = "https://10.77.0.1:8443",
                                           .pin = "sha256//AAAA",
                                           .token = "secret",
                                           .user = "admin"};
        char folder[] = "/tmp/cloudie-credentials-XXXXXX", path[256];
        struct credential got = {0};
        struct stat st;

        (void)state;
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/deep/credentials.json", folder);
        assert_int_equal(credentials_load(path, &got), -ENOENT);
        assert_int_equal(credentials_save(path, &written), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(credentials_load(path, &got), 0);
        assert_string_equal(got.url, written.url);
        assert_string_equal(got.pin, written.pin);
        assert_string_equal(got.token, written.token);
        assert_string_equal(got.user, written.user);

        /* A token that others may read is no secret any more. */
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(credentials_load(path, &got), -EPERM);

        assert_int_equal(unlink(path), 0);
        snprintf(path, sizeof(path), "%s/deep", folder);
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rmdir(folder), 0);
}

static void test_the_path_follows_the_environment(void **state)
{
        char path[256], tiny[8];

        (void)state;
        setenv("CLOUDIE_CREDENTIALS", "/a/b", 1);
        assert_int_equal(credentials_path(path, sizeof(path)), 0);
        assert_string_equal(path, "/a/b");
        unsetenv("CLOUDIE_CREDENTIALS");
        setenv("XDG_CONFIG_HOME", "/x", 1);
        assert_int_equal(credentials_path(path, sizeof(path)), 0);
        assert_string_equal(path, "/x/cloudie/credentials.json");
        assert_int_equal(credentials_path(tiny, sizeof(tiny)), -E2BIG);
        unsetenv("XDG_CONFIG_HOME");
        setenv("HOME", "/h", 1);
        assert_int_equal(credentials_path(path, sizeof(path)), 0);
        assert_string_equal(path, "/h/.config/cloudie/credentials.json");
        unsetenv("HOME");
        assert_int_equal(credentials_path(path, sizeof(path)), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip_and_permissions),
                cmocka_unit_test(test_the_path_follows_the_environment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
