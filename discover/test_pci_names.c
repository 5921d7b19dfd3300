/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/pci_names.h"

#include <unistd.h>

#include "discover/test_tree.h"
#include "lib/base/text.h"

static const char list[] = "# a comment\n"
                           "\n"
                           "1028  Dell\n"
                           "8086  Intel Corporation\n"
                           "\t1572  Ethernet Controller X710 \r\n"
                           "\t\t1028 0001  X710 for Dell\n"
                           "\t\t1028 0002  \n"
                           "\t1573\n"
                           "10ec  Realtek\n"
                           "\t\t1028 0001  of no device\n"
                           "\t1572  another maker's\n"
                           "8086  said twice\n"
                           "C 02  Network controller\n"
                           "\t00  Ethernet controller\n"
                           "\t\t01  an interface\n"
                           "S 1028\n"
                           "\t0001  of a list that nobody knows\n";

static const struct {
        struct pci_name asked;
        const char *name; /* NULL: there is none */
} cases[] = {
        {{.kind = PCI_NAME_VENDOR, .id = 0x8086ULL << 48},                 "Intel Corporation"       },
        {{.kind = PCI_NAME_VENDOR, .id = 0x10ecULL << 48},                 "Realtek"                 },
        {{.kind = PCI_NAME_VENDOR, .id = 0x1af4ULL << 48},                 NULL                      },
        {{.kind = PCI_NAME_DEVICE, .id = 0x80861572ULL << 32},             "Ethernet Controller X710"},
        {{.kind = PCI_NAME_DEVICE, .id = 0x80861573ULL << 32},             NULL                      },
        {{.kind = PCI_NAME_DEVICE, .id = 0x10ec1572ULL << 32},             "another maker's"         },
        {{.kind = PCI_NAME_SUBSYSTEM, .id = 0x8086157210280001},           "X710 for Dell"           },
        {{.kind = PCI_NAME_SUBSYSTEM, .id = 0x8086157210280002},           NULL                      },
        {{.kind = PCI_NAME_SUBSYSTEM, .id = 0x10ec157210280001},           NULL                      },
        {{.kind = PCI_NAME_CLASS, .id = 0x02ULL << 48},                    "Network controller"      },
        {{.kind = PCI_NAME_SUBCLASS, .id = 0x02ULL << 48},                 "Ethernet controller"     },
        {{.kind = PCI_NAME_SUBCLASS, .id = 0x02ULL << 48 | 0x01ULL << 32}, NULL                      },
};

/* All of them, as @bytes tells them. */
static void check(const void *bytes, size_t size)
{
        struct pci_name names[2 * ARRAY_SIZE(cases)];
        size_t count;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) /* each twice, the last first */
                names[i] = cases[(ARRAY_SIZE(names) - 1 - i) / 2].asked;
        count = pci_names_sort(names, ARRAY_SIZE(names));
        assert_int_equal(count, ARRAY_SIZE(cases));
        pci_names_find(bytes, size, names, count);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct pci_name *name =
                        pci_names_get(names, count, cases[i].asked.kind, cases[i].asked.id);

                if (!cases[i].name) {
                        assert_null(name);
                        continue;
                }
                assert_non_null(name);
                assert_int_equal(name->len, strlen(cases[i].name));
                assert_memory_equal(name->text, cases[i].name, name->len);
        }
}

static void test_list(void **state)
{
        struct pci_name names[ARRAY_SIZE(cases)];
        size_t count, size;
        char *text;

        (void)state;
        check(list, sizeof(list) - 1);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                names[i] = cases[i].asked;
        count = pci_names_sort(names, ARRAY_SIZE(names));
        pci_names_find(list, sizeof(list) - 1, names, count);
        text = pci_names_write(names, count, &size);
        assert_non_null(text);
        check(text, size);
        free(text);
}

/* Wherever the list is cut, what was found is in it. */
static void test_cut(void **state)
{
        (void)state;
        for (size_t cut = 0; cut < sizeof(list) - 1; cut++) {
                struct pci_name names[ARRAY_SIZE(cases)];
                size_t count;
                char *copy = malloc(cut + 1);

                assert_non_null(copy);
                memcpy(copy, list, cut);
                for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                        names[i] = cases[i].asked;
                count = pci_names_sort(names, ARRAY_SIZE(names));
                pci_names_find(copy, cut, names, count);
                for (size_t i = 0; i < count; i++)
                        assert_true(!names[i].text || (names[i].text >= copy &&
                                                       names[i].text + names[i].len <= copy + cut));
                free(copy);
        }
}

/* ------------------------------------------------ beside lspci, on captures */

/* "00:1f.2 ..." begins a function, "10: 01 02 ..." has bytes of it. */
static void put_dump(const char *path)
{
        char line[512], address[64] = "", file[128];
        static uint8_t bytes[4096];
        size_t size = 0;
        FILE *dump = fopen(path, "r");

        assert_non_null(dump);
        while (fgets(line, sizeof(line), dump)) {
                unsigned at, used;

                if (sscanf(line, "%*2x:%*2x.%*1x%n", (int *)&used) == 0 && line[2] == ':' &&
                    line[5] == '.') {
                        snprintf(address, sizeof(address), "0000:%.7s", line);
                        size = 0;
                } else if (sscanf(line, "%x:%n", &at, (int *)&used) == 1 && at == size) {
                        for (char *byte = line + used; size < sizeof(bytes) && *byte == ' ';
                             byte += 3)
                                bytes[size++] = (uint8_t)strtoul(byte, NULL, 16);
                } else if (size > 0) {
                        snprintf(file, sizeof(file), "sys/bus/pci/devices/%s/config", address);
                        put_bytes(file, bytes, size);
                        size = 0;
                }
        }
        if (size > 0) {
                snprintf(file, sizeof(file), "sys/bus/pci/devices/%s/config", address);
                put_bytes(file, bytes, size);
        }
        (void)fclose(dump);
}

