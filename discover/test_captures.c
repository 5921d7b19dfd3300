/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "discover/probe.h"
#include "lib/base/file.h"
#include "lib/node/summary.h"

/*
 * Captures of real machines, where there are any: their folder lies beside the
 * source tree. Each is unpacked or linked into a root of its own.
 */
static char captures[512];

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
        char command[2048];
        va_list args;
        FILE *p;

        va_start(args, format);
        vsnprintf(command, sizeof(command), format, args);
        va_end(args);
        p = popen(command, "r");
        assert_non_null(p);
        assert_int_equal(pclose(p), 0);
}

static struct doc *discover(const char *root, const char *only)
{
        struct tree *tree = NULL;
        struct doc *inventory;

        assert_int_equal(tree_open(root, &tree), 0);
        inventory = inventory_make(tree, only);
        assert_non_null(inventory);
        tree_close(tree);
        return inventory;
}

static int setup(void **state)
{
        static char folder[] = "/tmp/cloudie-captures-XXXXXX";
        const char *source = getenv("CLOUDIE_SOURCE");

        snprintf(captures, sizeof(captures), "%s/../shared/data/hardware", source ? source : ".");
        *state = mkdtemp(folder);
        return *state ? 0 : -1;
}

static int teardown(void **state)
{
        run("rm -rf '%s'", (const char *)*state);
        return 0;
}

static void need_captures(void)
{
        if (access(captures, R_OK) == 0)
                return;
        print_message("skipped: no captures of real machines beside the source tree\n");
        skip();
}

static void test_cpus(void **state)
{
        /* As lscpu's answers beside the captures say. */
        static const struct {
                const char *name;
                int packages, cores, threads, nodes;
                const char *model, *level;
        } cases[] = {
                {"x86_64-64cpu",      4, 32, 64, 3, "Intel(R) Xeon(R) CPU           X7550  @ 2.00GHz",
                 "x86-64-v2"                                                                                      },
                {"x86_64-dell_e4310", 1, 2,  4,  1, NULL,                                              "x86-64-v2"},
        };

        need_captures();
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char root[600];
                struct doc *inventory;

                run("tar -C '%s' -xzf '%s/lscpu/%s.tar.gz'", (const char *)*state, captures,
                    cases[i].name);
                snprintf(root, sizeof(root), "%s/%s", (const char *)*state, cases[i].name);
                inventory = discover(root, "cpu");
                assert_int_equal(doc_get_number(inventory, "cpu.packages", 0), cases[i].packages);
                assert_int_equal(doc_get_number(inventory, "cpu.cores", 0), cases[i].cores);
                assert_int_equal(doc_get_number(inventory, "cpu.threads", 0), cases[i].threads);
                assert_string_equal(doc_get_text(inventory, "cpu.isa_level"), cases[i].level);
                if (cases[i].model)
                        assert_string_equal(doc_get_text(inventory, "cpu.model"), cases[i].model);
                assert_null(doc_get(inventory, "memory")); /* --only */
                doc_free(inventory);
        }
}

static void test_smbios_tables(void **state)
{
        static const struct {
                const char *name, *vendor, *product, *serial;
                int64_t installed;
        } cases[] = {
                {"SuperMicro-Dual-Xeon", "Supermicro",            "SYS-1027R-WRF",   "E09626824801435",
                 (int64_t)64 << 30                                                                                       },
                {"Beelink-EQ12",         "AZW",                   "EQ",              "BN1004GH10075",   (int64_t)16 << 30},
                {"HyperV",               "Microsoft Corporation", "Virtual Machine", NULL,
                 0                                                                                                       }, /* tells no modules */
        };

        need_captures();
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char root[600];
                struct doc *inventory;

                snprintf(root, sizeof(root), "%s/dmi-%zu", (const char *)*state, i);
                run("mkdir -p '%s/sys/firmware/dmi/tables' && cp '%s/smbios/%s.dmi' "
                    "'%s/sys/firmware/dmi/tables/DMI'",
                    root, captures, cases[i].name, root);
                inventory = discover(root, "system,memory,firmware");
                assert_string_equal(doc_get_text(inventory, "system.vendor"), cases[i].vendor);
                assert_string_equal(doc_get_text(inventory, "system.product"), cases[i].product);
                if (cases[i].serial)
                        assert_string_equal(doc_get_text(inventory, "system.serial"),
                                            cases[i].serial);
                assert_non_null(doc_get_text(inventory, "firmware.vendor"));
                assert_int_equal(doc_get_number(inventory, "memory.installed", 0),
                                 cases[i].installed);
                doc_free(inventory);
        }
}

static void test_a_whole_machine(void **state)
{
        char root[600];
        struct doc *inventory;

        need_captures();
        snprintf(root, sizeof(root), "%s/whole", (const char *)*state);
        run("mkdir '%s' && tar -C '%s' -xzf '%s/snapshots/linux-amd64-8581cf3a.tar.gz'", root, root,
            captures);
        inventory = discover(root, NULL);
        assert_true(doc_get_number(inventory, "memory.total", 0) > 0);
        assert_true(doc_count(doc_get(inventory, "pci.items")) > 10);
        assert_int_equal(doc_count(doc_get(inventory, "disks.items")), 2); /* sda and sr0 */
        assert_string_equal(doc_get_text(doc_at(doc_get(inventory, "disks.items"), 0), "name"),
                            "sda");
        assert_null(doc_get(doc_at(doc_get(inventory, "disks.items"), 1), "size")); /* empty */
        assert_true(doc_count(doc_get(inventory, "gpus.items")) > 0);
        doc_free(inventory);
}

