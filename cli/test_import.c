/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/import.h"

static void test_names(void **state)
{
        static const struct {
                const char *path, *name; /* NULL: none */
        } cases[] = {
                {"worker.raw",                                                       "worker"      },
                {"/tmp/a/worker.img",                                                "worker"      },
                {"debian-12.5.raw",                                                  "debian-12.5" },
                {"worker",                                                           "worker"      },
                {"worker.qcow2",                                                     "worker.qcow2"},
                {"worker.raw.img",                                                   "worker.raw"  },
                {".raw",                                                             NULL          },
                {"-worker.raw",                                                      NULL          },
                {"Worker.raw",                                                       NULL          },
                {"a b.raw",                                                          NULL          },
                {"folder/",                                                          NULL          },
                {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL          },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char name[IMAGE_NAME_SIZE] = "before";

                assert_int_equal(import_name(cases[i].path, name), cases[i].name ? 0 : -EINVAL);
                assert_string_equal(name, cases[i].name ? cases[i].name : "before");
        }
}

static void test_progress(void **state)
{
        char line[160], shortest[8];

        (void)state;
        import_progress(line, sizeof(line), "worker", 128, 512, 3 << 20);
        assert_string_equal(line, "worker: 128 of 512 frames, 25 %, 3.0 MiB sent");
        import_progress(line, sizeof(line), "w", UINT64_MAX, UINT64_MAX, UINT64_MAX);
        assert_non_null(strstr(line, "100 %"));
        import_progress(line, sizeof(line), "w", 0, 0, 0);
        assert_non_null(strstr(line, "100 %"));
        import_progress(shortest, sizeof(shortest), "worker", 1, 2, 3);
        assert_string_equal(shortest, "worker:");
}

static int temporary(void)
{
        char path[] = "/tmp/cloudie-import-XXXXXX";
        const int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(unlink(path), 0);
        return fd;
}

static void test_sector_sizes(void **state)
{
        const int fd = temporary();
        uint32_t size = 0;

        (void)state;
        assert_int_equal(import_sector_size(fd, &size), 0);
        assert_int_equal(size, 512);
        assert_int_equal(pwrite(fd, "EFI PART", 8, 4096), 8);
        assert_int_equal(import_sector_size(fd, &size), 0);
        assert_int_equal(size, 4096);
        assert_int_equal(pwrite(fd, "EFI PART", 8, 512), 8);
        assert_int_equal(import_sector_size(fd, &size), 0);
        assert_int_equal(size, 512);
        close(fd);
        assert_true(import_sector_size(fd, &size) < 0);
}

static void test_holes_are_zeros(void **state)
{
        const int fd = temporary();
        char bytes[8192];

        (void)state;
        assert_int_equal(ftruncate(fd, 3 << 20), 0);
        assert_int_equal(pwrite(fd, "here", 4, 1 << 20), 4);
        memset(bytes, 'x', sizeof(bytes));
        assert_int_equal(import_read(fd, 0, bytes, sizeof(bytes)), 0);
        assert_true(image_is_zero(bytes, sizeof(bytes)));
        assert_int_equal(import_read(fd, (1 << 20) - 4096, bytes, sizeof(bytes)), 0);
        assert_memory_equal(bytes + 4096, "here", 4);
        assert_true(image_is_zero(bytes, 4096));
        /* Behind the last byte that was written, up to the very end, and past it. */
        memset(bytes, 'x', sizeof(bytes));
        assert_int_equal(import_read(fd, (3 << 20) - sizeof(bytes), bytes, sizeof(bytes)), 0);
        assert_true(image_is_zero(bytes, sizeof(bytes)));
        assert_int_equal(import_read(fd, (3 << 20) - 1, bytes, 2), -EPIPE);
        close(fd);
        assert_int_equal(import_read(fd, 0, bytes, 1), -EBADF);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_progress),
                cmocka_unit_test(test_sector_sizes),
                cmocka_unit_test(test_holes_are_zeros),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
