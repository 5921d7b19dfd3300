/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is left to the process of the tiny worker that reads the seed and hears the network.
 * There is no way back, so it is a process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"
#include "worker/confine.h"

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 250 + 1);                                                 \
        } while (0)

static char folder[] = "/tmp/cloudie-worker-XXXXXX";

static bool is_refused(long rc)
{
        return rc < 0 && (errno == EPERM || errno == EACCES);
}

static void tries_files(void)
{
        char path[64];

        snprintf(path, sizeof(path), "%s/key", folder);
        CHECK(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
        CHECK(open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0);
        CHECK(open("/dev/zero", O_RDONLY | O_CLOEXEC) >= 0);
        if (confine_landlock() == 0)
                return;
        CHECK(is_refused(open("/dev/zero", O_WRONLY | O_CLOEXEC)));
        CHECK(is_refused(open("/tmp/cloudie-never", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
        CHECK(is_refused(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC)));
}

static void tries_network(uint16_t port)
{
        const struct sockaddr_in server = {.sin_family = AF_INET,
                                           .sin_port = htons(port),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        /* It is there to connect: to whom, only the network says. */
        CHECK(connect(fd, (const struct sockaddr *)&server, sizeof(server)) == 0);
        CHECK(is_refused(listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1)));
}

static void tries_deeds_of_root(void)
{
        char name[] = "true", *argv[] = {name, NULL};

        CHECK(is_refused(execv("/bin/true", argv)));
        CHECK(is_refused(mount("none", "/proc", "tmpfs", 0, NULL)));
        CHECK(is_refused(syscall(SYS_finit_module, -1, "", 0)));
        CHECK(is_refused(syscall(SYS_reboot, 0, 0, 0, NULL))); /* no magic: nothing would happen */
        CHECK(is_refused(sethostname("x", 1)));
        CHECK(is_refused(kill(getppid(), 0)));
        CHECK(is_refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)));
        if (geteuid() == 0)
                CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
}

static void test_confined(void **state)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        _close_ int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char path[64];
        int status;
        pid_t pid;

        (void)state;
        assert_non_null(mkdtemp(folder));
        assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(server, 1), 0);
        assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
        if (confine_landlock() == 0)
                print_message("NOT TESTED: files, as this kernel has no Landlock\n");
        pid = fork();
        if (pid == 0) {
                CHECK(worker_confine(folder) == 0);
                tries_files();
                tries_network(ntohs(address.sin_port));
                tries_deeds_of_root();
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        snprintf(path, sizeof(path), "%s/key", folder);
        (void)unlink(path);
        assert_int_equal(rmdir(folder), 0);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 0)
                fail_msg("the check at line n*250+%d", WEXITSTATUS(status) - 1);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {cmocka_unit_test(test_confined)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
