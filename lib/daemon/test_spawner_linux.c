/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children that answer, crash, stand still and are given up; and their end with the daemon. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "lib/daemon/sanitizer.h"
#include "lib/daemon/spawner.h"

#define BIG ((size_t)1 << 20) /* more than a socket holds */

enum { KIND_ANSWERS, KIND_CRASHES, KIND_STANDS_STILL, KIND_DAWDLES, KIND_EATS, KIND_COUNT };

struct answer {
        uint32_t sum;
        int32_t given, opened, errno_of_open, seccomp;
};

static int answers(int socket, int given)
{
        static uint8_t bytes[BIG];

        for (;;) {
                struct answer answer = {.given = -1};
                uint8_t byte = 0;

                if (child_read(socket, bytes, sizeof(bytes)) < 0)
                        return 7;
                for (size_t i = 0; i < sizeof(bytes); i++)
                        answer.sum += bytes[i];
                if (given >= 0 && pread(given, &byte, 1, 0) == 1)
                        answer.given = byte;
                answer.opened = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
                answer.errno_of_open = errno;
                if (child_write(socket, &answer, sizeof(answer)) < 0)
                        return 8;
        }
}

static int crashes(int socket, int given)
{
        (void)socket;
        (void)given;
        (void)signal(SIGABRT, SIG_DFL);
        abort();
}

static int stands_still(int socket, int given)
{
        struct pollfd never = {.fd = -1};

        (void)socket;
        (void)given;
        while (!never.revents)
                (void)poll(&never, 0, -1);
        return 0;
}

/* Never stands still, and never comes to an end. */
static int dawdles(int socket, int given)
{
        const struct timespec moment = {.tv_nsec = 20000000};

        (void)given;
        while (child_write(socket, "", 1) == 0)
                (void)nanosleep(&moment, NULL);
        return 8;
}

static int eats(int socket, int given)
{
        (void)given;
        for (;;) {
                uint8_t *memory = malloc(BIG);

                if (!memory)
                        return 9;
                memset(memory, 1, BIG);
                if (child_write(socket, "", 1) < 0)
                        return 8;
        }
}

static const struct child_kind kinds[KIND_COUNT] = {
        [KIND_ANSWERS] = {"answers",      answers,      {.memory_bytes = (uint64_t)32 << 20}},
        [KIND_CRASHES] = {"crashes",      crashes,      {.memory_bytes = (uint64_t)32 << 20}},
        [KIND_STANDS_STILL] = {"stands-still", stands_still, {.memory_bytes = (uint64_t)32 << 20}},
        [KIND_DAWDLES] = {"dawdles",      dawdles,      {.memory_bytes = (uint64_t)32 << 20}},
        [KIND_EATS] = {"eats",         eats,         {.memory_bytes = (uint64_t)32 << 20}},
};

static struct spawner *start(void)
{
        struct spawner *spawner = NULL;

        assert_int_equal(spawner_start(kinds, KIND_COUNT, &spawner), 0);
        return spawner;
}

static void test_answers(void **state)
{
        CLEANUP(spawner_stop) struct spawner *spawner = start();
        _free_ uint8_t *bytes = malloc(BIG);
        _close_ int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
        struct spawned child = SPAWNED_NONE;
        struct answer answer;
        char how[SPAWNER_HOW_SIZE];
        uint8_t first;

        (void)state;
        memset(bytes, 3, BIG);
        assert_int_equal(pread(file, &first, 1, 0), 1);
        assert_int_equal(spawner_spawn(spawner, KIND_ANSWERS, file, 20000, &child), 0);
        for (int i = 0; i < 3; i++) { /* one child, many questions */
                assert_int_equal(spawned_write(&child, bytes, BIG), 0);
                assert_int_equal(spawned_read(&child, &answer, sizeof(answer)), 0);
                assert_int_equal(answer.sum, 3 * BIG);
                assert_int_equal(answer.given, first);
                assert_int_equal(answer.opened, -1);
                assert_int_equal(answer.errno_of_open, EPERM);
        }
        assert_string_equal(spawned_end(&child, how), "it ended with status 7");
        assert_int_equal(child.fd, -EBADF);
}

static void test_ends_have_names(void **state)
{
        CLEANUP(spawner_stop) struct spawner *spawner = start();
        struct spawned child = SPAWNED_NONE;
        char how[SPAWNER_HOW_SIZE], byte;

        (void)state;
        assert_int_equal(spawner_spawn(spawner, KIND_CRASHES, -EBADF, 20000, &child), 0);
        assert_int_equal(spawned_read(&child, &byte, 1), -EPIPE);
        assert_string_equal(spawned_end(&child, how), "it was ended by signal 6 (Aborted)");

        assert_int_equal(spawner_spawn(spawner, KIND_COUNT, -EBADF, 20000, &child), 0);
        assert_int_equal(spawned_read(&child, &byte, 1), -EPIPE);
        assert_string_equal(spawned_end(&child, how), "it could not be made: Invalid argument");
}

