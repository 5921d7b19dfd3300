/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a disk, in folders that play /sys and /dev; writing a file that plays one. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "installer/disk_linux.h"
#include "installer/memory.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"

static char root[] = "/tmp/cloudie-test-disk.XXXXXX";

static void put_bytes(const char *path, const void *bytes, size_t size)
{
        char whole[512];
        int fd;

        snprintf(whole, sizeof(whole), "%s/%s", root, path);
        *strrchr(whole, '/') = '\0';
        assert_int_equal(file_make_folders(whole, 0755), 0);
        snprintf(whole, sizeof(whole), "%s/%s", root, path);
        fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), (ssize_t)size);
        close(fd);
}

static void put(const char *path, const char *text)
{
        put_bytes(path, text, strlen(text));
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
        (void)info;
        (void)type;
        (void)at;
        return remove(path);
}

static int make_tree(void **state)
{
        static const char page[] = "\0\x80\0\x0a  SCSI-1  ", short_page[] = "\0\x80\0\xffSCSI-2";
        char link[128];

        (void)state;
        if (!mkdtemp(root))
                return -1;
        put("sys/block/vda/size", "131072\n");
        put("sys/block/vda/serial", "  VIRTIO-1 \n");
        put("sys/block/nvme0n1/size", "262144\n");
        put("sys/block/nvme0n1/queue/logical_block_size", "4096\n");
        put("sys/block/nvme0n1/device/serial", "NVME-1              \n");
        put("sys/block/nvme0n1/wwid", "eui.0025385\n");
        put("sys/block/nvme0c1n1/size", "262144\n"); /* a second path to it */
        put("sys/block/nvme0c1n1/hidden", "1\n");
        put("sys/block/nvme0c1n1/device/serial", "NVME-1\n");
        put("sys/block/sda/size", "1024\n");
        put("sys/block/sda/ro", "1\n");
        put_bytes("sys/block/sda/device/vpd_pg80", page, sizeof(page) - 1);
        put("sys/block/sda/device/wwid", "naa.5001\n");
        put("sys/block/sdb/size", "1024\n");
        put_bytes("sys/block/sdb/device/vpd_pg80", short_page, sizeof(short_page) - 1);
        put("sys/block/sdb/device/wwid", "naa.5002\n");
        put("sys/block/sdc/size", "x\n");
        put("sys/block/sdc/serial", "SIZELESS\n");
        put("sys/devices/usb2/2-1.4/2-1.4:1.0/host8/block/sdd/size", "1024\n");
        put("sys/bus/usb/devices/2-1.4/serial", "USB-1\n");
        snprintf(link, sizeof(link), "%s/sys/block/sdd", root);
        if (symlink("../devices/usb2/2-1.4/2-1.4:1.0/host8/block/sdd", link) < 0)
                return -1;
        put("sys/block/loop0/size", "1024\n");
        put("sys/block/loop0/serial", "LOOP-1\n");
        put("sys/block/dm-0/serial", "VIRTIO-1\n");
        put("sys/block/vdb/size", "1024\n");
        put("sys/block/vdb/serial", "TWIN\n");
        put("sys/block/vdc/size", "1024\n");
        put("sys/block/vdc/serial", "TWIN\n");
        return 0;
}

