/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first process may be started without any open file. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/boot/init_linux.h"

/* In a child, as its log would be lost: the exit status tells what is wrong, 0 nothing. */
static int start_with(unsigned closed)
{
        const pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0) {
                const int spare = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

                for (int fd = 0; fd <= STDERR_FILENO; fd++)
                        if (closed & 1U << fd)
                                close(fd);
                if (spare < 0 || init_open_standard_files() < 0)
                        _exit(1);
                for (int fd = 0; fd <= STDERR_FILENO; fd++)
                        if (fcntl(fd, F_GETFD) < 0)
                                _exit(2);
                /* Nothing more than that was left open. */
                _exit(fcntl(STDERR_FILENO + 1, F_GETFD) < 0 ? 0 : 3);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_standard_files(void **state)
{
        (void)state;
        (void)close(STDERR_FILENO + 1); /* what a test runner may leave to us */
        for (unsigned closed = 0; closed < 8; closed++)
                assert_int_equal(start_with(closed), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_standard_files)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
