/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine with one of everything, and what each section says of it. */
#include "discover/test_tree.h"

static const struct doc *item(const struct doc *inventory, const char *list, size_t at)
{
        return doc_at(doc_get(inventory, list), at);
}

#define check_text(value, path, want) assert_string_equal(doc_get_text(value, path), want)

/* A SCSI disk NAME at HOST:0:0:0, which says the serial and the world-wide name. */
static void add_scsi(const char *name, unsigned host, const char *serial, const char *wwn)
{
        char path[300], target[300];
        uint8_t page[64] = {0, 0x80, 0, (uint8_t)strlen(serial)};

        snprintf(target, sizeof(target),
                 "sys/devices/pci0000:00/0000:0%u:00.0/host%u/port-%u:0/end_device-%u:0/"
                 "target%u:0:0/"
                 "%u:0:0:0",
                 host, host, host, host, host, host);
        snprintf(path, sizeof(path), "%s/block/%s/size", target, name);
        put(path, "2048\n");
        snprintf(path, sizeof(path), "%s/block/%s/queue/rotational", target, name);
        put(path, "1\n");
        for (size_t i = 0; serial[i]; i++)
                page[4 + i] = (uint8_t)serial[i];
        snprintf(path, sizeof(path), "%s/vpd_pg80", target);
        put_bytes(path, page, 4 + strlen(serial));
        snprintf(path, sizeof(path), "%s/vpd_pgb1", target);
        put_bytes(path, "\0\xb1\0\2\x1c\x20", 6);
        snprintf(path, sizeof(path), "%s/wwid", target);
        put(path, wwn);
        snprintf(path, sizeof(path), "%s/block/%s/device", target, name);
        {
                char device[64];

                snprintf(device, sizeof(device), "../../../%u:0:0:0", host);
                put_link(path, device);
        }
        snprintf(path, sizeof(path), "sys/block/%s", name);
        snprintf(
                target, sizeof(target),
                "../devices/pci0000:00/0000:0%u:00.0/host%u/port-%u:0/end_device-%u:0/target%u:0:0/"
                "%u:0:0:0/block/%s",
                host, host, host, host, host, host, name);
        put_link(path, target);
}

static void test_one_disk_over_two_paths(void **state)
{
        struct doc *inventory;
        const struct doc *disk;

        (void)state;
        add_scsi("sda", 1, "SN1", "naa.5000\n");
        add_scsi("sdb", 2, "SN1", "naa.5000\n");
        add_scsi("sdc", 3, "SN2", "naa.5000\n"); /* a name twice, but another disk */
        inventory = inventory_of_tree("disks");
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 2);
        disk = item(inventory, "disks.items", 0);
        check_text(disk, "name", "sda");
        check_text(disk, "stable_path", "/dev/disk/by-id/wwn-0x5000");
        check_text(disk, "serial", "SN1");
        check_text(disk, "transport", "sas");
        check_text(disk, "scsi_address", "1:0:0:0");
        assert_int_equal(doc_get_number(disk, "rotation_rpm", 0), 7200);
        assert_int_equal(doc_count(doc_get(disk, "paths")), 2);
        assert_string_equal(doc_text(doc_at(doc_get(disk, "paths"), 1)), "sdb");
        assert_null(doc_get(item(inventory, "disks.items", 1), "paths"));
        doc_free(inventory);
}

/* Sizes of sectors, and what is said of them; 0 and NULL: nothing is. */
static const struct {
        const char *logical, *physical, *format;
        bool is_refused; /* by the kernel: the disk itself is asked */
} sectors[] = {
        {"512\n",  "512\n",  "512n", false},
        {"512\n",  "4096\n", "512e", false},
        {"4096\n", "4096\n", "4kn",  false},
        {"512\n",  "512\n",  "520",  true },
};