/* What lspci calls a field, and what it says where it knows no name. */
static const struct {
        const char *field, *name, *unknown;
} fields[] = {
        {"Class:",   "class_name",            "Class "    },
        {"Vendor:",  "vendor_name",           "Vendor "   },
        {"Device:",  "device_name",           "Device "   },
        {"SVendor:", "subsystem_vendor_name", "Unknown ve"},
        {"SDevice:", "subsystem_name",        "Device "   },
};

static const struct doc *function_at(const struct doc *inventory, const char *address)
{
        const struct doc *items = doc_get(inventory, "pci.items");

        for (size_t i = 0; i < doc_count(items); i++)
                if (text_is_equal(doc_get_text(doc_at(items, i), "address"), address))
                        return doc_at(items, i);
        return NULL;
}

/* How many names were compared. */
static size_t compare(const struct doc *inventory, FILE *lspci)
{
        const struct doc *function = NULL;
        char line[512];
        size_t count = 0;

        while (fgets(line, sizeof(line), lspci)) {
                char *value = strchr(line, '\t');

                line[strcspn(line, "\n")] = '\0';
                if (!value)
                        continue;
                *value++ = '\0';
                if (strcmp(line, "Slot:") == 0)
                        assert_non_null(function = function_at(inventory, value));
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                        const char *name = doc_get_text(function, fields[i].name);

                        if (strcmp(fields[i].field, line) != 0)
                                continue;
                        if (!name && text_has_prefix(value, fields[i].unknown))
                                continue;
                        if (!name)
                                fail_msg("%s: no name for %s", fields[i].name, value);
                        assert_string_equal(name, value);
                        count++;
                }
        }
        return count;
}

static void test_as_lspci_says(void **state)
{
        static const char *const dumps[] = {"broken-ecaps", "cap-rebar", "tree-fujitsu-p8010"};
        const char *source = getenv("CLOUDIE_SOURCE");

        (void)state;
        if (access("/usr/share/misc/pci.ids", R_OK) < 0 ||
            system("lspci --version >/dev/null 2>&1") != 0) {
                print_message("skipped: no pci.ids, or no lspci\n");
                skip();
        }
        for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
                char path[512], command[600];
                struct doc *inventory;
                FILE *lspci;

                snprintf(path, sizeof(path), "%s/../shared/data/hardware/lspci/%s",
                         source ? source : ".", dumps[i]);
                if (access(path, R_OK) < 0) {
                        print_message(
                                "skipped: no captures of real machines beside the source tree\n");
                        skip();
                }
                tree_teardown(state);
                put_dump(path);
                inventory = inventory_of_tree("pci");
                snprintf(command, sizeof(command), "lspci -O hwdb.disable=1 -F '%s' -Dvmm", path);
                /* Without udev's database, which has the device's name for every card. */
                lspci = popen(command, "r");
                assert_non_null(lspci);
                assert_true(compare(inventory, lspci) >= 3);
                assert_int_equal(pclose(lspci), 0);
                doc_free(inventory);
        }
}

/* In a snapshot the machine's own names are, and stand before those of the machine that reads it.
 */
static void test_in_a_snapshot(void **state)
{
        struct doc *inventory;
        const struct doc *nic;

        (void)state;
        put("answers/pci.ids", "8086  The maker\n\t1572  Its card\nC 02  Network\n");
        put("sys/bus/pci/devices/0000:01:00.0/modalias",
            "pci:v00008086d00001572sv00001028sd00000001bc02sc00i00\n");
        put("sys/bus/pci/devices/0000:01:00.0/revision", "0x01\n");
        put("sys/bus/pci/devices/0000:01:00.0/vendor", "0x8086\n");
        put("sys/bus/pci/devices/0000:01:00.0/device", "0x1572\n");
        put("sys/devices/pci0000:00/0000:01:00.0/net/eth0/address", "02:00:00:00:00:01\n");
        put("sys/devices/pci0000:00/0000:01:00.0/net/eth0/device/vendor", "0x8086\n");
        put_link("sys/class/net/eth0", "../../devices/pci0000:00/0000:01:00.0/net/eth0");
        inventory = inventory_of_tree("pci,nics,kernel");
        nic = doc_at(doc_get(inventory, "nics.items"), 0);
        assert_string_equal(doc_get_text(nic, "vendor"), "The maker");
        assert_string_equal(doc_get_text(nic, "product"), "Its card");
        assert_string_equal(doc_get_text(function_at(inventory, "0000:01:00.0"), "class_name"),
                            "Network");
        assert_string_equal(
                doc_get_text(doc_at(doc_get(inventory, "kernel.without_driver"), 0), "device_name"),
                "Its card");
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_list),
                cmocka_unit_test(test_cut),
                cmocka_unit_test_setup_teardown(test_as_lspci_says, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_in_a_snapshot, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
