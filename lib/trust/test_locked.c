/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/trust/locked.h"

#define PASSPHRASE "correct horse battery"
#define MOST       (3 * LOCKED_PIECE_SIZE)
#define PIECE      (LOCKED_PIECE_SIZE + 16) /* with its tag */

static uint8_t plain[MOST];

static int lock(size_t size)
{
        CLEANUP(locked_writer_free) struct locked_writer *writer = NULL;
        const int fd = memfd_create("locked", MFD_CLOEXEC);
        const size_t half = size / 3;

        assert_true(fd >= 0);
        assert_int_equal(locked_writer_new(fd, PASSPHRASE, &writer), 0);
        assert_int_equal(locked_write(writer, plain, half), 0);
        assert_int_equal(locked_write(writer, plain + half, size - half), 0);
        assert_int_equal(locked_end(writer), 0);
        return fd;
}

/* How many bytes came, all of them right; or the error. */
static ssize_t unlock(int fd, const char *passphrase)
{
        CLEANUP(locked_reader_free) struct locked_reader *reader = NULL;
        _free_ uint8_t *got = malloc(MOST + 1);
        size_t size = 0;
        ssize_t n;

        assert_non_null(got);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        n = locked_reader_new(fd, passphrase, &reader);
        while (n >= 0) {
                const size_t some = MOST + 1 - size < 50000 ? MOST + 1 - size : 50000;

                n = locked_read(reader, got + size, some);
                if (n <= 0)
                        break;
                size += (size_t)n;
        }
        assert_memory_equal(got, plain, size);
        return n < 0 ? n : (ssize_t)size;
}

static void test_sizes(void **state)
{
        static const size_t sizes[] = {
                0, 1, LOCKED_PIECE_SIZE - 1, LOCKED_PIECE_SIZE, LOCKED_PIECE_SIZE + 1, MOST};

        (void)state;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                _close_ int fd = lock(sizes[i]);

                assert_int_equal(unlock(fd, PASSPHRASE), sizes[i]);
        }
}

static void test_who_may_not(void **state)
{
        _close_ int fd = lock(100);
        uint8_t byte = 0;

        (void)state;
        assert_int_equal(unlock(fd, "correct horse batterx"), -EKEYREJECTED);
        assert_int_equal(unlock(fd, ""), -EKEYREJECTED);
        assert_int_equal(pwrite(fd, &byte, 1, 0), 1);
        assert_int_equal(unlock(fd, PASSPHRASE), -EBADMSG);
        assert_int_equal(ftruncate(fd, LOCKED_HEAD_SIZE - 1), 0);
        assert_int_equal(unlock(fd, PASSPHRASE), -EBADMSG);
}

/* A bit of the salt, of each piece, of a tag; and each place where a file may be cut. */
static void test_changes(void **state)
{
        static const off_t places[] = {
                20,
                LOCKED_HEAD_SIZE,
                LOCKED_HEAD_SIZE + LOCKED_PIECE_SIZE,
                LOCKED_HEAD_SIZE + PIECE + 5,
                LOCKED_HEAD_SIZE + 2 * PIECE - 1,
                LOCKED_HEAD_SIZE + 2 * PIECE + 10,
        };
        static const off_t cuts[] = {LOCKED_HEAD_SIZE + 2 * PIECE + 20,
                                     LOCKED_HEAD_SIZE + 2 * PIECE, LOCKED_HEAD_SIZE + PIECE,
                                     LOCKED_HEAD_SIZE};
        _close_ int fd = lock(2 * LOCKED_PIECE_SIZE + 100);
        uint8_t byte;

        (void)state;
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                assert_int_equal(pread(fd, &byte, 1, places[i]), 1);
                byte ^= 1;
                assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
                assert_int_equal(unlock(fd, PASSPHRASE), -EKEYREJECTED);
                byte ^= 1;
                assert_int_equal(pwrite(fd, &byte, 1, places[i]), 1);
        }
        assert_int_equal(unlock(fd, PASSPHRASE), 2 * LOCKED_PIECE_SIZE + 100);
        for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
                assert_int_equal(ftruncate(fd, cuts[i]), 0);
                assert_int_equal(unlock(fd, PASSPHRASE), -EKEYREJECTED);
        }
}

static void test_swapped(void **state)
{
        _close_ int fd = lock(MOST);
        uint8_t *bytes[2] = {malloc(PIECE), malloc(PIECE)};

        (void)state;
        for (off_t i = 0; i < 2; i++)
                assert_int_equal(pread(fd, bytes[i], PIECE, LOCKED_HEAD_SIZE + i * PIECE), PIECE);
        for (off_t i = 0; i < 2; i++)
                assert_int_equal(pwrite(fd, bytes[i], PIECE, LOCKED_HEAD_SIZE + (1 - i) * PIECE),
                                 PIECE);
        assert_int_equal(unlock(fd, PASSPHRASE), -EKEYREJECTED);
        free(bytes[0]);
        free(bytes[1]);
}

/* What costs too much, and what no version wrote. */
static void test_heads(void **state)
{
        static const struct {
                struct locked_head head;
                int rc;
        } cases[] = {
                {{15, 8, 3, {0}}, 0       },
                {{1, 8, 1, {0}},  0       },
                {{18, 8, 1, {0}}, 0       },
                {{19, 8, 1, {0}}, -EBADMSG},
                {{0, 8, 1, {0}},  -EBADMSG},
                {{15, 9, 1, {0}}, -EBADMSG},
                {{15, 8, 4, {0}}, -EBADMSG},
                {{15, 8, 0, {0}}, -EBADMSG},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint8_t bytes[LOCKED_HEAD_SIZE];
                struct locked_head head;

                locked_head_write(&cases[i].head, bytes);
                assert_int_equal(locked_head_parse(reader_over(bytes, sizeof(bytes)), &head),
                                 cases[i].rc);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),   cmocka_unit_test(test_who_may_not),
                cmocka_unit_test(test_changes), cmocka_unit_test(test_swapped),
                cmocka_unit_test(test_heads),
        };

        for (size_t i = 0; i < MOST; i++)
                plain[i] = (uint8_t)(i * 2654435761U >> 24);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
