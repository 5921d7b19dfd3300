/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that are too large, and files that are not what they should be. */
#include "discover/test_tree.h"

#define FUNCTIONS 10000
#define CPUS      4096

static void test_ten_thousand_functions(void **state)
{
        struct doc *inventory;
        const struct doc *items;

        (void)state;
        for (unsigned i = 0; i < FUNCTIONS; i++) {
                char path[128], text[32];

                snprintf(path, sizeof(path), "sys/bus/pci/devices/%04x:%02x:%02x.%u/vendor",
                         i / 65536, i / 256 % 256, i / 8 % 32, i % 8);
                snprintf(text, sizeof(text), "0x%04x\n", i);
                put(path, text);
        }
        inventory = inventory_of_tree("pci");
        items = doc_get(inventory, "pci.items");
        assert_int_equal(doc_count(items), FUNCTIONS);
        assert_string_equal(doc_get_text(doc_at(items, FUNCTIONS - 1), "vendor"), "0x270f");
        assert_false(doc_get_bool(inventory, "partial", true));
        doc_free(inventory);
}

/* 4 packages, 2 dies each, 2 threads a core; a thread's sibling is 2048 further on. */
static void test_four_thousand_cpus(void **state)
{
        struct doc *inventory;

        (void)state;
        put("sys/devices/system/cpu/online", "0-4095\n");
        put("sys/devices/system/cpu/present", "0-4095\n");
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
                const unsigned core = cpu % 2048, package = core / 512, die = core / 256;
                char path[128], text[64];

                snprintf(path, sizeof(path),
                         "sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
                snprintf(text, sizeof(text), "%u,%u\n", core, core + 2048);
                put(path, text);
                snprintf(path, sizeof(path),
                         "sys/devices/system/cpu/cpu%u/topology/core_siblings_list", cpu);
                snprintf(text, sizeof(text), "%u-%u,%u-%u\n", package * 512, package * 512 + 511,
                         2048 + package * 512, 2048 + package * 512 + 511);
                put(path, text);
                snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/die_cpus_list",
                         cpu);
                snprintf(text, sizeof(text), "%u-%u,%u-%u\n", die * 256, die * 256 + 255,
                         2048 + die * 256, 2048 + die * 256 + 255);
                put(path, text);
        }
        inventory = inventory_of_tree("cpu");
        assert_int_equal(doc_get_number(inventory, "cpu.threads", 0), CPUS);
        assert_int_equal(doc_get_number(inventory, "cpu.cores", 0), 2048);
        assert_int_equal(doc_get_number(inventory, "cpu.dies", 0), 8);
        assert_int_equal(doc_get_number(inventory, "cpu.packages", 0), 4);
        assert_int_equal(
                doc_get_number(doc_at(doc_get(inventory, "cpu.topology"), 3), "threads", 0), 1024);
        doc_free(inventory);
}

/* A pipe that nobody writes to is not waited for; one that is a folder's, or a device's, neither.
 */
static void test_a_pipe_in_place_of_a_file(void **state)
{
        static const char *const pipes[] = {
                "proc/cpuinfo",
                "proc/meminfo",
                "proc/mdstat",
                "proc/cmdline",
                "sys/firmware/dmi/tables/DMI",
                "sys/block/sda/size",
                "sys/block/sda/device/vpd_pg80",
                "sys/class/net/eth0/address",
                "sys/bus/pci/devices/0000:00:01.0/config",
                "sys/bus/pci/devices/0000:00:01.0/class",
                "sys/devices/system/cpu/online",
        };
        struct doc *inventory;

        (void)state;
        put("sys/block/sda/ro", "0\n");
        put("sys/class/net/eth0/device/numa_node", "1\n");
        for (size_t i = 0; i < sizeof(pipes) / sizeof(pipes[0]); i++) {
                char full[600];

                snprintf(full, sizeof(full), "%s/%s", root, pipes[i]);
                make_folder_of(full);
                assert_int_equal(mkfifo(full, 0600), 0);
        }
        inventory = inventory_of_tree(NULL);
        assert_false(doc_get_bool(doc_at(doc_get(inventory, "disks.items"), 0), "read_only", true));
        assert_int_equal(
                doc_get_number(doc_at(doc_get(inventory, "nics.items"), 0), "numa_node", 0), 1);
        assert_int_equal(doc_count(doc_get(inventory, "pci.items")), 1);
        doc_free(inventory);
}

