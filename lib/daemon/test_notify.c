/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/daemon.h"

/* We are the manager: an abstract socket that the daemon's side writes to. */
static int manager_start(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char name[64];
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int len = snprintf(name, sizeof(name), "@cloudie-notify-%d", (int)getpid());

        memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
        assert_int_equal(bind(fd, (struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
                         0);
        setenv("NOTIFY_SOCKET", name, 1);
        return fd;
}

static void assert_heard(int fd, const char *expected)
{
        char text[256];
        ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        assert_true(n > 0);
        text[n] = '\0';
        assert_string_equal(text, expected);
}

static void test_notify(void **state)
{
        _close_ int fd = manager_start();
        char pid[16];

        (void)state;
        notify_ready("2 networks");
        assert_heard(fd, "READY=1\nSTATUS=2 networks");
        notify_alive();
        assert_heard(fd, "WATCHDOG=1");
        notify_stopping();
        assert_heard(fd, "STOPPING=1");
        snprintf(pid, sizeof(pid), "%d", (int)getpid());
        setenv("WATCHDOG_PID", pid, 1);
        setenv("WATCHDOG_USEC", "30000000", 1);
        assert_int_equal(notify_watchdog_ms(), 15000);
}

static void test_nobody_listens(void **state)
{
        (void)state;
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_PID");
        unsetenv("WATCHDOG_USEC");
        notify_ready(NULL);
        notify_alive();
        notify_stopping();
        assert_int_equal(notify_watchdog_ms(), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_notify),
                cmocka_unit_test(test_nobody_listens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