static void test_patience(void **state)
{
        CLEANUP(spawner_stop) struct spawner *spawner = start();
        struct spawned child = SPAWNED_NONE;
        char how[SPAWNER_HOW_SIZE], byte;

        (void)state;
        assert_int_equal(spawner_spawn(spawner, KIND_STANDS_STILL, -EBADF, 50, &child), 0);
        assert_int_equal(spawned_read(&child, &byte, 1), -ETIMEDOUT);
        assert_string_equal(spawned_end(&child, how), "it does not end");
        spawned_kill(&child); /* nothing twice */
}

/* Whoever says a byte now and then has no more time than one that says nothing. */
static void test_patience_is_not_renewed(void **state)
{
        CLEANUP(spawner_stop) struct spawner *spawner = start();
        struct spawned child = SPAWNED_NONE;
        char bytes[4096];

        (void)state;
        assert_int_equal(spawner_spawn(spawner, KIND_DAWDLES, -EBADF, 200, &child), 0);
        assert_int_equal(spawned_read(&child, bytes, sizeof(bytes)), -ETIMEDOUT);
        spawned_kill(&child);
}

static void test_memory(void **state)
{
        CLEANUP(spawner_stop) struct spawner *spawner = NULL;
        struct spawned child = SPAWNED_NONE;
        char how[SPAWNER_HOW_SIZE], byte;

        (void)state;
        if (HAS_LEAK_SANITIZER) {
                print_message("NOT TESTED: AddressSanitizer asks for more than any limit; the "
                              "release build tests it\n");
                skip();
        }
        spawner = start();
        assert_int_equal(spawner_spawn(spawner, KIND_EATS, -EBADF, 20000, &child), 0);
        for (int i = 0; i < 33 && spawned_read(&child, &byte, 1) == 0; i++)
                ;
        assert_int_equal(spawned_read(&child, &byte, 1), -EPIPE);
        assert_string_equal(spawned_end(&child, how), "it ended with status 9");
}

static void test_too_many(void **state)
{
        CLEANUP(spawner_stop) struct spawner *spawner = start();
        struct spawned children[SPAWNER_CHILDREN_MAX], one = SPAWNED_NONE;
        char how[SPAWNER_HOW_SIZE], byte;

        (void)state;
        for (size_t i = 0; i < SPAWNER_CHILDREN_MAX; i++)
                assert_int_equal(
                        spawner_spawn(spawner, KIND_STANDS_STILL, -EBADF, 20000, &children[i]), 0);
        assert_int_equal(spawner_spawn(spawner, KIND_STANDS_STILL, -EBADF, 20000, &one), 0);
        assert_int_equal(spawned_read(&one, &byte, 1), -EPIPE);
        assert_string_equal(spawned_end(&one, how), "it could not be made: Too many users");
        for (size_t i = 0; i < SPAWNER_CHILDREN_MAX; i++)
                spawned_kill(&children[i]);
        /* those that were given up leave their place */
        for (int i = 0; i < 1000; i++) {
                assert_int_equal(spawner_spawn(spawner, KIND_CRASHES, -EBADF, 20000, &one), 0);
                assert_int_equal(spawned_read(&one, &byte, 1), -EPIPE);
                if (strcmp(spawned_end(&one, how), "it was ended by signal 6 (Aborted)") == 0)
                        return;
                (void)poll(NULL, 0, 10);
        }
        fail_msg("%s", how);
}

/* A daemon that is killed leaves nobody behind. */
static void test_ends_with_the_daemon(void **state)
{
        int pipes[2];
        char byte;
        pid_t pid;

        (void)state;
        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        if (pid == 0) {
                struct spawned child = SPAWNED_NONE;
                struct spawner *spawner = NULL;

                if (spawner_start(kinds, KIND_COUNT, &spawner) == 0 &&
                    spawner_spawn(spawner, KIND_STANDS_STILL, pipes[1], 20000, &child) == 0)
                        (void)!write(pipes[1], "x", 1);
                (void)poll(NULL, 0, -1);
                _exit(0);
        }
        close(pipes[1]);
        assert_int_equal(read(pipes[0], &byte, 1), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        /* The child had it, too: it ends when all are gone. */
        assert_int_equal(read(pipes[0], &byte, 1), 0);
        close(pipes[0]);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_ends_have_names),
                cmocka_unit_test(test_patience),
                cmocka_unit_test(test_patience_is_not_renewed),
                cmocka_unit_test(test_memory),
                cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_ends_with_the_daemon),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