static int remove_tree(void **state)
{
        (void)state;
        return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_find(void **state)
{
        static const struct {
                const char *name, *serial, *wwn;
                int rc;
                const char *found;
        } cases[] = {
                {"sda", "VIRTIO-1", "",            0,         "vda"    }, /* the name counts nothing */
                {"",    "NVME-1",   "",            0,         "nvme0n1"},
                {"",    "NVME-1",   "eui.0025385", 0,         "nvme0n1"},
                {"",    "NVME-1",   "eui.other",   -ENODEV,   NULL     },
                {"",    "",         "eui.0025385", 0,         "nvme0n1"},
                {"",    "SCSI-1",   "",            0,         "sda"    },
                {"",    "",         "naa.5001",    0,         "sda"    },
                {"",    "SCSI-2",   "",            -ENODEV,   NULL     }, /* its page is cut */
                {"",    "SCSI-2",   "naa.5002",    0,         "sdb"    },
                {"",    "USB-1",    "",            0,         "sdd"    }, /* the bridge's */
                {"vda", "GONE",     "",            -ENODEV,   NULL     },
                {"vda", "",         "",            -ENODEV,   NULL     },
                {"",    "LOOP-1",   "",            -ENODEV,   NULL     },
                {"",    "TWIN",     "",            -ENOTUNIQ, NULL     },
                {"",    "SIZELESS", "",            -EIO,      NULL     },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct disk_id wanted = {.size = 0};
                struct disk disk = {.fd = -EBADF};

                snprintf(wanted.name, sizeof(wanted.name), "%s", cases[i].name);
                snprintf(wanted.serial, sizeof(wanted.serial), "%s", cases[i].serial);
                snprintf(wanted.wwn, sizeof(wanted.wwn), "%s", cases[i].wwn);
                assert_int_equal(disk_find(root, &wanted, &disk), cases[i].rc);
                if (cases[i].found)
                        assert_string_equal(disk.name, cases[i].found);
        }
}

static void test_facts(void **state)
{
        struct disk_id nvme = {.serial = "NVME-1"}, scsi = {.serial = "SCSI-1"};
        struct disk disk;

        (void)state;
        assert_int_equal(disk_find(root, &nvme, &disk), 0);
        assert_int_equal(disk.size, 262144ULL * 512);
        assert_int_equal(disk.sector_size, 4096);
        assert_false(disk.is_read_only);
        assert_int_equal(disk_find(root, &scsi, &disk), 0);
        assert_int_equal(disk.sector_size, 512);
        assert_true(disk.is_read_only);
}

static void test_holders(void **state)
{
        char holder[32] = "";

        (void)state;
        put("sys/block/vda/holders/.keep", "");
        assert_int_equal(disk_holder(root, "vda", holder), -ENOENT);
        put("sys/block/vda/vda2/holders/md0", "");
        assert_int_equal(disk_holder(root, "vda", holder), 0);
        assert_string_equal(holder, "md0");
        put("sys/block/nvme0n1/holders/dm-3", "");
        assert_int_equal(disk_holder(root, "nvme0n1", holder), 0);
        assert_string_equal(holder, "dm-3");
        assert_int_equal(disk_holder(root, "none", holder), -ENOENT);
}

static void test_write_and_zero(void **state)
{
        static uint8_t bytes[16384] __attribute__((aligned(DISK_ALIGN))), back[16384];
        static const uint8_t here[4] = {1, 2, 3, 4};
        struct disk disk = {.name = "vda", .fd = -EBADF};

        (void)state;
        memset(bytes, 0xaa, sizeof(bytes));
        put_bytes("dev/vda", bytes, sizeof(bytes));
        assert_int_equal(disk_open(root, &disk), 0);
        assert_int_equal(disk.size, sizeof(bytes));
        assert_int_equal(disk_zero(&disk, 4096, 4096), 0);
        assert_int_equal(disk_write(&disk, 4608, here, sizeof(here)), 0);
        disk_set_direct(&disk, true);
        assert_int_equal(disk_write(&disk, 8192, bytes, 4096), 0);
        assert_int_equal(disk_write(&disk, 12289, here, sizeof(here)), 0);
        disk_set_direct(&disk, false);
        assert_int_equal(disk_sync(&disk), 0);

        memset(bytes + 4096, 0, 4096);
        memcpy(bytes + 4608, here, sizeof(here));
        memcpy(bytes + 12289, here, sizeof(here)); /* not aligned: it went through the cache */
        assert_int_equal(pread(disk.fd, back, sizeof(back), 0), sizeof(back));
        assert_memory_equal(back, bytes, sizeof(back));

        /* Never beyond its end. */
        assert_int_equal(disk_write(&disk, 16384, "x", 1), -ENOSPC);
        assert_int_equal(disk_write(&disk, 16380, "12345", 5), -ENOSPC);
        assert_int_equal(disk_zero(&disk, UINT64_MAX, 1), -ENOSPC);
        assert_int_equal(disk_zero(&disk, 0, 16385), -ENOSPC);
        close(disk.fd);
}

static void test_open(void **state)
{
        struct disk disk = {.name = "none", .fd = -EBADF};

        (void)state;
        assert_int_equal(disk_open(root, &disk), -ENOENT);
        put("dev/folder/x", "");
        snprintf(disk.name, sizeof(disk.name), "folder");
        assert_int_equal(disk_open(root, &disk), -EISDIR);
        snprintf(disk.name, sizeof(disk.name), "null");
        assert_int_equal(disk_open("", &disk), -ENOTBLK);
}

/* Between the search and the opening somebody pulled it, and put another into its place. */
static void test_confirm(void **state)
{
        const struct disk_id wanted = {.serial = "SWAP-1"};
        struct disk disk;

        (void)state;
        put("sys/block/vdx/size", "32\n");
        put("sys/block/vdx/serial", "SWAP-1\n");
        put("dev/vdx", "");
        assert_int_equal(disk_find(root, &wanted, &disk), 0);
        assert_int_equal(disk_open(root, &disk), 0);
        assert_int_equal(disk_confirm(root, &wanted, &disk), 0);
        put("sys/block/vdx/serial", "SWAP-2\n");
        assert_int_equal(disk_confirm(root, &wanted, &disk), -ESTALE);
        put("sys/block/vdy/size", "32\n");
        put("sys/block/vdy/serial", "SWAP-1\n"); /* it came back by another name */
        assert_int_equal(disk_confirm(root, &wanted, &disk), -ESTALE);
        put("sys/block/vdx/serial", "SWAP-1\n");
        assert_int_equal(disk_confirm(root, &wanted, &disk), -ESTALE);
        close(disk.fd);

        /* What is opened by that name is another device than the one of /sys. */
        disk = (struct disk){.name = "vdx", .fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
        put("sys/block/vdy/serial", "SWAP-2\n");
        put("sys/block/vdx/dev", "1:3\n");
        assert_int_equal(disk_confirm(root, &wanted, &disk), 0);
        put("sys/block/vdx/dev", "1:4\n");
        assert_int_equal(disk_confirm(root, &wanted, &disk), -ESTALE);
        close(disk.fd);
}

static void test_memory(void **state)
{
        (void)state;
        assert_int_equal(memory_available_in("MemTotal: 9 kB\nMemAvailable:    192000 kB\n"),
                         192000ULL << 10);
        assert_int_equal(memory_available_in("MemTotal: 9 kB\n"), 0);
        assert_int_equal(memory_available_in("MemAvailable: 99999999999999999999 kB\n"), 0);
        assert_int_equal(memory_available_in("MemAvailable: lots\n"), 0);
        assert_true(memory_available() > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),    cmocka_unit_test(test_facts),
                cmocka_unit_test(test_holders), cmocka_unit_test(test_write_and_zero),
                cmocka_unit_test(test_open),    cmocka_unit_test(test_confirm),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
