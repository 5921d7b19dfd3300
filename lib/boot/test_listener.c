/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/boot/listener_linux.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"

/* A network of our own, whose loopback is the cable. False: it cannot be had. */
static bool make_network(void)
{
        struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        _close_ int fd = -EBADF;

        if (unshare(CLONE_NEWNET) < 0)
                return false;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static void speak(const char *text)
{
        const struct sockaddr_ll to = {
                .sll_family = AF_PACKET,
                .sll_protocol = htons(0x88cc),
                .sll_ifindex = (int)if_nametoindex("lo"),
                .sll_halen = 6,
                .sll_addr = {0x01, 0x80, 0xc2, 0, 0, 0x0e},
        };
        _close_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        assert_int_equal(
                sendto(fd, text, strlen(text), 0, (const struct sockaddr *)&to, sizeof(to)),
                (ssize_t)strlen(text));
}

/* The next message that came in: loopback shows what goes out, too. */
static bool is_next(int fd, const char *text)
{
        struct sockaddr_ll from = {0};
        char bytes[64];
        ssize_t size;

        do {
                socklen_t len = sizeof(from);

                size = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len);
        } while (size >= 0 && from.sll_pkttype == PACKET_OUTGOING);
        return size == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)size) == 0;
}

static void test_listener(void **state)
{
        struct listener *listener;
        struct loop *loop;

        (void)state;
        if (!make_network())
                skip();
        assert_int_equal(loop_new(&loop), 0);
        assert_int_equal(listener_new(loop, &listener), 0);
        speak("one");
        speak("two");
        listener_look(listener); /* again: an interface is joined once */
        listener_forget(listener, time(NULL));
        assert_true(is_next(listener_fd(listener), "one"));
        assert_true(is_next(listener_fd(listener), "two"));

        speak("old");
        listener_forget(listener, time(NULL) + LISTENER_KEEP_S + 1);
        speak("new");
        listener_forget(listener, time(NULL));
        assert_true(is_next(listener_fd(listener), "new"));
        assert_false(is_next(listener_fd(listener), ""));

        assert_null(listener_free(listener));
        assert_null(listener_free(NULL));
        listener_look(NULL);
        assert_true(listener_fd(NULL) < 0);
        loop_free(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_listener),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
