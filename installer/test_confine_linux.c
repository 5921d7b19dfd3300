/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is left to cloudie-install, in a child of its own: there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "installer/install.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/daemon/confine.h"

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 250 + 1);                                                 \
        } while (0)

static char root[] = "/tmp/cloudie-install-XXXXXX";

static const char *const files[] = {"dev/target", "dev/other", "sys/firmware/efi/efivars/BootOrder",
                                    "kept"};

static int open_file(const char *name, int flags)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", root, name);
        return open(path, flags | O_CLOEXEC, 0600);
}

static bool is_refused(const char *name, int flags)
{
        return open_file(name, flags) < 0 && errno == EACCES;
}

static void child(void)
{
        char name[] = "true", *argv[] = {name, NULL};
        const bool has_landlock = confine_landlock() > 0;
        int disk;

        CHECK(install_confine("test", root) == 0);
        CHECK(execv("/bin/true", argv) < 0 && (errno == EACCES || errno == EPERM));
        CHECK(mount("none", "/proc", "tmpfs", 0, NULL) < 0 && errno == EPERM);
        CHECK(listen(socket(AF_INET, SOCK_STREAM, 0), 1) < 0 && errno == EPERM);
        disk = open_file("dev/target", O_RDWR);
        CHECK(disk >= 0);
        CHECK(open_file("kept", O_RDONLY) >= 0);
        if (has_landlock) {
                CHECK(is_refused("kept", O_WRONLY));
                CHECK(is_refused("new", O_WRONLY | O_CREAT));
        }

        CHECK(install_confine(NULL, root) == 0);
        CHECK(write(disk, "image", 5) == 5);
        CHECK(open_file("sys/firmware/efi/efivars/Boot0001", O_WRONLY | O_CREAT) >= 0);
        if (has_landlock) {
                CHECK(is_refused("dev/other", O_WRONLY));
                CHECK(is_refused("dev/other", O_RDONLY)); /* ioctl(2) could write to it */
                CHECK(is_refused("dev/target", O_WRONLY));
                CHECK(is_refused("dev/new", O_WRONLY | O_CREAT));
        }
        _exit(0);
}

static void test_confined(void **state)
{
        int status;
        pid_t pid;

        (void)state;
        if (confine_landlock() == 0)
                print_message("NOT TESTED: files, as this kernel has no Landlock\n");
        pid = fork();
        if (pid == 0)
                child();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 0)
                fail_msg("the check at line n*250+%d", WEXITSTATUS(status) - 1);
}

static int setup(void **state)
{
        char path[128];

        (void)state;
        assert_non_null(mkdtemp(root));
        snprintf(path, sizeof(path), "%s/sys/firmware/efi/efivars", root);
        assert_int_equal(file_make_folders(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/dev", root);
        assert_int_equal(mkdir(path, 0700), 0);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                _close_ int fd = open_file(files[i], O_WRONLY | O_CREAT);

                assert_true(fd >= 0);
        }
        return 0;
}

static int teardown(void **state)
{
        static const char *const rest[] = {"sys/firmware/efi/efivars/Boot0001",
                                           "sys/firmware/efi/efivars",
                                           "sys/firmware/efi",
                                           "sys/firmware",
                                           "sys",
                                           "dev",
                                           ""};
        char path[128];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                snprintf(path, sizeof(path), "%s/%s", root, files[i]);
                (void)remove(path);
        }
        for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
                snprintf(path, sizeof(path), "%s/%s", root, rest[i]);
                (void)remove(path);
        }
        return access(root, F_OK) == 0 ? -1 : 0;
}

int main(void)
{
        static const struct CMUnitTest tests[] = {cmocka_unit_test(test_confined)};

        return cmocka_run_group_tests(tests, setup, teardown);
}
