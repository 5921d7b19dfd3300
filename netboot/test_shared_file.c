/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "netboot/shared_file.h"

#define SIZE 300001

static uint8_t content[SIZE];
static char path[] = "/tmp/shared-XXXXXX";

static int open_it(void)
{
        const int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

static bool is_open(int fd)
{
        return fcntl(fd, F_GETFD) >= 0;
}

static void write_it(void)
{
        const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, SIZE), SIZE);
        close(fd);
}

static int begin(void **state)
{
        const int fd = mkstemp(path);

        for (size_t i = 0; i < SIZE; i++)
                content[i] = (uint8_t)(i * 7 + i / 251);
        close(fd);
        write_it();
        *state = shared_files_new();
        return fd < 0 || !*state;
}

static int end(void **state)
{
        shared_files_free(*state);
        return unlink(path);
}

static void expect(struct shared_file *file, uint64_t offset, size_t size)
{
        static uint8_t got[SIZE];

        memset(got, 0xee, size);
        assert_int_equal(shared_file_read(file, offset, got, size), size);
        assert_memory_equal(got, content + offset, size);
}

static void two_readers_have_one_copy(void **state)
{
        const int fds[2] = {open_it(), open_it()};
        struct shared_file *a, *b;

        assert_int_equal(shared_file_open(*state, fds[0], SIZE, &a), 0);
        assert_int_equal(shared_file_open(*state, fds[1], SIZE, &b), 0);
        assert_ptr_equal(a, b);
        assert_false(is_open(fds[1]));
        assert_int_equal(shared_files_bytes(*state), SIZE);
        expect(a, 131000, 200); /* over the end of a chunk */
        expect(b, 0, SIZE);
        shared_file_close(a);
        expect(b, SIZE - 1, 1);
        expect(b, SIZE, 0);
        shared_file_close(b);
        assert_false(is_open(fds[0]));
        assert_int_equal(shared_files_bytes(*state), 0);
}

static void reads_nothing_past_the_end(void **state)
{
        struct shared_file *file;
        uint8_t byte;

        assert_int_equal(shared_file_open(*state, open_it(), SIZE, &file), 0);
        assert_int_equal(shared_file_read(file, SIZE, &byte, 1), -EINVAL);
        assert_int_equal(shared_file_read(file, UINT64_MAX, &byte, 1), -EINVAL);
        assert_int_equal(shared_file_read(file, SIZE - 1, &byte, SIZE_MAX), -EINVAL);
        shared_file_close(file);
}

/* What was cut short is an error to who reads there, and no end of the daemon. */
static void survives_a_file_that_was_cut(void **state)
{
        struct shared_file *file;
        uint8_t byte;

        assert_int_equal(shared_file_open(*state, open_it(), SIZE, &file), 0);
        expect(file, 0, 1);
        assert_int_equal(truncate(path, 5), 0);
        assert_int_equal(shared_file_read(file, SIZE - 1, &byte, 1), -EIO);
        expect(file, 1000, 1000); /* of the copy */
        write_it();
        expect(file, SIZE - 1, 1);
        shared_file_close(file);
}

static void another_file_under_the_name_is_another(void **state)
{
        char beside[sizeof(path) + 4];
        struct shared_file *a, *b;

        assert_int_equal(shared_file_open(*state, open_it(), SIZE, &a), 0);
        expect(a, 0, 10);
        snprintf(beside, sizeof(beside), "%s.new", path);
        assert_int_equal(rename(path, beside), 0);
        content[0]++;
        write_it();
        assert_int_equal(shared_file_open(*state, open_it(), SIZE, &b), 0);
        assert_ptr_not_equal(a, b);
        expect(b, 0, 10);
        content[0]--;
        expect(a, 0, 10);
        shared_file_close(a);
        shared_file_close(b);
        assert_int_equal(rename(beside, path), 0);
}

static void a_large_file_has_no_copy(void **state)
{
        struct shared_file *large, *small;
        uint8_t byte;

        assert_int_equal(shared_file_open(*state, open_it(), SHARED_FILES_MAX_BYTES + 1, &large),
                         0);
        assert_int_equal(shared_files_bytes(*state), 0);
        expect(large, 70000, 1428);
        assert_int_equal(shared_file_read(large, SIZE, &byte, 1), -EIO);
        assert_int_equal(shared_file_open(*state, open_it(), SIZE, &small), 0);
        assert_int_equal(shared_files_bytes(*state), SIZE);
        shared_file_close(large);
        shared_file_close(small);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(two_readers_have_one_copy),
                cmocka_unit_test(reads_nothing_past_the_end),
                cmocka_unit_test(survives_a_file_that_was_cut),
                cmocka_unit_test(another_file_under_the_name_is_another),
                cmocka_unit_test(a_large_file_has_no_copy),
        };

        return cmocka_run_group_tests(tests, begin, end);
}
