/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What /sys/block shows and is no disk, and what it says that is not so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/probe.h"
#include "lib/base/file.h"
#include "lib/disk/fat.h"
#include "lib/disk/gpt.h"

static char root[64];

static void put(const char *path, const char *text)
{
        char full[512], *slash;

        snprintf(full, sizeof(full), "%s/%s", root, path);
        slash = strrchr(full, '/');
        *slash = '\0';
        assert_int_equal(file_make_folders(full, 0755), 0);
        *slash = '/';
        assert_int_equal(file_replace(full, text, strlen(text), 0644), 0);
}

/* /sys/block/NAME, and the device that it is a link to. */
static void add(const char *name, const char *device, const char *sectors, bool is_removable)
{
        char path[512], link[512];

        snprintf(path, sizeof(path), "sys/devices/%s/block/%s/size", device, name);
        put(path, sectors);
        snprintf(path, sizeof(path), "sys/devices/%s/block/%s/removable", device, name);
        put(path, is_removable ? "1\n" : "0\n");
        /* As the kernel has it for all that does not tell. */
        snprintf(path, sizeof(path), "sys/devices/%s/block/%s/queue/rotational", device, name);
        put(path, "1\n");
        put("sys/block/.here", "");
        snprintf(path, sizeof(path), "../devices/%s/block/%s", device, name);
        snprintf(link, sizeof(link), "%s/sys/block/%s", root, name);
        assert_int_equal(symlink(path, link), 0);
}

static struct doc *disks(void)
{
        struct tree *tree = NULL;
        struct doc *inventory;

        assert_int_equal(tree_open(root, &tree), 0);
        inventory = inventory_make(tree, "disks");
        assert_non_null(inventory);
        tree_close(tree);
        return inventory;
}

static const struct doc *item(const struct doc *inventory, size_t at)
{
        return doc_at(doc_get(inventory, "disks.items"), at);
}

static int setup(void **state)
{
        (void)state;
        snprintf(root, sizeof(root), "/tmp/cloudie-disks-XXXXXX");
        return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
        char command[128];

        (void)state;
        snprintf(command, sizeof(command), "rm -rf '%s'", root);
        return system(command);
}

/* NVMe multipath: the paths to a namespace stand beside it, and are hidden. */
static void test_a_path_is_no_disk(void **state)
{
        struct doc *inventory;

        (void)state;
        add("nvme0n1", "virtual/nvme-subsystem/nvme-subsys0", "2048\n", false);
        add("nvme0c0n1", "pci0000:00/0000:00:04.0/nvme/nvme0", "2048\n", false);
        put("sys/devices/pci0000:00/0000:00:04.0/nvme/nvme0/block/nvme0c0n1/hidden", "1\n");
        put("sys/devices/virtual/nvme-subsystem/nvme-subsys0/block/nvme0n1/hidden", "0\n");
        inventory = disks();
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 1);
        assert_string_equal(doc_get_text(item(inventory, 0), "name"), "nvme0n1");
        assert_string_equal(doc_get_text(item(inventory, 0), "type"), "nvme");
        doc_free(inventory);
}

/* The boot areas of an eMMC are parts of it, whatever the kernel shows them as. */
static void test_a_part_of_a_disk_is_no_disk(void **state)
{
        struct doc *inventory;

        (void)state;
        add("mmcblk0", "pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:0001", "61071360\n", false);
        add("mmcblk0boot0", "pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:0001/x", "8192\n", false);
        add("mmcblk0boot1", "pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:0001/y", "8192\n", false);
        inventory = disks();
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 1);
        assert_string_equal(doc_get_text(item(inventory, 0), "name"), "mmcblk0");
        doc_free(inventory);
}

/* An empty drive: the kernel says 0x1fffff sectors; an empty card reader: none. */
static void test_nothing_has_no_size(void **state)
{
        struct doc *inventory;

        (void)state;
        add("sr0", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", "2097151\n", true);
        add("sr1", "pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0", "1300000\n", true);
        add("sdb", "pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0/host6/target6:0:0/6:0:0:0", "0\n",
            true);
        inventory = disks();
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 3);
        assert_string_equal(doc_get_text(item(inventory, 0), "name"), "sdb");
        assert_null(doc_get(item(inventory, 0), "size"));
        assert_string_equal(doc_get_text(item(inventory, 1), "name"), "sr0");
        assert_null(doc_get(item(inventory, 1), "size"));
        assert_int_equal(doc_get_number(item(inventory, 2), "size", 0), 1300000 * 512);
        doc_free(inventory);
}

/* A stick does not say that it does not turn, and the kernel takes all for turning. */
static void test_a_stick_does_not_turn(void **state)
{
        struct doc *inventory;

        (void)state;
        add("sda", "pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0/host6/target6:0:0/6:0:0:0",
            "30031872\n", true);
        add("sdb", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", "30031872\n", false);
        inventory = disks();
        assert_string_equal(doc_get_text(item(inventory, 0), "transport"), "usb");
        assert_string_equal(doc_get_text(item(inventory, 0), "type"), "flash");
        assert_string_equal(doc_get_text(item(inventory, 1), "type"), "hdd");
        doc_free(inventory);
}

static void put_bytes(const char *path, const void *bytes, size_t size)
{
        char full[512];

        put(path, "");
        snprintf(full, sizeof(full), "%s/%s", root, path);
        assert_int_equal(file_replace(full, bytes, size, 0644), 0);
}

/* The one thing for which a disk is read: for whose firmware a system is on it. */
static void test_a_system_is_seen(void **state)
{
        static uint8_t head[17 * 1024], volume[FAT_MIN_SIZE], tail[17 * 1024];
        static struct gpt gpt;
        const struct fat_file file = {"a", "b", 1};
        struct doc *inventory;

        (void)state;
        gpt_new(&gpt, &(struct gpt_guid){{1}}, 512, 131072);
        gpt.partitions[0] = (struct gpt_partition){
                .type = gpt_type_efi_system, .id = {{2}}, .first = 2048, .last = 4095};
        gpt.partitions[1] = (struct gpt_partition){
                .type = gpt_type_bios_boot, .id = {{3}}, .first = 4096, .last = 8191};
        gpt_write(&gpt, head, tail);
        assert_int_equal(
                fat_write(&file, 1, &(struct fat_volume){"ESP", 1, 0, 0}, volume, sizeof(volume)),
                0);

        add("nvme0n1", "pci0000:00/0000:00:04.0/nvme/nvme0", "131072\n", false);
        add("sda", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", "131072\n", false);
        add("sdb", "pci0000:00/0000:00:1f.2/ata1/host1/target1:0:0/1:0:0:0", "131072\n", false);
        put_bytes("dev/nvme0n1", head, sizeof(head));
        put_bytes("dev/nvme0n1p1", volume, sizeof(volume));
        head[0] = 0xeb; /* code before the same table, and no file system in the partition */
        put_bytes("dev/sda", head, sizeof(head));
        put("dev/sda1", "nothing");
        inventory = disks();
        assert_int_equal(doc_count(doc_get(item(inventory, 0), "boots")), 1);
        assert_string_equal(doc_text(doc_at(doc_get(item(inventory, 0), "boots"), 0)), "uefi");
        assert_int_equal(doc_count(doc_get(item(inventory, 1), "boots")), 1);
        assert_string_equal(doc_text(doc_at(doc_get(item(inventory, 1), "boots"), 0)), "bios");
        assert_null(doc_get(item(inventory, 2), "boots")); /* it cannot be read */
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_path_is_no_disk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_part_of_a_disk_is_no_disk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_nothing_has_no_size, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_stick_does_not_turn, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_system_is_seen, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
