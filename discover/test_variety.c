/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines of other kinds than the next rack's, and captures that lack what would tell. */
#include "discover/test_tree.h"
#include "lib/base/text.h"

#define check_text(value, path, want) assert_string_equal(doc_get_text(value, path), want)

/* SMBIOS of one system: vendor and product, and the flag of a virtual machine. */
static void put_system(const char *vendor, const char *product, bool has_flag)
{
        static const uint8_t bios[] = {0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        static const uint8_t system[] = {1, 8, 1, 0, 1, 2, 0, 0};
        uint8_t table[256] = {0};
        size_t size = sizeof(bios);

        memcpy(table, bios, sizeof(bios));
        table[0x13] = has_flag ? 0x1c : 0x0c;
        size += 2;
        memcpy(table + size, system, sizeof(system));
        size += sizeof(system);
        size += (size_t)snprintf((char *)table + size, sizeof(table) - size, "%s", vendor) + 1;
        size += (size_t)snprintf((char *)table + size, sizeof(table) - size, "%s", product) + 2;
        put_bytes("sys/firmware/dmi/tables/DMI", table, size);
}

static const struct {
        const char *vendor, *product;
        bool has_flag, is_virtual;
        const char *hypervisor;
} systems[] = {
        {"Microsoft Corporation", "Virtual Machine",       false, true,  "hyperv"},
        {"Microsoft Corporation", "Surface Pro 7",         false, false, NULL    },
        {"Amazon EC2",            "t4g.small",             true,  true,  "ec2"   },
        {"Amazon EC2",            "m6g.metal",             false, false, NULL    },
        {"Google",                "Google Compute Engine", false, true,  "gce"   },
        {"Red Hat",               "KVM",                   false, true,  "qemu"  },
        {"VMware, Inc.",          "VMware7,1",             false, true,  "vmware"},
        {"Acme",                  "Cloud",                 true,  true,  NULL    },
        {"Dell Inc.",             "PowerEdge R630",        false, false, NULL    },
};

static void test_virtual_or_not(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
                struct doc *inventory;
                const char *hypervisor;

                put_system(systems[i].vendor, systems[i].product, systems[i].has_flag);
                inventory = inventory_of_tree("system");
                check_text(inventory, "system.product", systems[i].product);
                assert_int_equal(doc_get_bool(inventory, "system.virtual", !systems[i].is_virtual),
                                 systems[i].is_virtual);
                hypervisor = doc_get_text(inventory, "system.hypervisor");
                assert_int_equal(hypervisor != NULL, systems[i].hypervisor != NULL);
                if (hypervisor)
                        assert_string_equal(hypervisor, systems[i].hypervisor);
                doc_free(inventory);
        }
}

/* Absent is not known: never a guess. */
static void test_what_a_capture_lacks(void **state)
{
        struct doc *inventory;

        (void)state;
        put("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\nCPU part\t: 0xd0c\n");
        put("sys/bus/pci/devices/0000:00:03.0/class", "0x020000\n");
        inventory = inventory_of_tree("system,firmware,kernel");
        assert_null(doc_get(inventory, "system.virtual"));
        assert_null(doc_get(inventory, "firmware.boot_mode"));
        assert_null(doc_get(inventory, "kernel.without_driver"));
        doc_free(inventory);

        put("sys/firmware/acpi/tables/FACP", "");
        put_link("sys/bus/pci/devices/0000:00:04.0/driver", "../../../../bus/pci/drivers/nvme");
        inventory = inventory_of_tree("firmware,kernel");
        check_text(inventory, "firmware.boot_mode", "bios");
        assert_int_equal(doc_count(doc_get(inventory, "kernel.without_driver")), 1);
        doc_free(inventory);

        put("sys/firmware/devicetree/base/model", "Board");
        inventory = inventory_of_tree("firmware");
        assert_null(doc_get(inventory, "firmware.boot_mode"));
        doc_free(inventory);
}

