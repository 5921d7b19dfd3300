/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#include "discover/test_validate.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
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
        assert_true(inventory_is_valid(inventory));
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

/* What lscpu says of a field, blanks at its start cut off; "" if it does not. */
static void lscpu_says(const char *text, const char *field, char to[static 128])
{
        const size_t len = strlen(field);

        to[0] = '\0';
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (strncmp(line, field, len) != 0 || line[len] != ':')
                        continue;
                line += len + 1;
                line += strspn(line, " ");
                snprintf(to, 128, "%.*s", (int)strcspn(line, "\n"), line);
                return;
        }
}

/* All caches of a level and type: "L1d", "L2". lscpu: "1 MiB (32 instances)". */
static void check_cache(const struct doc *cpu, const char *lscpu, const char *field)
{
        const char *type = field[2] == 'd' ? "data" : field[2] == 'i' ? "instruction" : "unified";
        char says[128], name[32], *end;
        int64_t size = 0, instances = 0, want;
        const struct doc *caches = doc_get(cpu, "caches");

        snprintf(name, sizeof(name), "%s cache", field);
        lscpu_says(lscpu, name, says);
        if (!says[0])
                return;
        want = strtoll(says, &end, 10);
        want <<= strncmp(end, " MiB", 4) == 0 ? 20 : 10;
        for (size_t i = 0; i < doc_count(caches); i++) {
                const struct doc *cache = doc_at(caches, i);
                const int64_t n = doc_get_number(cache, "instances", 0);

                if (doc_get_number(cache, "level", 0) != field[1] - '0' ||
                    strcmp(doc_get_text(cache, "type"), type) != 0)
                        continue;
                size += n * doc_get_number(cache, "size", 0);
                instances += n;
        }
        assert_int_equal(size, want);
        assert_int_equal(instances, strtoll(strchr(end, '(') + 1, NULL, 10));
}

static void check_number(const struct doc *cpu, const char *name, const char *lscpu,
                         const char *field)
{
        char says[128];

        lscpu_says(lscpu, field, says);
        if (says[0])
                assert_int_equal(doc_get_number(cpu, name, -1), strtoll(says, NULL, 10));
}

static void check_against_lscpu(const struct doc *cpu, const char *lscpu)
{
        static const char *const caches[] = {"L1d", "L1i", "L2", "L2d", "L3"};
        int64_t sockets;
        char says[128];

        check_number(cpu, "packages", lscpu, "Socket(s)");
        check_number(cpu, "threads", lscpu, "CPU(s)");
        check_number(cpu, "numa_nodes", lscpu, "NUMA node(s)");
        check_number(cpu, "family", lscpu, "CPU family");
        check_number(cpu, "model_id", lscpu, "Model");
        check_number(cpu, "stepping", lscpu, "Stepping");
        check_number(cpu, "max_mhz", lscpu, "CPU max MHz");
        check_number(cpu, "min_mhz", lscpu, "CPU min MHz");
        lscpu_says(lscpu, "Model name", says);
        assert_string_equal(doc_get_text(cpu, "model"), says);
        lscpu_says(lscpu, "Socket(s)", says);
        sockets = strtoll(says, NULL, 10);
        lscpu_says(lscpu, "Core(s) per socket", says);
        assert_int_equal(doc_get_number(cpu, "cores", 0), sockets * strtoll(says, NULL, 10));
        lscpu_says(lscpu, "Virtualization", says);
        assert_true(strcmp(says, "VT-x") != 0 ||
                    strcmp(doc_get_text(cpu, "virtualisation"), "vmx") == 0);
        lscpu_says(lscpu, "Vulnerability Meltdown", says);
        if (says[0])
                assert_string_equal(doc_get_text(cpu, "vulnerabilities.meltdown"), says);
        for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
                check_cache(cpu, lscpu, caches[i]);
}

/* Every capture of lscpu's, against what lscpu says of it. */
static void test_cpus(void **state)
{
        char folder[600], path[900];
        const struct dirent *entry;
        DIR *dir;

        need_captures();
        snprintf(folder, sizeof(folder), "%s/lscpu", captures);
        dir = opendir(folder);
        assert_non_null(dir);
        while ((entry = readdir(dir))) {
                char name[128], root[600], *lscpu = NULL;
                struct doc *inventory;

                if (!text_has_suffix(entry->d_name, ".tar.gz") || strlen(entry->d_name) > 100)
                        continue;
                snprintf(name, sizeof(name), "%.*s", (int)strlen(entry->d_name) - 7, entry->d_name);
                run("tar -C '%s' -xzf '%s/%s'", (const char *)*state, folder, entry->d_name);
                snprintf(root, sizeof(root), "%s/%s", (const char *)*state, name);
                snprintf(path, sizeof(path), "%s/%s.expected", folder, name);
                assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &lscpu, NULL), 0);
                inventory = discover(root, "cpu");
                check_against_lscpu(doc_get(inventory, "cpu"), lscpu);
                assert_null(doc_get(inventory, "memory")); /* --only */
                free(lscpu);
                doc_free(inventory);
        }
        closedir(dir);
}

/* Two of four CPUs are offline: they are present, and nothing else is known of them. */
static void test_offline_cpus(void **state)
{
        struct doc *inventory;
        char root[600];

        need_captures();
        snprintf(root, sizeof(root), "%s/offline", (const char *)*state);
        run("mkdir '%s' && tar -C '%s' -xzf '%s/snapshots/linux-amd64-offlineCPUs.tar.gz'", root,
            root, captures);
        inventory = discover(root, "cpu");
        assert_int_equal(doc_get_number(inventory, "cpu.present", 0), 4);
        assert_int_equal(doc_get_number(inventory, "cpu.threads", 0), 2);
        assert_int_equal(doc_get_number(inventory, "cpu.packages", 0), 2);
        assert_string_equal(doc_get_text(inventory, "cpu.isa_level"), "x86-64-v4");
        doc_free(inventory);
}

