/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first process may be started without any open file, and ends all others at its end. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
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

enum { NO_NAMESPACE = 77, NOT_FIRST = 78 };

static int told; /* where who is ended says so */

static void on_term(int signal)
{
        (void)signal;
        (void)!write(told, "T", 1);
        _exit(0);
}

/* One that writes down what it has when it is told to end, and one that does not listen. */
static void start_others(int ready)
{
        for (int i = 0; i < 2; i++) {
                if (fork() > 0)
                        continue;
                (void)signal(SIGTERM, i == 0 ? on_term : SIG_IGN);
                (void)!write(ready, "R", 1);
                for (;;)
                        pause();
        }
}

/* The first process of a PID namespace: there a restart is the end of the namespace, and of no
 * machine (pid_namespaces(7)). */
static void restart(void)
{
        int pipes[2];
        char bytes[2];

        if (getpid() != 1)
                _exit(NOT_FIRST);
        if (pipe2(pipes, O_CLOEXEC) < 0)
                _exit(1);
        start_others(pipes[1]);
        for (size_t got = 0; got < sizeof(bytes); got++)
                if (read(pipes[0], bytes, 1) != 1)
                        _exit(2);
        init_reboot();
        _exit(3);
}

static void test_others_end_first(void **state)
{
        int pipes[2], status = 0;
        char bytes[8];
        pid_t pid;

        (void)state;
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        told = pipes[1];
        pid = fork();
        if (pid == 0) {
                pid_t first;

                if (unshare(geteuid() == 0 ? CLONE_NEWPID : CLONE_NEWPID | CLONE_NEWUSER) < 0)
                        _exit(NO_NAMESPACE);
                first = fork();
                if (first == 0)
                        restart();
                if (waitpid(first, &status, 0) != first)
                        _exit(4);
                _exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP ? 0 : 5);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        close(pipes[1]);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE) {
                print_message("NOT TESTED: there is no PID namespace to be had here\n");
                skip();
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        /* All ends are closed: nobody is left. */
        assert_int_equal(read(pipes[0], bytes, sizeof(bytes)), 1);
        assert_int_equal(read(pipes[0], bytes, sizeof(bytes)), 0);
        close(pipes[0]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_standard_files),
                cmocka_unit_test(test_others_end_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