static void test_sectors(void **state)
{
        static const uint8_t capacity[32] = {[7] = 9, [10] = 2, [11] = 8};
        struct doc *inventory;

        (void)state;
        for (unsigned i = 0; i < 4; i++) {
                const char name[] = {'s', 'd', (char)('a' + i), '\0'};
                char path[200], link[200];

                snprintf(path, sizeof(path), "sys/devices/%s/queue/logical_block_size", name);
                put(path, sectors[i].logical);
                snprintf(path, sizeof(path), "sys/devices/%s/queue/physical_block_size", name);
                put(path, sectors[i].physical);
                snprintf(path, sizeof(path), "sys/devices/%s/size", name);
                put(path, sectors[i].is_refused ? "0\n" : "2048\n");
                snprintf(path, sizeof(path), "../devices/%s", name);
                snprintf(link, sizeof(link), "sys/block/%s", name);
                put_link(link, path);
                snprintf(path, sizeof(path), "answers/health/%s/capacity", name);
                if (sectors[i].is_refused)
                        put_bytes(path, capacity, sizeof(capacity));
        }
        inventory = inventory_of_tree("disks");
        for (unsigned i = 0; i < 4; i++) {
                const struct doc *disk = item(inventory, "disks.items", i);

                check_text(disk, "sector_format", sectors[i].format);
                assert_int_equal(doc_get_number(disk, "raw_size", 0),
                                 sectors[i].is_refused ? 5200 : 0);
                assert_int_equal(doc_get(disk, "unusable") != NULL, sectors[i].is_refused);
                assert_int_equal(doc_get(disk, "size") != NULL, !sectors[i].is_refused);
        }
        doc_free(inventory);
}

static void test_who_uses_a_disk(void **state)
{
        struct doc *inventory;
        const struct doc *disk, *part;

        (void)state;
        put("sys/block/vda/size", "4096\n");
        put("sys/block/vda/dev", "254:0\n");
        put("sys/block/vda/queue/logical_block_size", "4096\n");
        put("sys/block/vda/queue/discard_max_bytes", "0\n");
        put("sys/block/vda/vda1/partition", "1\n");
        put("sys/block/vda/vda1/start", "8\n");
        put("sys/block/vda/vda1/size", "16\n");
        put("sys/block/vda/vda1/dev", "254:1\n");
        put("sys/block/vda/vda1/uevent", "DEVTYPE=partition\nPARTN=1\nPARTNAME=EFI System\n");
        put("sys/block/vda/vda2/partition", "2\n");
        put("sys/block/vda/vda2/holders/dm-0/dev", "");
        put("sys/block/dm-0/dm/name", "vg-root\n");
        put("sys/block/dm-0/dm/uuid", "LVM-abc\n");
        put("sys/block/vda/vda3/partition", "3\n");
        put("proc/self/mountinfo", "1 2 254:1 / /boot\\040efi rw - vfat /dev/vda1 rw\n");
        put("proc/swaps", "Filename Type\n/dev/vda3 partition\n");
        inventory = inventory_of_tree("disks");
        disk = item(inventory, "disks.items", 0);
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 1);
        assert_int_equal(doc_get_number(disk, "logical_sector", 0), 4096);
        assert_false(doc_get_bool(disk, "discard", true));
        part = doc_at(doc_get(disk, "partitions"), 0);
        check_text(part, "label", "EFI System");
        check_text(part, "file_system", "vfat");
        assert_int_equal(doc_get_number(part, "start", 0), 4096);
        assert_string_equal(doc_text(doc_at(doc_get(part, "mounted_on"), 0)), "/boot efi");
        part = doc_at(doc_get(disk, "partitions"), 1);
        check_text(doc_at(doc_get(part, "used_by"), 0), "kind", "lvm");
        check_text(doc_at(doc_get(part, "used_by"), 0), "label", "vg-root");
        assert_true(doc_get_bool(doc_at(doc_get(disk, "partitions"), 2), "swap", false));
        doc_free(inventory);
}

static void test_raid(void **state)
{
        struct doc *inventory;
        const struct doc *array;

        (void)state;
        put("proc/mdstat",
            "md0 : active raid1 sdb1[1](F) sda1[0]\n      1024 blocks super 1.2 [2/1] [U_]\n"
            "md127 : inactive sdc[0](S)\n      8 blocks super external:imsm\n"
            "md126 : active raid0 sdc[0]\n      8 blocks super external:/md127/0\n");
        put("sys/block/md0/md/array_state", "clean\n");
        put("sys/block/md0/md/uuid", "a:b:c:d\n");
        put("sys/bus/pci/devices/0000:03:00.0/class", "0x010400\n");
        put("sys/bus/pci/devices/0000:03:00.0/vendor", "0x1000\n");
        inventory = inventory_of_tree("raid");
        array = item(inventory, "raid.items", 0);
        check_text(array, "level", "raid1");
        check_text(array, "state", "clean");
        check_text(array, "uuid", "a:b:c:d");
        assert_true(doc_get_bool(array, "degraded", false));
        assert_int_equal(doc_get_number(array, "missing", 0), 1);
        check_text(doc_at(doc_get(array, "disks"), 0), "state", "faulty");
        check_text(item(inventory, "raid.items", 1), "level", "container");
        check_text(item(inventory, "raid.items", 2), "container", "md127");
        check_text(item(inventory, "raid.controllers", 0), "vendor", "0x1000");
        assert_non_null(doc_get_text(item(inventory, "raid.controllers", 0), "volumes_unknown"));
        doc_free(inventory);
}

