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
#include "netboot/beneath.h"

static const struct {
        const char *name;
        int rc; /* 0: it is opened */
} cases[] = {
        {"file",             0      },
        {"sub/file",         0      },
        {"sub/../file",      0      },
        {"nothing",          -ENOENT},
        {"sub",              -ENOENT},
        {"fifo",             -ENOENT},
        {"link",             -ELOOP },
        {"out",              -ELOOP },
        {"linked/secret",    -ELOOP },
        {"../secret",        -EXDEV },
        {"sub/../../secret", -EXDEV },
        {"/etc/passwd",      -EXDEV },
        {"",                 -ENOENT},
};

static void make_file(int at, const char *name)
{
        const int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "x", 1), 1);
        close(fd);
}

static void opens_what_lies_beneath(void **state)
{
        char path[] = "/tmp/beneath-XXXXXX", command[64];
        int outer, folder;

        (void)state;
        assert_non_null(mkdtemp(path));
        outer = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(outer >= 0);
        make_file(outer, "secret");
        assert_int_equal(mkdirat(outer, "served", 0755), 0);
        folder = openat(outer, "served", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(folder >= 0);
        assert_int_equal(mkdirat(folder, "sub", 0755), 0);
        make_file(folder, "file");
        make_file(folder, "sub/file");
        assert_int_equal(mkfifoat(folder, "fifo", 0644), 0);
        assert_int_equal(symlinkat("file", folder, "link"), 0);
        assert_int_equal(symlinkat("../secret", folder, "out"), 0);
        assert_int_equal(symlinkat("..", folder, "linked"), 0);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct stat st = {0};
                const int fd = beneath_open(folder, cases[i].name, &st);

                print_message("\"%s\"\n", cases[i].name);
                if (cases[i].rc < 0) {
                        assert_int_equal(fd, cases[i].rc);
                        continue;
                }
                assert_true(fd >= 0);
                assert_int_equal(st.st_size, 1);
                close(fd);
        }
        close(folder);
        close(outer);
        snprintf(command, sizeof(command), "rm -r %s", path);
        assert_int_equal(system(command), 0); /* NOLINT: a folder of our own */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(opens_what_lies_beneath),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
