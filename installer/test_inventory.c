/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cloudie-discover is started with; a script stands for it. */
#include "installer/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

/* Tells its arguments, and what waits in the socket that it was given. */
static const char script[] = "#!/bin/sh\n"
                             "echo \"$@\"\n"
                             "test -z \"$4\" || head -c 5 <&\"$4\"\n";
static char path[] = "/tmp/cloudie-inventory-XXXXXX";

static int make_script(void **state)
{
        const int fd = mkstemp(path);
        const bool is_written =
                fd >= 0 && write(fd, script, strlen(script)) > 0 && fchmod(fd, 0700) == 0;

        (void)state;
        close(fd);
        return is_written ? 0 : -1;
}

static int remove_script(void **state)
{
        (void)state;
        return unlink(path);
}

static void test_socket(void **state)
{
        char error[256], expected[64];
        _free_ char *json = NULL, *without = NULL;
        int ends[2];
        size_t size;

        (void)state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(write(ends[0], "heard", 5), 5);
        assert_int_equal(inventory_run(path, ends[1], error, &json, &size), 0);
        snprintf(expected, sizeof(expected), "--listen 0 --lldp-fd %d\nheard", ends[1]);
        assert_string_equal(json, expected);
        assert_int_equal(inventory_run(path, -1, error, &without, &size), 0);
        assert_string_equal(without, "--listen 0\n");
        close(ends[0]);
        close(ends[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_socket),
        };

        return cmocka_run_group_tests(tests, make_script, remove_script);
}
