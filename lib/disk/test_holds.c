/* SPDX-License-Identifier: GPL-3.0-or-later */
/* On files in the place of disks: libblkid makes no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"
#include "lib/disk/gpt.h"
#include "lib/disk/holds.h"

#define MIB       ((size_t)1 << 20)
#define DISK_SIZE (16 * MIB)

static int disk_new(void)
{
        char path[] = "/tmp/cloudie-disk-XXXXXX";
        const int fd = mkstemp(path);

        assert_true(fd >= 0);
        unlink(path);
        assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
        return fd;
}

static void put(int fd, size_t at, const void *bytes, size_t size)
{
        assert_int_equal(pwrite(fd, bytes, size, (off_t)at), size);
}

static void put_fat(int fd, size_t at)
{
        static uint8_t volume[FAT_MIN_SIZE];
        const struct fat_file file = {"a", "b", 1};

        assert_int_equal(
                fat_write(&file, 1, &(struct fat_volume){"LABEL", 1, 0, 0}, volume, sizeof(volume)),
                0);
        put(fd, at, volume, sizeof(volume));
}

/* The superblocks that libblkid knows by a few bytes. */
static void put_swap(int fd, size_t at)
{
        const uint32_t header[] = {1, 255, 0};

        put(fd, at + 1024, header, sizeof(header));
        put(fd, at + 4096 - 10, "SWAPSPACE2", 10);
}

static void put_luks(int fd, size_t at)
{
        put(fd, at, "LUKS\xba\xbe\0\1", 8);
}

static void put_table(int fd, bool has_tail)
{
        static struct gpt gpt;
        static uint8_t head[34 * 512], tail[33 * 512];
        const struct gpt_guid id = {{1}};

        gpt_new(&gpt, &gpt_type_linux_data, 512, DISK_SIZE / 512);
        for (uint64_t i = 1; i <= 3; i++) {
                gpt.partitions[i] = (struct gpt_partition){.type = gpt_type_linux_data,
                                                           .id = id,
                                                           .first = i * 4096,
                                                           .last = (i + 1) * 4096 - 1};
                gpt.partitions[i].id.bytes[1] = (uint8_t)i;
        }
        memset(head, 0, sizeof(head));
        gpt_write(&gpt, head, tail);
        put(fd, 0, head, sizeof(head));
        if (has_tail)
                put(fd, DISK_SIZE - sizeof(tail), tail, sizeof(tail));
}

static void assert_holds(int fd, const char *want)
{
        char got[DISK_HOLDS_SIZE] = "old";

        assert_int_equal(disk_holds(fd, got), 0);
        assert_string_equal(got, want);
}

static void assert_wiped(int fd)
{
        assert_int_equal(disk_wipe(fd), 0);
        assert_holds(fd, "");
}

static void nothing(void **state)
{
        _close_ int fd = disk_new();

        (void)state;
        assert_holds(fd, "");
        put(fd, 5000, "some bytes that mean nothing", 28);
        assert_holds(fd, "");
}

static void one_file_system(void **state)
{
        _close_ int fat = disk_new(), swap = disk_new(), luks = disk_new();

        (void)state;
        put_fat(fat, 0);
        assert_holds(fat, "vfat");
        assert_wiped(fat);
        put_swap(swap, 0);
        assert_holds(swap, "swap");
        assert_wiped(swap);
        put_luks(luks, 0);
        assert_holds(luks, "crypto_LUKS");
        assert_wiped(luks);
}

/* Each of them is told, where libblkid alone would say "ambivalent" and nothing else. */
static void two_in_one_place(void **state)
{
        _close_ int fd = disk_new();
        char got[DISK_HOLDS_SIZE];

        (void)state;
        put_swap(fd, 0);
        put_luks(fd, 0);
        assert_int_equal(disk_holds(fd, got), 0);
        assert_non_null(strstr(got, "swap"));
        assert_non_null(strstr(got, "crypto_LUKS"));
        assert_wiped(fd);
}

static void partitions(void **state)
{
        _close_ int fd = disk_new();

        (void)state;
        put_table(fd, true);
        assert_holds(fd, "a gpt partition table with 3 partitions");
        put_fat(fd, 2 * MIB);
        put_luks(fd, 4 * MIB);
        put_fat(fd, 6 * MIB);
        assert_holds(fd, "a gpt partition table with 3 partitions (vfat, crypto_LUKS)");
        assert_wiped(fd);

        /* The same table again: what was on its partitions does not come back. */
        put_table(fd, true);
        assert_holds(fd, "a gpt partition table with 3 partitions");
}

