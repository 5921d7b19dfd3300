/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/boot/modules.h"

static const char dep[] = "kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko "
                          "kernel/drivers/virtio/virtio.ko\n"
                          "kernel/net/core/failover.ko:\n"
                          "kernel/drivers/virtio/virtio.ko:\n"
                          "no colon here\n"
                          "kernel/crypto/crc32c-intel.ko:\n"
                          "kernel/fs/a.ko:\n"
                          "kernel/fs/b.ko:\n";
static const char alias[] = "# a comment\n"
                            "alias virtio:d00000001v* virtio_net\n"
                            "alias pci:v00001AF4d* virtio\n"
                            "alias cut\n";
static const char softdep[] = "softdep a pre: b crc32c_intel post: virtio\n"
                              "softdep b pre: a\n";

static int collect(void *context, const char *name, const char *path)
{
        char *to = context;

        assert_non_null(strstr(path, ".ko"));
        strncat(to, name, 255 - strlen(to));
        strncat(to, " ", 255 - strlen(to));
        return 0;
}

static int stop(void *context, const char *name, const char *path)
{
        (void)context;
        (void)name;
        (void)path;
        return -EIO;
}

static int setup(void **state)
{
        struct modules *m = modules_new();

        assert_non_null(m);
        assert_int_equal(modules_add_dep(m, "/lib/modules/x", dep), 0);
        assert_int_equal(modules_add_alias(m, alias), 0);
        assert_int_equal(modules_add_softdep(m, softdep), 0);
        *state = m;
        return 0;
}

static int teardown(void **state)
{
        modules_free(*state);
        return 0;
}

static void test_needs_come_first_the_deepest_first(void **state)
{
        char got[256] = "";

        assert_int_equal(modules_walk(*state, "virtio_net", collect, got), 0);
        assert_string_equal(got, "virtio failover virtio_net ");
}

static void test_dashes_and_underscores_are_one(void **state)
{
        char got[256] = "";

        assert_int_equal(modules_walk(*state, "crc32c-intel", collect, got), 0);
        assert_string_equal(got, "crc32c_intel ");
}

static void test_a_circle_of_soft_dependencies_ends(void **state)
{
        char got[256] = "";

        assert_int_equal(modules_walk(*state, "a", collect, got), 0);
        assert_non_null(strstr(got, "crc32c_intel"));
        assert_null(strstr(got, "virtio")); /* post: is not loaded before */
}

static void test_a_device_finds_its_driver(void **state)
{
        char got[256] = "";

        assert_int_equal(modules_walk_alias(*state, "virtio:d00000001v00001AF4", collect, got), 0);
        assert_string_equal(got, "virtio failover virtio_net ");
        got[0] = '\0';
        assert_int_equal(modules_walk_alias(*state, "usb:v1234", collect, got), 0);
        assert_string_equal(got, "");

        /* Whether its module is known or not. */
        assert_int_equal(modules_add_alias(*state, "alias pci:v00001000* gone\n"), 0);
        assert_true(modules_has_alias(*state, "virtio:d00000001v00001AF4"));
        assert_true(modules_has_alias(*state, "pci:v00001000d0000005D"));
        assert_false(modules_has_alias(*state, "usb:v1234"));
}

static void test_errors(void **state)
{
        assert_int_equal(modules_walk(*state, "nothing", stop, NULL), -ENOENT);
        assert_int_equal(modules_walk(*state, "virtio_net", stop, NULL), -EIO);
}

static void test_stage_one_comes_first(void **state)
{
        char got[256] = "";

        assert_int_equal(modules_add_dep(*state, "/stage-two", "kernel/fs/a.ko: kernel/new.ko\n"),
                         0);
        assert_int_equal(modules_walk(*state, "new", collect, got), -ENOENT);
        assert_int_equal(modules_walk(*state, "a", collect, got), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_needs_come_first_the_deepest_first, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_dashes_and_underscores_are_one, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_a_circle_of_soft_dependencies_ends, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_a_device_finds_its_driver, setup, teardown),
                cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
                cmocka_unit_test_setup_teardown(test_stage_one_comes_first, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
