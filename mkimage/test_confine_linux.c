/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is left to who reads packages. There is no way back, so each is a process of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"
#include "mkimage/confine.h"

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 250 + 1);                                                 \
        } while (0)
#define FIRST_CLOSED 3

static char root[] = "/tmp/cloudie-mkimage-XXXXXX";
static char inside[64], outside[64];

static bool is_refused(int rc)
{
        return rc < 0 && (errno == EPERM || errno == EACCES);
}

static int make(const char *folder, const char *name)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int connect_somewhere(void)
{
        const struct sockaddr_in address = {.sin_family = AF_INET,
                                            .sin_port = htons(9),
                                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return fd < 0 ? fd : connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

static void unpacks(void)
{
        char name[] = "true", *argv[] = {name, NULL};
        char path[128];

        CHECK(confine_unpacking(inside, FIRST_CLOSED) == 0);
        snprintf(path, sizeof(path), "%s/boot", inside);
        CHECK(mkdir(path, 0755) == 0);
        CHECK(make(path, "vmlinuz") >= 0);
        CHECK(is_refused(execv("/bin/true", argv)));
        CHECK(is_refused((int)syscall(SYS_fork)));
        CHECK(is_refused(connect_somewhere()));
        CHECK(is_refused(symlink("/etc/passwd", path)));
        if (confine_landlock() > 0) {
                CHECK(is_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)));
                CHECK(is_refused(make(outside, "new")));
        }
        _exit(0);
}

static void makes(void)
{
        char name[] = "true", *argv[] = {name, NULL};
        char output[128];

        snprintf(output, sizeof(output), "%s/disk.raw", inside);
        CHECK(confine_making(output, outside) == 0);
        CHECK(make(inside, "disk.raw.making") >= 0);
        CHECK(open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
        CHECK(is_refused(execv("/bin/true", argv)));
        CHECK(is_refused(connect_somewhere()));
        if (confine_landlock() > 0) {
                CHECK(is_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)));
                CHECK(is_refused(make(outside, "new")));
        }
        _exit(0);
}

static void run(void (*child)(void))
{
        const pid_t pid = fork();
        int status;

        if (confine_landlock() == 0)
                print_message("NOT TESTED: files, as this kernel has no Landlock\n");
        if (pid == 0)
                child();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 0)
                fail_msg("the check at line n*250+%d", WEXITSTATUS(status) - 1);
}

static void test_unpacking(void **state)
{
        (void)state;
        run(unpacks);
}

static void test_making(void **state)
{
        (void)state;
        run(makes);
}

static bool is_never_asked(void *context, const char *path)
{
        (void)context;
        (void)path;
        abort();
}

static void test_answers(void **state)
{
        char error[IMAGE_ERROR_SIZE] = "";
        _close_ int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(unpack_deb(fd, inside, is_never_asked, NULL, error), -EBADMSG);
        assert_true(error[0] != '\0');
}

static int setup(void **state)
{
        (void)state;
        assert_non_null(mkdtemp(root));
        snprintf(inside, sizeof(inside), "%s/inside", root);
        snprintf(outside, sizeof(outside), "%s/outside", root);
        return mkdir(inside, 0700) < 0 || mkdir(outside, 0700) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
        static const char *const made[] = {"inside/boot/vmlinuz",
                                           "inside/boot",
                                           "inside/disk.raw.making",
                                           "inside",
                                           "outside",
                                           ""};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
                char path[128];

                snprintf(path, sizeof(path), "%s/%s", root, made[i]);
                (void)remove(path);
        }
        return access(root, F_OK) == 0 ? -1 : 0;
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unpacking),
                cmocka_unit_test(test_making),
                cmocka_unit_test(test_answers),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
