/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpio(1) is the judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/assets/site.h"
#include "lib/base/cleanup.h"

static void test_cpio(void **state)
{
        static const char *const controllers[] = {"https://10.77.0.1:8443", "https://a:1", NULL};
        static const char *const lines[] = {"etc\n", "etc/cloudie\n", "etc/cloudie/site.json\n",
                                            "etc/cloudie/ca.pem\n", "etc/cloudie/signing.pub\n"};
        const struct site_facts facts = {controllers, "PEM of odd length", "comment\nkey\n"};
        char path[] = "/tmp/cloudie-site-XXXXXX", command[96], line[128];
        _free_ char *first = NULL, *second = NULL;
        size_t size, again;
        FILE *f;
        int fd;

        (void)state;
        assert_int_equal(site_make(&facts, &first, &size), 0);
        assert_int_equal(site_make(&facts, &second, &again), 0);
        assert_int_equal(size, again);
        assert_memory_equal(first, second, size);
        assert_int_equal(size % 512, 0);

        fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, first, size), (ssize_t)size);
        close(fd);
        snprintf(command, sizeof(command), "cpio -t --quiet <%s 2>&1", path);
        f = popen(command, "r"); /* NOLINT: a fixed command of a test */
        assert_non_null(f);
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                assert_non_null(fgets(line, sizeof(line), f));
                assert_string_equal(line, lines[i]);
        }
        assert_null(fgets(line, sizeof(line), f));
        assert_int_equal(pclose(f), 0);
        unlink(path);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_cpio)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
