/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections that are passed on, against a server that says back what it hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "controller/relay.h"
#include "lib/base/net.h"

#define SIZE ((size_t)8 << 20) /* more than all buffers between the two hold */

static struct loop *loop;
static struct relay *relay;
static pthread_t loop_thread;
static int server_fd, relay_port;
static char target[64];

static int listen_somewhere(int *ret_port)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(at);
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(listen(fd, 16), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
        *ret_port = ntohs(at.sin_port);
        return fd;
}

static void *run_loop(void *context)
{
        (void)context;
        (void)loop_run(loop);
        return NULL;
}

static int start(void **state)
{
        int port;

        (void)state;
        server_fd = listen_somewhere(&port);
        snprintf(target, sizeof(target), "127.0.0.1:%d", port);
        assert_int_equal(loop_new(&loop), 0);
        close(listen_somewhere(&relay_port));
        assert_int_equal(relay_start(loop, "127.0.0.1", (uint16_t)relay_port, &relay), 0);
        relay_set_target(relay, target);
        assert_int_equal(pthread_create(&loop_thread, NULL, run_loop, NULL), 0);
        return 0;
}

static int end(void **state)
{
        (void)state;
        loop_stop(loop);
        pthread_join(loop_thread, NULL);
        relay = relay_stop(relay);
        loop = loop_free(loop);
        close(server_fd);
        return 0;
}

static void connect_at_relay(int fd)
{
        const struct sockaddr_in at = {.sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)relay_port),
                                       .sin_addr = {htonl(INADDR_LOOPBACK)}};

        assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
}

static int connect_to_relay(void)
{
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        connect_at_relay(fd);
        return fd;
}

/* Reads all, until the other side's end, and only then says it back. */
static void *say_back(void *context)
{
        const int fd = accept(server_fd, NULL, NULL);
        char *bytes = calloc(1, SIZE);
        size_t size = 0;
        ssize_t got;

        while ((got = read(fd, bytes + size, SIZE - size)) > 0)
                size += (size_t)got;
        *(size_t *)context = size;
        for (size_t sent = 0; sent < size; sent += (size_t)got) {
                got = write(fd, bytes + sent, size - sent);
                if (got < 0)
                        break;
        }
        close(fd);
        free(bytes);
        return NULL;
}

/* More than lies between the two goes to and fro; each side closes when it has said all. */
static void test_both_ways(void **state)
{
        char *sent = malloc(SIZE), *heard = malloc(SIZE);
        pthread_t server;
        size_t at_server = 0, size = 0;
        ssize_t got;
        int fd;

        (void)state;
        for (size_t i = 0; i < SIZE; i++)
                sent[i] = (char)(i * 7 + (i >> 12));
        assert_int_equal(pthread_create(&server, NULL, say_back, &at_server), 0);
        fd = connect_to_relay();
        for (size_t done = 0; done < SIZE; done += (size_t)got) {
                got = write(fd, sent + done, SIZE - done);
                assert_true(got > 0);
        }
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        /* It closes as soon as its last byte is on the way. */
        while ((got = read(fd, heard + size, SIZE - size)) > 0)
                size += (size_t)got;
        pthread_join(server, NULL);
        assert_int_equal(at_server, SIZE);
        assert_int_equal(size, SIZE);
        assert_memory_equal(heard, sent, SIZE);
        close(fd);
        free(sent);
        free(heard);
}

static void *take_and_leave(void *context)
{
        (void)context;
        close(accept(server_fd, NULL, NULL));
        return NULL;
}

/* Who goes takes the other end with him; the next one is served. */
static void test_gone(void **state)
{
        pthread_t server;
        char byte;
        int fd;

        (void)state;
        for (int i = 0; i < 3; i++) {
                assert_int_equal(pthread_create(&server, NULL, take_and_leave, NULL), 0);
                fd = connect_to_relay();
                assert_true(read(fd, &byte, 1) <= 0);
                close(fd);
                pthread_join(server, NULL);
        }
}