/* ESC in names and in what disks say; bytes that are not UTF-8; a text that never ends. */
static void test_names_that_bite(void **state)
{
        char *text = NULL, endless[4096];
        struct doc *inventory;

        (void)state;
        memset(endless, 'x', sizeof(endless));
        endless[sizeof(endless) - 1] = '\0';
        put("sys/block/sd\033[2Ja/device/model", "\033[31mred\007\n");
        put("sys/block/sd\033[2Ja/device/state", "\xff\xfe\n");
        put("sys/block/sdb/device/model", endless);
        put("sys/class/net/e\tth\n0/device/numa_node", "0\n");
        put("sys/devices/system/cpu/vulnerabilities/a\033b", "Mitigation: \x1b]0;title\x07\n");
        put("sys/bus/usb/devices/1-1/product", "\xc2\x9b"
                                               "1mC1\n");
        put("proc/cmdline", "quiet \033]x\n");
        put("proc/mdstat", "md\033 : active raid1 s\007da[0]\n");
        inventory = inventory_of_tree(NULL);
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 2);
        assert_int_equal(doc_print(inventory, DOC_COMPACT, &text), 0);
        for (const unsigned char *c = (const unsigned char *)text; *c; c++)
                assert_true(*c >= 0x20 && *c != 0x7f);
        assert_null(strstr(text, "\\u001b"));
        assert_null(strstr(text, "\xff"));
        free(text);
        doc_free(inventory);
}

/* A table that claims more than there is, at every length. */
static void test_truncated_tables(void **state)
{
        /* clang-format off: system, array of 1 TiB, module of 64 GiB, IPMI device */
        static const uint8_t table[] = {
                0x01, 0x1b, 0x01, 0x00, 0x01, 0x02, 0x03, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x06, 0x00, 0x00, 0x41,
                0x00, 0x42, 0x00, 0x43, 0x00, 0x00, 0x10, 0x17, 0x02, 0x00, 0x03, 0x03, 0x06, 0x00,
                0x00, 0x00, 0x80, 0xfe, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
                0x00, 0x00, 0x00, 0x11, 0x28, 0x03, 0x00, 0x02, 0x00, 0xfe, 0xff, 0x48, 0x00, 0x40,
                0x00, 0xff, 0x7f, 0x09, 0x00, 0x01, 0x02, 0x1a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                0x00, 0x00, 0x02, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                0x00, 0x44, 0x00, 0x45, 0x00, 0x00, 0x26, 0x12, 0x04, 0x00, 0x01, 0x20, 0x20, 0x00,
                0xa3, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        };
        /* clang-format on */

        (void)state;
        for (size_t len = 0; len <= sizeof(table); len += 3) {
                struct doc *inventory;

                put_bytes("sys/firmware/dmi/tables/DMI", table, len);
                inventory = inventory_of_tree("system,firmware,memory,bmc");
                doc_free(inventory);
        }
        put_bytes("sys/firmware/dmi/tables/DMI", table, sizeof(table));
        {
                struct doc *inventory = inventory_of_tree("memory,bmc");

                assert_int_equal(doc_get_number(inventory, "memory.installed", 0),
                                 (int64_t)65536 << 20);
                assert_int_equal(doc_get_number(inventory, "memory.maximum", 0), (int64_t)1 << 40);
                assert_string_equal(doc_get_text(inventory, "bmc.interface"), "kcs");
                assert_string_equal(doc_get_text(inventory, "bmc.ipmi_version"), "2.0");
                assert_string_equal(doc_get_text(inventory, "bmc.address"), "0xca2");
                doc_free(inventory);
        }
}

#define ON_A_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                ON_A_TREE(test_ten_thousand_functions),    ON_A_TREE(test_four_thousand_cpus),
                ON_A_TREE(test_a_pipe_in_place_of_a_file), ON_A_TREE(test_names_that_bite),
                ON_A_TREE(test_truncated_tables),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
