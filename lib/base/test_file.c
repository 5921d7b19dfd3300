/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"

static char folder[] = "/tmp/test-file-XXXXXX";

static int enter_folder(void **state)
{
        (void)state;
        return !mkdtemp(folder) || chdir(folder) < 0 ? -1 : 0;
}

static int leave_folder(void **state)
{
        char command[64];

        (void)state;
        snprintf(command, sizeof(command), "rm -rf %s", folder);
        return chdir("/") < 0 || system(command) != 0 ? -1 : 0; /* NOLINT(cert-env33-c) */
}

static void replaced_whole_and_read_back(void **state)
{
        _free_ char *text = NULL, *again = NULL;
        struct stat st;
        size_t size;

        (void)state;
        assert_int_equal(file_replace("secret", "old", 3, 0600), 0);
        assert_int_equal(file_replace("secret", "new\0one", 7, 0640), 0);
        assert_int_equal(file_read(AT_FDCWD, "secret", 7, &text, &size), 0);
        assert_int_equal(size, 7);
        assert_memory_equal(text, "new\0one", 8);
        assert_int_equal(stat("secret", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_int_equal(file_read(AT_FDCWD, "secret", 6, &again, NULL), -EFBIG);
        assert_null(again);
        assert_int_equal(file_read(AT_FDCWD, "none", 6, &again, NULL), -ENOENT);
}

static void a_failure_leaves_the_old_one_and_no_litter(void **state)
{
        FILE *ls;
        char line[64];
        int count = 0;

        (void)state;
        assert_int_equal(mkdir("dir", 0700), 0);
        assert_int_equal(mkdir("dir/taken", 0700), 0);
        assert_int_equal(file_replace("dir/taken", "x", 1, 0600), -EISDIR);
        assert_int_equal(file_replace("nowhere/x", "x", 1, 0600), -ENOENT);
        ls = popen("ls -A dir", "re"); /* NOLINT(cert-env33-c) */
        assert_non_null(ls);
        while (fgets(line, sizeof(line), ls))
                count++;
        pclose(ls);
        assert_int_equal(count, 1);
}

static void sizes_around_the_first_buffer(void **state)
{
        static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};
        static char bytes[100000];

        (void)state;
        memset(bytes, 'x', sizeof(bytes));
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _free_ char *text = NULL;
                size_t size;

                assert_int_equal(file_replace("f", bytes, sizes[i], 0600), 0);
                assert_int_equal(file_read(AT_FDCWD, "f", sizeof(bytes), &text, &size), 0);
                assert_int_equal(size, sizes[i]);
                assert_int_equal(strlen(text), size);
        }
}

static void files_without_a_size_are_counted(void **state)
{
        _free_ char *text = NULL, *big = NULL;
        size_t size;

        (void)state;
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 65536, &text, &size), 0);
        assert_in_range(size, 100, 65536);
        assert_int_equal(strlen(text), size);
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 99, &big, NULL), -EFBIG);
}

/* Every file of sysfs claims 4096 bytes; what it holds is what counts. */
static void files_that_exaggerate_are_counted(void **state)
{
        static const char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
        char *text = NULL;
        size_t size = 0;

        (void)state;
        if (access(path, R_OK) < 0) {
                print_message("skipped: there is no %s\n", path);
                skip();
        }
        assert_int_equal(file_read(AT_FDCWD, path, 1024, &text, &size), 0);
        assert_true(size > 0 && size < 1024);
        free(text);
}

static void folders_above(void **state)
{
        struct stat st;

        (void)state;
        assert_int_equal(file_make_folders("a/b/c", 0750), 0);
        assert_int_equal(file_make_folders("a/b/c", 0750), 0);
        assert_int_equal(file_make_folders("a/b/c/d/", 0750), 0);
        assert_int_equal(stat("a/b/c/d", &st), 0);
        assert_int_equal(st.st_mode & 0777, 0750);
        assert_int_equal(file_replace("a/file", "", 0, 0600), 0);
        assert_int_equal(file_make_folders("a/file/x", 0750), -ENOTDIR);
        assert_int_equal(file_make_folders("a/file", 0750), -ENOTDIR);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(replaced_whole_and_read_back),
                cmocka_unit_test(a_failure_leaves_the_old_one_and_no_litter),
                cmocka_unit_test(sizes_around_the_first_buffer),
                cmocka_unit_test(files_without_a_size_are_counted),
                cmocka_unit_test(files_that_exaggerate_are_counted),
                cmocka_unit_test(folders_above),
        };

        return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
