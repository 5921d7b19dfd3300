/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Against real listeners on the loopback interface. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "netboot/prober.h"

static const struct ip_address loopback = IP_OF4_BYTES(127, 0, 0, 1);
static const struct ip_address loopback6 = {{{[15] = 1}}};

/* A port of ours, and a socket that holds it. */
static uint16_t hold(struct ip_address address, int *ret_fd)
{
        struct sockaddr_storage at = {0};
        socklen_t size = ip_to_socket(address, 0, 0, &at);

        *ret_fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(*ret_fd >= 0);
        assert_int_equal(bind(*ret_fd, (struct sockaddr *)&at, size), 0);
        assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&at, &size), 0);
        return ip_socket_port(&at);
}

/* Its queue is full: what it is sent is dropped, as a firewall does. */
#define FILL_MAX 8
static uint16_t be_silent(int *ret_fd, int fill[static FILL_MAX])
{
        const uint16_t port = hold(loopback, ret_fd);
        struct sockaddr_storage to = {0};
        const socklen_t size = ip_to_socket(loopback, port, 0, &to);

        assert_int_equal(listen(*ret_fd, 0), 0);
        for (size_t i = 0; i < FILL_MAX; i++) {
                fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void)connect(fill[i], (struct sockaddr *)&to, size);
        }
        return port;
}

static void ask(const struct prober *prober, uint32_t id, struct ip_address address, uint32_t port)
{
        const struct prober_question question = {id, port, address};

        assert_int_equal(prober_ask(prober, &question), 0);
}

/* 1 an answer, or why there will be none. */
static int wait_answer(const struct prober *prober, struct prober_answer *ret)
{
        struct pollfd ready = {.fd = prober_fd(prober), .events = POLLIN};
        int rc;

        while ((rc = prober_hear(prober, ret)) == 0)
                assert_true(poll(&ready, 1, 60000) > 0);
        return rc;
}

static bool is_open(const struct prober *prober, struct ip_address address, uint32_t port)
{
        static uint32_t id = 1000;
        struct prober_answer answer;

        ask(prober, ++id, address, port);
        assert_int_equal(wait_answer(prober, &answer), 1);
        assert_int_equal(answer.id, id);
        return answer.is_open;
}

static void test_answers(void **state)
{
        _close_ int open = -EBADF, closed = -EBADF, open6 = -EBADF;
        const uint16_t port = hold(loopback, &open), refused = hold(loopback, &closed);
        const uint16_t port6 = hold(loopback6, &open6);
        struct prober *prober;

        (void)state;
        assert_int_equal(listen(open, 8), 0);
        assert_int_equal(listen(open6, 8), 0);
        assert_int_equal(prober_start(&prober), 0);
        assert_true(is_open(prober, loopback, port));
        assert_false(is_open(prober, loopback, refused));
        assert_true(is_open(prober, loopback6, port6));
        /* It starts to listen: as a system does that boots. */
        assert_int_equal(listen(closed, 8), 0);
        assert_true(is_open(prober, loopback, refused));
        /* What makes no sense is not open, and does no harm. */
        assert_false(is_open(prober, loopback, 0));
        assert_false(is_open(prober, loopback, 65536 + port));
        assert_false(is_open(prober, (struct ip_address){0}, port));
        assert_true(is_open(prober, loopback, port));
        prober_stop(prober);
}

/* Whoever is silent has a place for a while, and nobody more than there are places. */
static void test_others_wait(void **state)
{
        _close_ int open = -EBADF, silent = -EBADF;
        int fill[FILL_MAX];
        const uint16_t port = hold(loopback, &open), nothing = be_silent(&silent, fill);
        struct prober_answer answer;
        unsigned closed = 0;
        struct prober *prober;

        (void)state;
        assert_int_equal(listen(open, 8), 0);
        assert_int_equal(prober_start(&prober), 0);
        for (uint32_t i = 1; i <= PROBER_MAX; i++)
                ask(prober, i, loopback, nothing);
        ask(prober, PROBER_MAX + 1, loopback, port);
        for (unsigned i = 0; i <= PROBER_MAX; i++) {
                assert_int_equal(wait_answer(prober, &answer), 1);
                assert_int_equal(answer.is_open, answer.id > PROBER_MAX);
                if (answer.is_open)
                        assert_true(closed > 0); /* one had to go first */
                closed += !answer.is_open;
        }
        assert_int_equal(closed, PROBER_MAX);
        prober_stop(prober);
        for (size_t i = 0; i < FILL_MAX; i++)
                close(fill[i]);
}

/* The asker never waits, whatever is asked. */
static void test_too_many(void **state)
{
        _close_ int silent = -EBADF;
        int fill[FILL_MAX];
        const struct prober_question question = {1, be_silent(&silent, fill), loopback};
        struct prober *prober;
        unsigned asked = 0;
        int rc;

        (void)state;
        assert_int_equal(prober_start(&prober), 0);
        while ((rc = prober_ask(prober, &question)) == 0 && asked < 1000000)
                asked++;
        assert_int_equal(rc, -EAGAIN);
        assert_true(asked >= PROBER_MAX);
        prober_stop(prober); /* with all of them under way */
        for (size_t i = 0; i < FILL_MAX; i++)
                close(fill[i]);
}

static void test_ends(void **state)
{
        const struct prober_question question = {1, 22, loopback};
        struct prober_answer answer;
        struct prober *prober;

        (void)state;
        assert_int_equal(prober_start(&prober), 0);
        /* No question: the child trusts nobody, and ends. */
        assert_int_equal(send(prober_fd(prober), "x", 1, MSG_NOSIGNAL), 1);
        assert_int_equal(wait_answer(prober, &answer), -EPIPE);
        assert_int_equal(prober_ask(prober, &question), -EPIPE);
        prober_stop(prober);
        assert_null(prober_stop(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_others_wait),
                cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