static const struct {
        const char *cpuinfo, *vendor, *model, *flag;
} processors[] = {
        {"processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 44\nmodel name\t:  Xeon    \n"
         "flags\t\t: fpu lm\n",                                                        "GenuineIntel", "Xeon",          "fpu"       },
        {"processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"
         "CPU variant\t: 0x3\nCPU part\t: 0xd0c\n",                                    "ARM",          "Neoverse-N1",   "fp"        },
        {"processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0xc0\nCPU part\t: 0xac3\n",
         "Ampere",                                                                                              "Ampere-1",      "fp"        },
        {"processor\t: 0\nFeatures\t: fp\nCPU implementer\t: 0x41\nCPU part\t: 0xfff\n",        "ARM",
         NULL,                                                                                                                   "fp"        },
        {"processor\t: 0\nCPU implementer\t: 0x4100000000000000041\nCPU part\t: xd0c\n",        NULL,           NULL,
         NULL                                                                                                                                },
        {"processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 3.8GHz\n",             NULL,
         "POWER9, altivec supported",                                                                                            NULL        },
        {"vendor_id       : IBM/S390\nfeatures\t: esan3 zarch\n",                               "IBM/S390",     NULL,            "esan3"     },
        {"processor\t: 0\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\nmvendorid\t: 0x489\n",
         "0x489",                                                                                               "sifive,u74-mc", "rv64imafdc"},
        {"processor\t: 0\nModel Name\t: Loongson-3A5000\nFeatures\t: cpucfg lam\n",             NULL,
         "Loongson-3A5000",                                                                                                      "cpucfg"    },
};

static void check_or_none(const struct doc *cpu, const char *name, const char *want)
{
        const char *text = doc_get_text(cpu, name);

        assert_int_equal(text != NULL, want != NULL);
        if (text)
                assert_string_equal(text, want);
}

static void test_processors_of_others(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(processors) / sizeof(processors[0]); i++) {
                struct doc *inventory;
                const struct doc *cpu;
                const char *flag;

                put("proc/cpuinfo", processors[i].cpuinfo);
                inventory = inventory_of_tree("cpu");
                cpu = doc_get(inventory, "cpu");
                check_or_none(cpu, "vendor", processors[i].vendor);
                check_or_none(cpu, "model", processors[i].model);
                flag = doc_text(doc_at(doc_get(cpu, "flags"), 0));
                assert_int_equal(flag != NULL, processors[i].flag != NULL);
                if (flag)
                        assert_string_equal(flag, processors[i].flag);
                doc_free(inventory);
        }
}

/* IDENTIFY DEVICE as a disk has it, behind the head of page 0x89. */
static void put_words(uint8_t *identify, unsigned word, const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++)
                identify[(size_t)word * 2 + (i ^ 1)] = i < strlen(text) ? (uint8_t)text[i] : ' ';
}

static void test_disks_of_others(void **state)
{
        uint8_t page[572] = {0, 0x89, 2, 56};
        struct doc *inventory;
        const struct doc *disk, *parts;

        (void)state;
        put_words(page + 60, 23, "580ABBF0", 8);
        put_words(page + 60, 27, "KINGSTON SH103S3240G", 40);
        put_bytes("sys/block/sda/device/vpd_pg89", page, sizeof(page));
        put("sys/block/sda/device/model", "KINGSTON SH103S3\n");
        put("sys/block/sda/device/rev", "BBF0\n");
        put("sys/devices/pci0000:00/0000:00:1f.2/host4/target4:0:0/4:0:0:0/block/sdb/size", "8\n");
        put("sys/devices/pci0000:00/0000:00:1f.2/host4/target4:0:0/4:0:0:0/vendor", "ATA     \n");
        put_link("sys/devices/pci0000:00/0000:00:1f.2/host4/target4:0:0/4:0:0:0/block/sdb/device",
                 "../../../4:0:0:0");
        put_link("sys/block/sdb",
                 "../devices/pci0000:00/0000:00:1f.2/host4/target4:0:0/4:0:0:0/block/sdb");
        put("sys/block/sda/sda1/partition", "1\n");
        put("sys/block/sda/sda2/partition", "2\n");
        put("sys/block/sda/sda11/partition", "11\n");
        put("proc/self/mountinfo", "1 2 0:41 / /data rw - bcachefs /dev/sda1:/dev/sda2 rw\n");
        put_link("sys/block/sdc", "../devices/pci0000:00/0000:00:07.0/usb2/2-1.4/2-1.4:1.0/host8/"
                                  "target8:0:0/8:0:0:0/block/sdc");
        put("sys/devices/pci0000:00/0000:00:07.0/usb2/2-1.4/2-1.4:1.0/host8/target8:0:0/8:0:0:0/"
            "block/sdc/size",
            "8\n");
        put("sys/bus/usb/devices/2-1.4/serial", "STICK1\n");
        put("sys/block/nvme0n1/eui", "00 25 38 bc 21 b1 56 01\n");
        inventory = inventory_of_tree("disks");
        disk = doc_at(doc_get(inventory, "disks.items"), 0);
        check_text(disk, "eui", "002538bc21b15601");
        disk = doc_at(doc_get(inventory, "disks.items"), 1);
        check_text(disk, "model", "KINGSTON SH103S3240G");
        check_text(disk, "firmware", "580ABBF0");
        check_text(doc_at(doc_get(inventory, "disks.items"), 2), "transport", "ata");
        check_text(doc_at(doc_get(inventory, "disks.items"), 3), "serial", "STICK1");
        parts = doc_get(disk, "partitions");
        for (size_t i = 0; i < 2; i++)
                assert_string_equal(doc_text(doc_at(doc_get(doc_at(parts, i), "mounted_on"), 0)),
                                    "/data");
        assert_null(doc_get(doc_at(parts, 2), "mounted_on"));
        doc_free(inventory);
}