static void add_function(const char *address, const char *class, const char *group)
{
        char path[200], target[100];

        snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/class", address);
        put(path, class);
        snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/vendor", address);
        put(path, "0x10de\n");
        snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/device", address);
        put(path, "0x2330\n");
        if (!group)
                return;
        snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/iommu_group", address);
        snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%s", group);
        put_link(path, target);
        snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%s/devices/%s", group, address);
        put(path, "");
}

static void test_cards(void **state)
{
        struct doc *inventory;
        const struct doc *gpu;

        (void)state;
        add_function("0000:00:01.0", "0x060400\n", "1"); /* the port above the card */
        add_function("0000:01:00.0", "0x030200\n", "1");
        add_function("0000:02:00.0", "0x010802\n", "2");
        add_function("0000:02:00.1", "0x020000\n", "2");
        add_function("10000:00:00.0", "0x010802\n", NULL);
        put_link("sys/bus/pci/devices/0000:02:00.1/driver", "../../../../bus/pci/drivers/igb");
        put("sys/bus/pci/devices/0000:01:00.0/resource",
            "0x0000000000001000 0x0000000000001fff 0x0000000000040200\n"
            "0x0000380000000000 0x0000381fffffffff 0x000000000014220c\n");
        put("sys/bus/pci/devices/0000:01:00.0/max_link_width", "16\n");
        put("sys/bus/pci/devices/0000:01:00.0/current_link_width", "8\n");
        put("sys/bus/pci/devices/0000:01:00.0/max_link_speed", "32.0 GT/s PCIe\n");
        put("sys/bus/pci/devices/0000:01:00.0/current_link_speed", "Unknown\n");
        put("sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs", "32\n");
        put("sys/bus/pci/devices/0000:01:00.0/reset_method", "flr bus\n");
        put("sys/bus/pci/devices/0000:01:00.0/mdev_supported_types/nvidia-1/available_instances",
            "4\n");
        put("sys/bus/pci/devices/0000:01:00.0/available_compute_partition", "SPX, CPX\n");
        inventory = inventory_of_tree("pci,gpus,kernel");
        gpu = item(inventory, "gpus.items", 0);
        assert_int_equal(doc_count(doc_get(inventory, "gpus.items")), 1);
        assert_int_equal(doc_get_number(gpu, "vram", 0), (int64_t)80 << 30);
        check_text(gpu, "vram_source", "table");
        assert_int_equal(doc_get_number(gpu, "link.width", 0), 8);
        assert_int_equal(doc_get_number(gpu, "link.max_width", 0), 16);
        assert_true(doc_get_bool(gpu, "link.below_possible", false));
        check_text(gpu, "link.max_speed", "32.0 GT/s");
        assert_null(doc_get(gpu, "link.speed"));
        assert_true(doc_get_bool(gpu, "sharing.sriov", false));
        assert_true(doc_get_bool(gpu, "sharing.mig", false));
        assert_int_equal(doc_get_number(gpu, "sharing.mig_instances", 0), 7);
        assert_int_equal(doc_count(doc_get(gpu, "sharing.partition_modes")), 2);
        assert_int_equal(
                doc_get_number(doc_at(doc_get(gpu, "sharing.mediated"), 0), "available", 0), 4);
        assert_true(doc_get_bool(gpu, "passthrough.possible", false));
        assert_int_equal(doc_get_number(doc_at(doc_get(gpu, "bars"), 1), "size", 0),
                         (int64_t)128 << 30);

        check_text(item(inventory, "pci.items", 0), "passthrough.reason", "it is a bridge");
        check_text(item(inventory, "pci.items", 1), "passthrough.reason", "alone in IOMMU group 1");
        assert_false(doc_get_bool(item(inventory, "pci.items", 2), "passthrough.possible", true));
        check_text(item(inventory, "pci.items", 2), "passthrough.reason",
                   "its IOMMU group 2 has others in it: 0000:02:00.1");
        check_text(item(inventory, "pci.items", 4), "address", "10000:00:00.0");
        check_text(item(inventory, "pci.items", 4), "passthrough.reason",
                   "the kernel uses no IOMMU for it");
        assert_int_equal(doc_count(doc_get(inventory, "kernel.without_driver")), 3);
        doc_free(inventory);
}