/* Some firmware lists the chip that it lies in beside the modules: 16 MiB that nobody can use. */
static void test_flash_is_no_memory(void **state)
{
        static const uint8_t table[] = {
                16, 7,  0, 0,    3, 3, 6,   0, 0, /* system memory, multi-bit ECC */
                17, 19, 1, 0,    0, 0, 0,   0, 64, 0, 64, 0, 0x00, 0x04, 9,
                0,  0,  0, 0x1a, 0, 0, 16,  7, 2,  0, 3,  5, 3,    0,    0, /* flash memory, none */
                17, 19, 3, 0,    2, 0, 0,   0, 8,  0, 8,  0, 0x10, 0x00, 5,
                0,  0,  0, 0x09, 0, 0, 127, 4, 4,  0, 0,  0,
        };
        char root[600], path[700];
        struct doc *inventory;

        snprintf(root, sizeof(root), "%s/flash", (const char *)*state);
        run("mkdir -p '%s/sys/firmware/dmi/tables'", root);
        snprintf(path, sizeof(path), "%s/sys/firmware/dmi/tables/DMI", root);
        assert_int_equal(file_replace(path, table, sizeof(table), 0644), 0);
        inventory = discover(root, "memory");
        assert_int_equal(doc_get_number(inventory, "memory.installed", 0), (int64_t)1 << 30);
        assert_int_equal(doc_get_number(inventory, "memory.slots", 0), 1);
        assert_string_equal(doc_get_text(inventory, "memory.ecc"), "multi-bit");
        doc_free(inventory);
}

/* Without anything to read, every section is there, says so, and nothing is invented. */
static void test_an_empty_tree(void **state)
{
        char root[600];
        struct doc *inventory;
        char *text = NULL;

        snprintf(root, sizeof(root), "%s/empty", (const char *)*state);
        assert_int_equal(mkdir(root, 0755), 0);
        inventory = discover(root, NULL);
        for (size_t i = 0; i < probe_count; i++)
                assert_true(doc_is_list(doc_get(doc_get(inventory, probes[i].name), "errors")));
        assert_true(doc_count(doc_get(inventory, "cpu.errors")) > 0);
        assert_null(doc_get(inventory, "cpu.cores"));
        assert_null(doc_get(inventory, "memory.total"));
        assert_int_equal(doc_print(inventory, DOC_COMPACT, &text), 0);
        assert_null(strstr(text, "\"\""));
        free(text);
        doc_free(inventory);
}

/* A link in a capture that points at the machine it was taken from, or at ours, is not followed. */
static void test_nothing_leads_out_of_a_capture(void **state)
{
        struct tree *tree = NULL;
        char root[600], text[TREE_LINE_SIZE];

        snprintf(root, sizeof(root), "%s/jail", (const char *)*state);
        run("mkdir -p '%s/proc' && echo inside > '%s/secret' && echo outside > '%s/../secret' && "
            "ln -s ../../secret '%s/proc/up' && ln -s /secret '%s/proc/absolute'",
            root, root, root, root, root);
        assert_int_equal(tree_open(root, &tree), 0);
        assert_true(tree_line(tree, text, "proc/up"));
        assert_string_equal(text, "inside");
        assert_true(tree_line(tree, text, "proc/absolute"));
        assert_string_equal(text, "inside");
        assert_true(tree_line(tree, text, "../../../../secret"));
        assert_string_equal(text, "inside");
        tree_close(tree);
}

/* This very machine: what cannot be otherwise. */
static void test_this_machine(void **state)
{
        struct doc *inventory = discover("/", NULL);

        (void)state;
        assert_true(doc_get_number(inventory, "memory.total", 0) > (int64_t)64 << 20);
        assert_int_equal(doc_get_number(inventory, "cpu.threads", 0),
                         sysconf(_SC_NPROCESSORS_ONLN));
        doc_free(inventory);
}

static void test_pci_addresses(void **state)
{
        char address[32];

        (void)state;
        assert_true(pci_address_in("../../devices/pci0000:00/0000:00:1c.4/0000:02:00.0/nvme/nvme0",
                                   address, sizeof(address)));
        assert_string_equal(address, "0000:02:00.0");
        assert_true(pci_address_in("../10000:e1:00.0/nvme", address, sizeof(address)));
        assert_string_equal(address, "10000:e1:00.0");
        assert_false(pci_address_in("../../devices/virtual/net/lo", address, sizeof(address)));
        assert_false(pci_address_in("pci0000:00/0000:00:1c.4x", address, sizeof(address)));
}

static void test_fillers(void **state)
{
        (void)state;
        assert_true(node_text_is_filler("To Be Filled By O.E.M."));
        assert_true(node_text_is_filler("00000000"));
        assert_true(node_text_is_filler("..."));
        assert_true(node_text_is_filler("-"));
        assert_false(node_text_is_filler("7"));
        assert_false(node_text_is_filler("LAB-0001"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cpus),
                cmocka_unit_test(test_smbios_tables),
                cmocka_unit_test(test_a_whole_machine),
                cmocka_unit_test(test_flash_is_no_memory),
                cmocka_unit_test(test_an_empty_tree),
                cmocka_unit_test(test_nothing_leads_out_of_a_capture),
                cmocka_unit_test(test_this_machine),
                cmocka_unit_test(test_pci_addresses),
                cmocka_unit_test(test_fillers),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
