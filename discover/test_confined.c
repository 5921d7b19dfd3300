/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The real program, held where it has read nothing yet: the kernel says what it may still do. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

#define PATIENCE_MS 20000

/* What is behind "KEY:" in /proc/PID/status. */
static int status_of(pid_t pid, const char *key)
{
        char path[64], line[64];
        _free_ char *text = NULL;
        const char *at;

        snprintf(path, sizeof(path), "/proc/%d/status", pid);
        snprintf(line, sizeof(line), "\n%s:", key);
        assert_int_equal(file_read(AT_FDCWD, path, 65536, &text, NULL), 0);
        at = strstr(text, line);
        assert_non_null(at);
        return atoi(at + strlen(line));
}

/* --diff opens its first file when all is set up; nobody writes to that pipe. */
static void test_confined(void **state)
{
        const char *build = getenv("CLOUDIE_BUILD");
        char folder[] = "/tmp/cloudie-discover-XXXXXX", pipe[64], program[512];
        char name[] = "cloudie-discover", option[] = "--diff";
        char *argv[] = {name, option, pipe, pipe, NULL}, *environment[] = {NULL};
        const int before = status_of(getpid(), "Seccomp_filters");
        int waited_ms = 0, status;
        pid_t pid;

        (void)state;
        if (!build) {
                print_message("NOT TESTED: CLOUDIE_BUILD is not set\n");
                skip();
        }
        assert_non_null(mkdtemp(folder));
        snprintf(pipe, sizeof(pipe), "%s/pipe", folder);
        snprintf(program, sizeof(program), "%s/bin/cloudie-discover", build);
        assert_int_equal(mkfifo(pipe, 0600), 0);
        assert_int_equal(posix_spawn(&pid, program, NULL, NULL, argv, environment), 0);
        /* The second of its filters is the last thing that is set. */
        while (status_of(pid, "Seccomp_filters") < before + 2 && waited_ms < PATIENCE_MS) {
                (void)poll(NULL, 0, 10);
                waited_ms += 10;
        }
        assert_int_equal(status_of(pid, "Seccomp_filters"), before + 2);
        assert_int_equal(status_of(pid, "Seccomp"), 2);
        assert_int_equal(status_of(pid, "NoNewPrivs"), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        unlink(pipe);
        rmdir(folder);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {cmocka_unit_test(test_confined)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