static void test_small_sections(void **state)
{
        struct doc *inventory;
        const struct doc *part;

        (void)state;
        put("sys/bus/usb/devices/usb1/speed", "480\n");
        put("sys/bus/usb/devices/1-1/speed", "1.5\n");
        put("sys/bus/usb/devices/1-1/idVendor", "0627\n");
        put("sys/bus/usb/devices/1-1/serial", "42\n");
        put("sys/bus/usb/devices/1-1:1.0/bInterfaceClass", "03\n");
        put("sys/class/tpm/tpm0/tpm_version_major", "2\n");
        put("sys/class/tpm/tpm0/pcr-sha256/0", "00\n");
        put("sys/class/tpm/tpm1/device/caps",
            "Manufacturer: 0x49465800\nTCG version: 1.2\nFirmware version: 4.40\n");
        put("sys/class/ipmi/ipmi0/device/bmc/firmware_revision", "2.46\n");
        put("sys/class/mei/mei0/fw_ver", "0:15.0.35.1951\n0:15.0.35.1951\n");
        put("proc/cmdline", "quiet luks.key=hunter2 BOOTIF=01-52-54-00-77-00-01\n");
        put("proc/sys/kernel/osrelease", "6.1.0\n");
        put("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
        put("sys/class/net/eth0/device/numa_node", "0\n");
        put("sys/class/net/eth0/device/infiniband/mlx5_0/x", "");
        put("sys/class/net/eth0/address", "52:54:00:77:00:01\n");
        put("sys/class/net/eth1/device/numa_node", "0\n");
        put("sys/class/net/eth1/address", "52:54:00:77:00:02\n");
        inventory = inventory_of_tree("usb,tpm,bmc,kernel,nics,firmware");
        assert_int_equal(doc_count(doc_get(inventory, "usb.items")), 1);
        part = item(inventory, "usb.items", 0);
        assert_int_equal(doc_get_number(part, "speed_kbps", 0), 1500);
        check_text(part, "serial", "42");
        check_text(item(inventory, "tpm.items", 0), "version", "2.0");
        assert_string_equal(doc_text(doc_at(doc_get(item(inventory, "tpm.items", 0), "banks"), 0)),
                            "sha256");
        check_text(item(inventory, "tpm.items", 1), "version", "1.2");
        check_text(item(inventory, "tpm.items", 1), "vendor", "IFX");
        check_text(item(inventory, "tpm.items", 1), "firmware", "4.40");
        assert_true(doc_get_bool(inventory, "bmc.present", false));
        check_text(inventory, "bmc.device", "/dev/ipmi0");
        check_text(inventory, "bmc.firmware", "2.46");
        check_text(item(inventory, "bmc.management_engines", 0), "firmware", "0:15.0.35.1951");
        check_text(inventory, "kernel.version", "6.1.0");
        check_text(inventory, "kernel.lockdown", "none");
        assert_string_equal(doc_text(item(inventory, "kernel.command_line", 1)), "luks.key=...");
        check_text(inventory, "firmware.boot_mac", "52:54:00:77:00:01");
        assert_true(doc_get_bool(item(inventory, "nics.items", 0), "booted_from", false));
        assert_string_equal(doc_text(doc_at(doc_get(item(inventory, "nics.items", 0), "rdma"), 0)),
                            "mlx5_0");
        assert_null(doc_get(item(inventory, "nics.items", 1), "booted_from"));
        doc_free(inventory);
}

static void test_memory(void **state)
{
        struct doc *inventory;

        (void)state;
        put("sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:       1024 kB\n");
        put("sys/devices/system/node/node0/cpulist", "0-3\n");
        put("sys/devices/system/node/node0/distance", "10 21\n");
        put("sys/devices/system/node/node2/cpulist", "\n");
        put("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "4\n");
        inventory = inventory_of_tree("memory");
        assert_int_equal(doc_count(doc_get(inventory, "memory.nodes")), 2);
        assert_int_equal(doc_get_number(item(inventory, "memory.nodes", 0), "total", 0), 1048576);
        assert_int_equal(doc_get_number(item(inventory, "memory.nodes", 0), "threads", 0), 4);
        assert_int_equal(
                doc_number(doc_at(doc_get(item(inventory, "memory.nodes", 0), "distance"), 1)), 21);
        assert_int_equal(doc_get_number(item(inventory, "memory.nodes", 1), "node", 0), 2);
        assert_int_equal(doc_get_number(item(inventory, "memory.nodes", 1), "threads", 9), 0);
        assert_int_equal(doc_get_number(item(inventory, "memory.huge_pages", 0), "size", 0),
                         2097152);
        assert_int_equal(doc_get_number(item(inventory, "memory.huge_pages", 0), "total", 0), 4);
        doc_free(inventory);
}

#define ON_A_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

static void put_answer(const char *name, const char *bytes, size_t size)
{
        char path[100];

        snprintf(path, sizeof(path), "answers/ipmi/%s", name);
        put_bytes(path, bytes, size);
}

/* What a BMC answered: two network channels, suite 0 open on the first, one user with other rights
 * on each. */
static void test_bmc(void **state)
{
        struct doc *inventory;
        const struct doc *lan, *users;

        (void)state;
        put_answer("06-01-", "\0\x20\1\2\x42\2\xbf\x7c\x2a\0\x34\x12\0\0\0\0", 16);
        put_answer("06-42-01", "\0\1\4\1\0", 5);
        put_answer("06-42-02", "\0\2\4\1\0", 5);
        put_answer("06-44-0201", "\0\3\x41\0\x0f", 5);
        put_answer("06-44-0202", "\0\3\x41\0\x33", 5);
        put_answer("0c-02-01030000", "\0\x11\xc0\0\2\x0a", 6);
        put_answer("0c-02-01040000", "\0\x11\1", 3);
        put_answer("0c-02-01050000", "\0\x11RT\0\1\2\3", 8);
        put_answer("0c-02-010c0000", "\0\x11\0\0\0\0", 6);
        put_answer("0c-02-01140000", "\0\x11\x2a\x80", 4);
        put_answer("0c-02-01170000", "\0\x11\0\0\3", 5);
        put_answer("0c-02-01180000", "\0\x11\0\x44", 4);
        put_answer("0c-02-013b0000", "\0\x11\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7\x40\0", 22);
        put_answer("06-38-8103", "\0\1\x97\5\3\0\0\0\0", 9);
        put_answer("06-44-0101", "\0\3\x81\0\x0f", 5);
        put_answer("06-44-0102", "\0\3\x41\0\x34", 5);
        put_answer("06-46-02", "\0ADMIN\0\0\0\0\0\0\0\0\0\0\0", 17);
        inventory = inventory_of_tree("bmc");
        check_text(inventory, "bmc.vendor", "Supermicro");
        check_text(inventory, "bmc.firmware", "2.42");
        check_text(inventory, "bmc.ipmi_version", "2.0");
        assert_int_equal(doc_count(doc_get(inventory, "bmc.lan")), 2);
        users = item(inventory, "bmc.lan", 1);
        assert_int_equal(doc_get_number(users, "channel", 0), 2);
        check_text(doc_at(doc_get(users, "users"), 0), "name", "ADMIN");
        check_text(doc_at(doc_get(users, "users"), 0), "privilege", "operator");
        lan = item(inventory, "bmc.lan", 0);
        check_text(lan, "ipv4", "192.0.2.10");
        check_text(lan, "ipv4_source", "static");
        check_text(lan, "mac", "52:54:00:01:02:03");
        assert_null(doc_get(lan, "users"));
        assert_null(doc_get(lan, "gateway"));
        assert_int_equal(doc_get_number(lan, "vlan", 0), 42);
        assert_true(doc_get_bool(lan, "cipher_zero", false));
        assert_true(doc_get_bool(lan, "anonymous_login", false));
        assert_false(doc_get_bool(lan, "null_user", true));
        assert_string_equal(doc_text(doc_at(doc_get(lan, "ipv6"), 0)), "2001:db8::7");
        users = doc_get(inventory, "bmc.users");
        assert_int_equal(doc_count(users), 1);
        check_text(doc_at(users, 0), "name", "ADMIN");
        check_text(doc_at(users, 0), "privilege", "administrator");
        assert_int_equal(doc_count(doc_get(inventory, "bmc.errors")), 0);
        doc_free(inventory);
}

/* What the management engine answered: AMT is there, and nobody has taken it into use. */
static void test_amt(void **state)
{
        static const uint8_t none[] = {1, 1, 0, 0, 0x11, 0, 0x80, 4, 8, 0,
                                       0, 0, 0, 0, 0,    0, 0,    0, 0, 0};
        static const uint8_t refused[] = {1, 1, 0, 0, 0x1a, 0, 0x80, 4, 4, 0, 0, 0, 1, 0, 0, 0};
        struct doc *inventory;

        (void)state;
        put_bytes("answers/amt/state", none, sizeof(none));
        put_bytes("answers/amt/versions", refused, sizeof(refused));
        inventory = inventory_of_tree("bmc");
        assert_true(doc_get_bool(inventory, "bmc.amt.present", false));
        check_text(inventory, "bmc.amt.provisioning", "none");
        assert_null(doc_get(inventory, "bmc.amt.version"));
        doc_free(inventory);

        put_bytes("answers/amt/state", refused, sizeof(refused));
        inventory = inventory_of_tree("bmc");
        assert_null(doc_get(inventory, "bmc.amt"));
        assert_int_equal(doc_count(doc_get(inventory, "bmc.errors")), 1);
        doc_free(inventory);
}

static void test_memory_that_is_not_alike(void **state)
{
        struct doc *inventory;
        const struct doc *part;

        (void)state;
        put("sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n");
        put("sys/devices/virtual/memory_tiering/memory_tier22/nodelist", "2\n");
        put("sys/bus/nd/devices/namespace0.0/size", "0\n");
        put("sys/bus/nd/devices/namespace0.1/size", "1073741824\n");
        put("sys/bus/nd/devices/namespace0.1/mode", "memory\n");
        put("sys/bus/nd/devices/region0/size", "2147483648\n");
        put("sys/devices/pci0000:35/0000:36:00.0/mem0/ram/size", "0x4000000000\n");
        put("sys/devices/pci0000:35/0000:36:00.0/mem0/serial", "0x1234\n");
        put_link("sys/bus/cxl/devices/mem0", "../../../devices/pci0000:35/0000:36:00.0/mem0");
        put("sys/bus/cxl/devices/root0/uevent", "");
        inventory = inventory_of_tree("memory");
        assert_int_equal(doc_count(doc_get(inventory, "memory.tiers")), 2);
        part = item(inventory, "memory.tiers", 1);
        assert_int_equal(doc_get_number(part, "tier", 0), 22);
        assert_int_equal(doc_number(doc_at(doc_get(part, "nodes"), 0)), 2);
        assert_int_equal(doc_count(doc_get(inventory, "memory.persistent")), 1);
        part = item(inventory, "memory.persistent", 0);
        check_text(part, "mode", "memory");
        assert_int_equal(doc_get_number(part, "size", 0), 1 << 30);
        assert_int_equal(doc_count(doc_get(inventory, "memory.cxl")), 1);
        part = item(inventory, "memory.cxl", 0);
        assert_int_equal(doc_get_number(part, "volatile", 0), (int64_t)1 << 38);
        check_text(part, "serial", "0x1234");
        check_text(part, "pci", "0000:36:00.0");
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ON_A_TREE(test_one_disk_over_two_paths),
                ON_A_TREE(test_sectors),
                ON_A_TREE(test_who_uses_a_disk),
                ON_A_TREE(test_raid),
                ON_A_TREE(test_amt),
                ON_A_TREE(test_cards),
                ON_A_TREE(test_small_sections),
                ON_A_TREE(test_memory),
                ON_A_TREE(test_memory_that_is_not_alike),
                cmocka_unit_test_setup_teardown(test_bmc, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