/* Express, with Access Control Services behind the first 256 bytes. */
static void test_a_whole_configuration_space(void **state)
{
        uint8_t config[4096] = {0x86, 0x80, 0x34, 0x12, 0, 0, 0x10, 0};
        struct doc *inventory;

        (void)state;
        config[0x0a] = 0x00;
        config[0x0b] = 0x02;
        config[0x34] = 0x40;
        config[0x40] = 0x10;
        config[0x4c] = 0x43; /* 8 GT/s, 4 lanes */
        config[0x52] = 0x42; /* now 5 GT/s */
        config[0x100] = 0x0d;
        config[0x102] = 0x01;
        put_bytes("sys/bus/pci/devices/0000:00:1c.0/config", config, sizeof(config));
        inventory = inventory_of_tree("pci");
        check_text(doc_at(doc_get(inventory, "pci.items"), 0), "link.speed", "5.0 GT/s");
        assert_true(doc_get_bool(doc_at(doc_get(inventory, "pci.items"), 0), "acs", false));
        doc_free(inventory);
}

/* The fastest and the slowest of all cores; the first is neither. */
static void test_cores_that_differ(void **state)
{
        static const char *const khz[][2] = {
                {"400000\n", "3000000\n"},
                {"800000\n", "5200000\n"},
                {"300000\n", "3800000\n"}
        };
        struct doc *inventory;

        (void)state;
        put("sys/devices/system/cpu/online", "0-2\n");
        for (unsigned cpu = 0; cpu < 3; cpu++) {
                char path[100];

                snprintf(path, sizeof(path),
                         "sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_min_freq", cpu);
                put(path, khz[cpu][0]);
                snprintf(path, sizeof(path),
                         "sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_max_freq", cpu);
                put(path, khz[cpu][1]);
        }
        put("sys/devices/system/cpu/cpu0/cpufreq/base_frequency", "2100000\n");
        inventory = inventory_of_tree("cpu");
        assert_int_equal(doc_get_number(inventory, "cpu.min_mhz", 0), 300);
        assert_int_equal(doc_get_number(inventory, "cpu.base_mhz", 0), 2100);
        assert_int_equal(doc_get_number(inventory, "cpu.max_mhz", 0), 5200);
        doc_free(inventory);
}

/* Two packages of two threads each: by the names of Linux 5.3, and as maps. */
static void test_topology_by_new_names(void **state)
{
        struct doc *inventory;
        const struct doc *list;

        (void)state;
        put("sys/devices/system/cpu/online", "0-3\n");
        for (unsigned cpu = 0; cpu < 4; cpu++) {
                char path[100];

                snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/core_cpus",
                         cpu);
                put(path, cpu < 2 ? "00000003\n" : "0000000c\n");
                snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/package_cpus",
                         cpu);
                put(path, cpu < 2 ? "00000003\n" : "0000000c\n");
                snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/microcode/version", cpu);
                put(path, cpu < 2 ? "0x2f\n" : "0x30\n");
        }
        inventory = inventory_of_tree("cpu");
        list = doc_get(inventory, "cpu.topology");
        assert_string_equal(doc_get_text(doc_at(list, 0), "microcode"), "0x2f");
        assert_string_equal(doc_get_text(doc_at(list, 1), "microcode"), "0x30");
        assert_int_equal(doc_get_number(inventory, "cpu.packages", 0), 2);
        assert_int_equal(doc_get_number(inventory, "cpu.cores", 0), 2);
        assert_int_equal(doc_get_number(inventory, "cpu.threads", 0), 4);
        doc_free(inventory);
}