/* Nobody decides, or nobody knows who: whoever comes is turned away, at once. */
static void test_nobody(void **state)
{
        static const char *const targets[] = {"", "nothing", ":1", "127.0.0.1:", "[::1:1", "[]:1"};
        char byte;
        int fd;

        (void)state;
        close(server_fd);
        server_fd = -EBADF;
        fd = connect_to_relay();
        assert_true(read(fd, &byte, 1) <= 0);
        close(fd);
        loop_stop(loop);
        pthread_join(loop_thread, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
                relay_set_target(relay, targets[i]);
        assert_int_equal(pthread_create(&loop_thread, NULL, run_loop, NULL), 0);
        fd = connect_to_relay();
        assert_true(read(fd, &byte, 1) <= 0);
        close(fd);
}

static size_t count_descriptors(void)
{
        DIR *folder = opendir("/proc/self/fd");
        size_t count = 0;

        while (readdir(folder))
                count++;
        closedir(folder);
        return count;
}

/* The server has said all and closed; who came does not: he has his place not for ever. */
static void test_kept_open(void **state)
{
        const struct timespec pause = {.tv_nsec = 50000000};
        pthread_t server;
        size_t before;
        char byte;
        int fd;

        (void)state;
        before = count_descriptors();
        assert_int_equal(pthread_create(&server, NULL, take_and_leave, NULL), 0);
        fd = connect_to_relay();
        pthread_join(server, NULL);
        assert_int_equal(read(fd, &byte, 1), 0);
        for (int i = 0; i < 600 && count_descriptors() > before + 1; i++)
                nanosleep(&pause, NULL);
        assert_int_equal(count_descriptors(), before + 1);
        close(fd);
}

/* Of one address as many as may; the next one is turned away, and the first are not. */
static void test_many(void **state)
{
        const struct timeval patience = {.tv_sec = 10};
        int fds[RELAY_PER_ADDRESS + 1];
        char byte;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                fds[i] = connect_to_relay();
        assert_int_equal(setsockopt(fds[RELAY_PER_ADDRESS], SOL_SOCKET, SO_RCVTIMEO, &patience,
                                    sizeof(patience)),
                         0);
        errno = 0;
        assert_true(read(fds[RELAY_PER_ADDRESS], &byte, 1) <= 0 && errno != EAGAIN);
        assert_true(recv(fds[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                close(fds[i]);
}

static int64_t used_ms(void)
{
        struct timespec used;
        clockid_t clock;

        assert_int_equal(pthread_getcpuclockid(loop_thread, &clock), 0);
        assert_int_equal(clock_gettime(clock, &used), 0);
        return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* Without a descriptor left it waits, and not at full speed; then it goes on. */
static void test_no_descriptors(void **state)
{
        const struct timespec pause = {.tv_sec = 2};
        struct rlimit before, none;
        pthread_t server;
        int64_t used;
        char byte;
        int fd;

        (void)state;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        connect_at_relay(fd);
        used = used_ms();
        nanosleep(&pause, NULL);
        used = used_ms() - used;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_in_range(used, 0, 100);
        assert_int_equal(pthread_create(&server, NULL, take_and_leave, NULL), 0);
        assert_true(read(fd, &byte, 1) <= 0);
        pthread_join(server, NULL);
        close(fd);
}

static void test_refused(void **state)
{
        struct relay *second = NULL;

        (void)state;
        assert_int_equal(relay_start(loop, "127.0.0.1", (uint16_t)relay_port, &second),
                         -EADDRINUSE);
        assert_int_equal(relay_start(loop, "no address", 1, &second), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_both_ways, start, end),
                cmocka_unit_test_setup_teardown(test_gone, start, end),
                cmocka_unit_test_setup_teardown(test_nobody, start, end),
                cmocka_unit_test_setup_teardown(test_kept_open, start, end),
                cmocka_unit_test_setup_teardown(test_many, start, end),
                cmocka_unit_test_setup_teardown(test_no_descriptors, start, end),
                cmocka_unit_test_setup_teardown(test_refused, start, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