/* Of each place what its table and its first signature say. */
static void details(void **state)
{
        static struct disk_contents contents;
        _close_ int fd = disk_new();
        const struct disk_content *part = contents.partitions;

        (void)state;
        put_table(fd, true);
        put_fat(fd, 2 * MIB);
        put_luks(fd, 4 * MIB);
        assert_int_equal(disk_contents_read(fd, &contents), 0);
        assert_string_equal(contents.whole.type, "gpt");
        assert_int_equal(strlen(contents.whole.uuid), 36);
        assert_string_equal(contents.whole.kind, "");
        assert_int_equal(contents.count, 3);
        assert_int_equal(part[0].number, 2); /* the table's first entry is empty */
        assert_int_equal(part[0].at, 2 * MIB);
        assert_int_equal(part[0].size, 2 * MIB);
        assert_string_equal(part[0].type, "0fc63daf-8483-4772-8e79-3d69d8477de4");
        assert_string_equal(part[0].uuid, "00000101-0000-0000-0000-000000000000");
        assert_string_equal(part[0].kind, "vfat");
        assert_string_equal(part[0].usage, "filesystem");
        assert_string_equal(part[0].label, "LABEL");
        assert_string_equal(part[0].kind_uuid, "0000-0001");
        assert_int_equal(part[0].kind_size, FAT_MIN_SIZE);
        assert_string_equal(part[1].kind, "crypto_LUKS");
        assert_string_equal(part[1].usage, "crypto");
        assert_string_equal(part[2].kind, "");

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
        put_swap(fd, 0);
        assert_int_equal(disk_contents_read(fd, &contents), 0);
        assert_string_equal(contents.whole.type, "");
        assert_string_equal(contents.whole.kind, "swap");
        assert_int_equal(contents.count, 0);
}

static void a_table_of_which_only_the_backup_is_left(void **state)
{
        _close_ int fd = disk_new();
        const uint8_t zeros[1024] = {0};
        char got[DISK_HOLDS_SIZE];

        (void)state;
        put_table(fd, true);
        put(fd, 512, zeros, sizeof(zeros));
        assert_int_equal(disk_holds(fd, got), 0);
        assert_non_null(strstr(got, "partition table"));
        assert_wiped(fd);
}

static void the_old_kind_of_table(void **state)
{
        /* One partition of type 0x83 from sector 4096 on, 4096 sectors long. */
        static const uint8_t entry[16] = {[4] = 0x83, [9] = 0x10, [13] = 0x10};
        static struct disk_contents contents;
        _close_ int fd = disk_new();

        (void)state;
        put(fd, 446, entry, sizeof(entry));
        put(fd, 510, "\x55\xaa", 2);
        put_swap(fd, 2 * MIB);
        assert_holds(fd, "a dos partition table with 1 partition (swap)");
        assert_int_equal(disk_contents_read(fd, &contents), 0);
        assert_string_equal(contents.partitions[0].type, "0x83");
        assert_wiped(fd);
}

static void the_edges_are_zero_and_the_middle_is_left(void **state)
{
        _close_ int fd = disk_new();
        _free_ uint8_t *bytes = malloc(DISK_SIZE);

        (void)state;
        assert_non_null(bytes);
        memset(bytes, 0xa5, DISK_SIZE);
        put(fd, 0, bytes, DISK_SIZE);
        assert_int_equal(disk_wipe(fd), 0);
        assert_int_equal(pread(fd, bytes, DISK_SIZE, 0), DISK_SIZE);
        assert_int_equal(bytes[0], 0);
        assert_int_equal(bytes[MIB - 1], 0);
        assert_int_equal(bytes[MIB], 0xa5);
        assert_int_equal(bytes[DISK_SIZE - MIB - 1], 0xa5);
        assert_int_equal(bytes[DISK_SIZE - MIB], 0);
        assert_int_equal(bytes[DISK_SIZE - 1], 0);
}

static void what_cannot_be_read_or_written(void **state)
{
        char path[] = "/tmp/cloudie-disk-XXXXXX", got[DISK_HOLDS_SIZE];
        _close_ int fd = mkstemp(path), read_only = open(path, O_RDONLY | O_CLOEXEC),
                    write_only = open(path, O_WRONLY | O_CLOEXEC);

        (void)state;
        unlink(path);
        assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
        assert_int_equal(disk_holds(write_only, got), -EBADF);
        assert_int_equal(disk_wipe(read_only), -EBADF);
        put_fat(fd, 0);
        assert_int_equal(disk_wipe(read_only), -EBADF);
        assert_holds(fd, "vfat");
}

static void file_systems_of_others(void **state)
{
        static const char mkfs[] = "/usr/sbin/mkfs.ext4";
        char path[] = "/tmp/cloudie-disk-XXXXXX", command[256];
        _close_ int fd = -EBADF;

        (void)state;
        if (access(mkfs, X_OK) < 0) {
                print_message("no %s: nothing was made by it\n", mkfs);
                skip();
        }
        fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
        snprintf(command, sizeof(command), "%s -q -F %s", mkfs, path);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
        unlink(path);
        assert_holds(fd, "ext4");
        assert_wiped(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing),
                cmocka_unit_test(one_file_system),
                cmocka_unit_test(two_in_one_place),
                cmocka_unit_test(partitions),
                cmocka_unit_test(details),
                cmocka_unit_test(a_table_of_which_only_the_backup_is_left),
                cmocka_unit_test(the_old_kind_of_table),
                cmocka_unit_test(the_edges_are_zero_and_the_middle_is_left),
                cmocka_unit_test(what_cannot_be_read_or_written),
                cmocka_unit_test(file_systems_of_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