/* Controllers that nobody here can ask: each is named, with a reason of its own. */
static const struct {
        const char *driver, *class, *reason;
} silent[] = {
        {"mpi3mr",        "0x010700", "MPI 3.0"     },
        {"mptsas",        "0x010000", "MPI 1.x"     },
        {"aacraid",       "0x010400", "maker's own" },
        {"3w-sas",        "0x010400", "maker's own" },
        {"3w-9xxx",       "0x010400", "maker's own" },
        {"3w-xxxx",       "0x010400", "maker's own" },
        {"arcmsr",        "0x010400", "maker's own" },
        {"megaraid_mbox", "0x010400", "older"       },
        {"ahci",          "0x010400", "arrays of md"},
        {"of-tomorrow",   "0x010400", "this version"},
        {NULL,            "0x010400", "no driver"   },
};

static void test_silent_controllers(void **state)
{
        struct doc *inventory;
        const struct doc *list;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
                char path[100], target[100];

                snprintf(path, sizeof(path), "sys/bus/pci/devices/0000:%02zx:00.0/class", i);
                put(path, silent[i].class);
                if (!silent[i].driver)
                        continue;
                snprintf(path, sizeof(path), "sys/bus/pci/devices/0000:%02zx:00.0/driver", i);
                snprintf(target, sizeof(target), "../../drivers/%s", silent[i].driver);
                put_link(path, target);
        }
        inventory = inventory_of_tree("raid");
        list = doc_get(inventory, "raid.controllers");
        assert_int_equal(doc_count(list), ARRAY_SIZE(silent));
        for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
                const char *why = doc_get_text(doc_at(list, i), "volumes_unknown");

                assert_non_null(why);
                assert_non_null(strstr(why, silent[i].reason));
                assert_null(doc_get(doc_at(list, i), "volumes"));
        }
        doc_free(inventory);
}

/* One of 12 cores, one of 300 (see the second field), an empty socket, and a coprocessor. */
static void test_sockets(void **state)
{
        static const uint8_t head[] = {4, 0x30, 0, 0, 1, 3};
        static const struct {
                uint8_t type, status, count;
                uint16_t wide;
        } sockets[] = {
                {3, 0x41, 12,   0  },
                {3, 0x41, 0xff, 300},
                {3, 0x00, 0,    0  },
                {4, 0x41, 1,    0  },
        };
        uint8_t table[512] = {0};
        struct doc *inventory;
        const struct doc *list;
        size_t size = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
                uint8_t *at = table + size;

                memcpy(at, head, sizeof(head));
                at[5] = sockets[i].type;
                at[0x16] = 0x60;
                at[0x17] = 0x09;
                at[0x18] = sockets[i].status;
                at[0x23] = sockets[i].count;
                at[0x2a] = (uint8_t)sockets[i].wide;
                at[0x2b] = (uint8_t)(sockets[i].wide >> 8);
                memcpy(at + 0x30, "P1\0", 4);
                size += 0x34;
        }
        put_bytes("sys/firmware/dmi/tables/DMI", table, size);
        inventory = inventory_of_tree("cpu");
        list = doc_get(inventory, "cpu.sockets");
        assert_int_equal(doc_count(list), 3);
        check_text(doc_at(list, 0), "socket", "P1");
        assert_int_equal(doc_get_number(doc_at(list, 0), "cores", 0), 12);
        assert_int_equal(doc_get_number(doc_at(list, 0), "mhz", 0), 2400);
        assert_int_equal(doc_get_number(doc_at(list, 1), "cores", 0), 300);
        assert_false(doc_get_bool(doc_at(list, 2), "populated", true));
        assert_null(doc_get(doc_at(list, 2), "mhz"));
        doc_free(inventory);
}

#define ON_A_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ON_A_TREE(test_silent_controllers),
                ON_A_TREE(test_virtual_or_not),
                ON_A_TREE(test_what_a_capture_lacks),
                ON_A_TREE(test_processors_of_others),
                ON_A_TREE(test_disks_of_others),
                ON_A_TREE(test_a_whole_configuration_space),
                ON_A_TREE(test_sockets),
                ON_A_TREE(test_cores_that_differ),
                ON_A_TREE(test_topology_by_new_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
