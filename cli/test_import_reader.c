/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the child that reads a disk image can do, and one that was taken over cannot. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/import_reader.h"

#define SIZE ((uint64_t)IMAGE_FRAME_SIZE + 8192)

static const char mark[8] = "EFI PART";

static int make_image(void)
{
        char path[] = "/tmp/cloudie-import-XXXXXX";
        const int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
        assert_int_equal(pwrite(fd, mark, sizeof(mark), 4096), sizeof(mark));
        return fd;
}

static void test_reads(void **state)
{
        const int fd = make_image();
        CLEANUP(import_reader_free) struct import_reader *reader = NULL;
        _free_ uint8_t *stored = malloc(IMAGE_STORED_MAX);
        _free_ uint8_t *plain = calloc(1, IMAGE_FRAME_SIZE);
        char why[IMPORT_READER_SIZE] = "";
        struct import_look look;
        struct image_frame frame;
        struct sha256 hash;

        (void)state;
        assert_true(stored && plain);
        assert_int_equal(import_reader_new(fd, SIZE, 3, &reader), 0);
        assert_int_equal(import_reader_look(reader, why, &look), 0);
        assert_int_equal(look.sector_size, 4096);
        memcpy(plain + 4096, mark, sizeof(mark));
        assert_int_equal(sha256_of(plain, IMAGE_FRAME_SIZE, &hash), 0);
        assert_true(sha256_is_equal(&hash, &look.first));

        assert_int_equal(import_reader_frame(reader, 0, stored, why, &frame), 0);
        assert_true(sha256_is_equal(&hash, &frame.plain));
        assert_false(frame.is_zero);
        assert_int_equal(import_reader_frame(reader, 1, stored, why, &frame), 0);
        assert_true(frame.is_zero);
        assert_memory_equal(stored, "\x28\xb5\x2f\xfd", 4);

        /* What goes wrong with the file is told, and the child is still there. */
        assert_int_equal(import_reader_frame(reader, 2, stored, why, &frame), -EINVAL);
        assert_int_equal(ftruncate(fd, IMAGE_FRAME_SIZE), 0);
        assert_int_equal(import_reader_frame(reader, 1, stored, why, &frame), -EPIPE);
        assert_string_equal(why, "it became shorter while it was read");
        assert_int_equal(import_reader_frame(reader, 0, stored, why, &frame), 0);
        close(fd);
}

/* Which of them it could do. */
enum { OPENED = 1, CONNECTED = 2, EXECUTED = 4, FORKED = 8, WROTE = 16, READ = 32 };

static int is_hostile(int socket_to_us, int given)
{
        char name[] = "true", *argv[] = {name, NULL}, byte;
        const struct sockaddr address = {.sa_family = AF_UNIX};
        uint32_t could = 0;

        if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM)
                could |= OPENED;
        if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM ||
            connect(socket_to_us, &address, sizeof(address)) >= 0 || errno != EPERM)
                could |= CONNECTED;
        if (execv("/bin/true", argv) >= 0 || errno != EPERM)
                could |= EXECUTED;
        if (syscall(SYS_fork) >= 0 || errno != EPERM)
                could |= FORKED;
        if (write(given, "x", 1) >= 0)
                could |= WROTE;
        if (pread(given, &byte, 1, 0) == 1)
                could |= READ;
        return child_write(socket_to_us, &could, sizeof(could));
}

static void test_confined(void **state)
{
        const struct child_kind kind = {"hostile", is_hostile, import_reader_kind.confinement};
        CLEANUP(spawner_stop) struct spawner *spawner = NULL;
        struct spawned child = SPAWNED_NONE;
        const int image = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        uint32_t could = ~0U;

        (void)state;
        assert_true(image >= 0);
        assert_int_equal(spawner_start(&kind, 1, &spawner), 0);
        assert_int_equal(spawner_spawn(spawner, 0, image, 60000, &child), 0);
        assert_int_equal(spawned_read(&child, &could, sizeof(could)), 0);
        assert_int_equal(could, READ);
        spawned_kill(&child);
        close(image);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reads),
                cmocka_unit_test(test_confined),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