/* A module of the answers and one of ours, field by field; 0, "": the table does not tell. */
static void check_module(const struct doc *want, const struct doc *module)
{
        static const struct {
                const char *want, *name;
        } texts[] =
                {
                        {"DeviceLocator", "slot"  },
                        {"BankLocator",   "bank"  },
                        {"Manufacturer",  "vendor"},
                        {"SerialNumber",  "serial"},
                        {"PartNumber",    "part"  },
        },
          numbers[] = {
                  {"TotalWidth", "width"},
                  {"DataWidth", "data_width"},
                  {"Speed", "rated_mts"},
                  {"ConfiguredMemorySpeed", "configured_mts"},
                  {"ConfiguredVoltage", "millivolts"},
          };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                const char *text = doc_get_text(want, texts[i].want);

                if (text && text[0] && !node_text_is_filler(text) && text[strlen(text) - 1] != ' ')
                        assert_string_equal(doc_get_text(module, texts[i].name), text);
        }
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                const int64_t number = doc_get_number(want, numbers[i].want, 0);

                if (number > 0 && number < 0xffff)
                        assert_int_equal(doc_get_number(module, numbers[i].name, 0), number);
        }
}

/* Against the JSON beside the table. */
static void check_modules(const char *name, const struct doc *memory)
{
        _free_ char *text = NULL;
        _doc_ struct doc *answers = NULL;
        const struct doc *devices;
        size_t size, at = 0, filled = 0, empty = 0;
        char path[700];

        snprintf(path, sizeof(path), "%s/smbios/%s.json", captures, name);
        assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &size), 0);
        assert_int_equal(doc_parse(text, size, &doc_limits_inventory, NULL, &answers), 0);
        devices = doc_get(answers, "MemoryDevices");
        for (size_t i = 0; i < doc_count(devices); i++) {
                const struct doc *device = doc_at(devices, i);

                if (doc_get_number(device, "Size", 0) == 0) {
                        empty++;
                        continue;
                }
                filled++;
                check_module(device, doc_at(doc_get(memory, "items"), at++));
        }
        assert_int_equal(doc_count(doc_get(memory, "items")), filled);
        if (filled > 0)
                assert_int_equal(doc_get_number(memory, "empty_slots", -1), empty);
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
                check_modules(cases[i].name, doc_get(inventory, "memory"));
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

/* A disk or a partition of that name. */
static const struct doc *block_device(const struct doc *inventory, const char *name)
{
        const struct doc *disks = doc_get(inventory, "disks.items");

        for (size_t i = 0; i < doc_count(disks); i++) {
                const struct doc *disk = doc_at(disks, i), *parts = doc_get(disk, "partitions");

                if (strcmp(doc_get_text(disk, "name"), name) == 0)
                        return disk;
                for (size_t j = 0; j < doc_count(parts); j++)
                        if (strcmp(doc_get_text(doc_at(parts, j), "name"), name) == 0)
                                return doc_at(parts, j);
        }
        return NULL;
}

/* "|-sda1   sda1   8:1   0   200M part /boot/efi": disks, partitions, and where they are mounted.
 */
static void test_disks_as_lsblk_says(void **state)
{
        char root[600], path[700], *lsblk = NULL, *save = NULL;
        struct doc *inventory;
        size_t found = 0;

        need_captures();
        run("tar -C '%s' -xJf '%s/lsblk/simple-lvm.tar.xz'", (const char *)*state, captures);
        snprintf(root, sizeof(root), "%s/simple-lvm", (const char *)*state);
        snprintf(path, sizeof(path), "%s/lsblk/lsblk-simple-lvm-basic", captures);
        assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &lsblk, NULL), 0);
        inventory = discover(root, "disks");
        for (char *line = strtok_r(lsblk, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char name[64], type[16], size[16], point[128] = "";
                const struct doc *device, *points;

                if (sscanf(line, "%*s %63s %*s %*s %15s %15s %127s", name, size, type, point) < 3 ||
                    (strcmp(type, "disk") != 0 && strcmp(type, "part") != 0))
                        continue;
                found++;
                device = block_device(inventory, name);
                assert_non_null(device);
                points = doc_get(device, "mounted_on");
                assert_int_equal(doc_count(points) > 0, point[0] != '\0');
                if (point[0])
                        assert_string_equal(doc_text(doc_at(points, 0)), point);
                /* lsblk rounds to a tenth. */
                assert_true(strtod(size, NULL) - 0.06 <
                            (double)doc_get_number(device, "size", 0) /
                                    (double)((int64_t)1 << (strchr(size, 'G') ? 30 : 20)));
        }
        assert_true(found > 5);
        free(lsblk);
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
                cmocka_unit_test(test_offline_cpus),
                cmocka_unit_test(test_smbios_tables),
                cmocka_unit_test(test_a_whole_machine),
                cmocka_unit_test(test_disks_as_lsblk_says),
                cmocka_unit_test(test_flash_is_no_memory),
                cmocka_unit_test(test_an_empty_tree),
                cmocka_unit_test(test_nothing_leads_out_of_a_capture),
                cmocka_unit_test(test_this_machine),
                cmocka_unit_test(test_pci_addresses),
                cmocka_unit_test(test_fillers),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
