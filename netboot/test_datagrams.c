/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "netboot/datagrams.h"

static const struct {
        const char *name;
        size_t count, size, last;
} bursts[] = {
        {"one",                       1,  100,  100 },
        {"two alike",                 2,  1472, 1472},
        {"a window and a short end",  16, 1472, 5   },
        {"as many as fit",            44, 1472, 1472},
        {"the last one longer",       8,  500,  1000},
        {"an empty block at the end", 8,  516,  4   },
        {"the most by number",        64, 516,  516 },
        {"small ones",                64, 12,   12  },
};

static struct datagrams datagrams;

/* Two sockets of this host, connected to one another. */
static void make_pair(int fds[2])
{
        struct sockaddr_in at[2];
        socklen_t size = sizeof(at[0]);

        for (int i = 0; i < 2; i++) {
                at[i] = (struct sockaddr_in){.sin_family = AF_INET,
                                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
                fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                assert_true(fds[i] >= 0);
                assert_int_equal(bind(fds[i], (struct sockaddr *)&at[i], sizeof(at[i])), 0);
                assert_int_equal(getsockname(fds[i], (struct sockaddr *)&at[i], &size), 0);
        }
        for (int i = 0; i < 2; i++)
                assert_int_equal(connect(fds[i], (struct sockaddr *)&at[1 - i], size), 0);
}

static void fill(size_t burst)
{
        for (size_t i = 0; i < bursts[burst].count; i++) {
                const bool is_last = i + 1 == bursts[burst].count;
                const size_t size = is_last ? bursts[burst].last : bursts[burst].size;
                size_t space = 0;
                uint8_t *to = datagrams_space(&datagrams, &space);

                assert_non_null(to);
                assert_true(space >= size);
                memset(to, (int)i, size);
                datagrams_add(&datagrams, size);
        }
}

static void expect(size_t burst, int fd)
{
        uint8_t bytes[2048];

        for (size_t i = 0; i < bursts[burst].count; i++) {
                const bool is_last = i + 1 == bursts[burst].count;
                const size_t size = is_last ? bursts[burst].last : bursts[burst].size;

                assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), size);
                assert_int_equal(bytes[0], i);
                assert_int_equal(bytes[size - 1], i);
        }
        assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), -1);
}

static void send_all_bursts(bool is_plain)
{
        const bool was_plain = is_plain;
        int fds[2];

        make_pair(fds);
        datagrams = (struct datagrams){0};
        for (size_t i = 0; i < ARRAY_SIZE(bursts); i++) {
                print_message("%s\n", bursts[i].name);
                fill(i);
                datagrams_send(&datagrams, fds[0], &is_plain);
                assert_int_equal(is_plain, was_plain);
                assert_int_equal(datagrams.count, 0);
                assert_int_equal(datagrams.used, 0);
                expect(i, fds[1]);
        }
        close(fds[0]);
        close(fds[1]);
}

static void sends_in_order_by_segments(void **state)
{
        (void)state;
        send_all_bursts(false);
}

static void sends_in_order_one_by_one(void **state)
{
        (void)state;
        send_all_bursts(true);
}

/* A refusal that came for an older packet (anybody can forge one) costs no window. */
static void is_not_stopped_by_a_refusal(void **state)
{
        struct sockaddr_in at = {0};
        socklen_t size = sizeof(at);
        bool is_plain = false;
        int fds[2];

        (void)state;
        make_pair(fds);
        assert_int_equal(getsockname(fds[1], (struct sockaddr *)&at, &size), 0);
        close(fds[1]);
        assert_int_equal(send(fds[0], "x", 1, 0), 1); /* nobody there: refused */
        fds[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(fds[1], (struct sockaddr *)&at, size), 0);
        datagrams = (struct datagrams){0};
        fill(2);
        datagrams_send(&datagrams, fds[0], &is_plain);
        expect(2, fds[1]);
        close(fds[0]);
        close(fds[1]);
}

/* Linux takes no segments of a socket that sends without checksums, as of a path that is too narrow
 * for them. What goes to others does not change. */
static void is_plain_where_it_must_be(void **state)
{
        bool is_plain[2] = {false, false};
        int fds[2][2];
        const int on = 1;

        (void)state;
        datagrams = (struct datagrams){0};
        for (int i = 0; i < 2; i++)
                make_pair(fds[i]);
        assert_int_equal(setsockopt(fds[0][0], SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 2; i++) {
                        fill(2);
                        datagrams_send(&datagrams, fds[i][0], &is_plain[i]);
                        expect(2, fds[i][1]);
                }
        }
        assert_true(is_plain[0]);
        assert_false(is_plain[1]);
        for (int i = 0; i < 2; i++) {
                close(fds[i][0]);
                close(fds[i][1]);
        }
}

static void is_full_by_number(void **state)
{
        size_t space = 0;

        (void)state;
        datagrams = (struct datagrams){0};
        fill(6);
        assert_null(datagrams_space(&datagrams, &space));
        assert_int_equal(space, DATAGRAMS_BYTES - 64 * 516);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sends_in_order_by_segments),
                cmocka_unit_test(sends_in_order_one_by_one),
                cmocka_unit_test(is_not_stopped_by_a_refusal),
                cmocka_unit_test(is_plain_where_it_must_be),
                cmocka_unit_test(is_full_by_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
