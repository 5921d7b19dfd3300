/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include "discover/ethtool.h"
#include "discover/pci_config.h"
#include "discover/pci_resources.h"
#include "lib/base/file.h"

static void put16(uint8_t *bytes, size_t at, unsigned value)
{
        bytes[at] = (uint8_t)value;
        bytes[at + 1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *bytes, size_t at, uint32_t value)
{
        put16(bytes, at, value & 0xffff);
        put16(bytes, at + 2, value >> 16);
}

/* A graphics card: PCI Express at 0x60, SR-IOV, ACS and one resizable BAR. */
static void make(uint8_t bytes[static PCI_CONFIG_EXTENDED])
{
        memset(bytes, 0, PCI_CONFIG_EXTENDED);
        put32(bytes, 0, 0x233010de);
        put16(bytes, 0x06, 0x10);
        put32(bytes, 0x08, 0x030200a1);
        put32(bytes, 0x2c, 0x16c110de);
        bytes[0x34] = 0x40;
        put16(bytes, 0x40, 0x6005); /* MSI, and on to 0x60 */
        put16(bytes, 0x60, 0x0010);
        put32(bytes, 0x64, 1U << 28);
        put32(bytes, 0x6c, 0x105); /* 32 GT/s, 16 lanes */
        put16(bytes, 0x72, 0x83);  /* 8 GT/s, 8 lanes */
        put32(bytes, 0x100, 0x20000000U | 1U << 16 | 0x0d);
        put32(bytes, 0x200, 0x30000000U | 1U << 16 | 0x10);
        put16(bytes, 0x20e, 32);
        put32(bytes, 0x300, 1U << 16 | 0x15);
        put32(bytes, 0x304, (1U << 8 | 1U << 17) << 4); /* 256 MiB, 128 GiB */
        put32(bytes, 0x308, 1U << 5 | 1);               /* one BAR: number 1 */
}

/* A bridge tells its maker by a capability, CardBus's at a place of its own. */
static void test_bridges(void **state)
{
        uint8_t bytes[PCI_CONFIG_SIZE] = {0};
        struct pci_config c;

        (void)state;
        put32(bytes, 0, 0x244e8086);
        put16(bytes, 0x06, 0x10);
        bytes[0x0e] = 1;
        put32(bytes, 0x2c, 0x12345678); /* of a bridge these are upper halves of addresses */
        bytes[0x34] = 0x50;
        put16(bytes, 0x50, 0x000d);
        put32(bytes, 0x54, 0x140e10cf);
        assert_true(pci_config_parse(bytes, sizeof(bytes), &c));
        assert_int_equal(c.subsystem_vendor, 0x10cf);
        assert_int_equal(c.subsystem_device, 0x140e);
        bytes[0x0e] = 2;
        put32(bytes, 0x40, 0x144410cf);
        assert_true(pci_config_parse(bytes, sizeof(bytes), &c));
        assert_int_equal(c.subsystem_vendor, 0x10cf);
        assert_int_equal(c.subsystem_device, 0x1444);
        assert_true(pci_config_parse(bytes, 64, &c));
        assert_int_equal(c.subsystem_vendor, 0);
}

static void test_a_card(void **state)
{
        uint8_t bytes[PCI_CONFIG_EXTENDED];
        struct pci_config c;

        (void)state;
        make(bytes);
        assert_true(pci_config_parse(bytes, sizeof(bytes), &c));
        assert_int_equal(c.vendor, 0x10de);
        assert_int_equal(c.device, 0x2330);
        assert_int_equal(c.class_code, 0x030200);
        assert_int_equal(c.revision, 0xa1);
        assert_int_equal(c.subsystem_device, 0x16c1);
        assert_true(c.is_express && c.has_function_reset && c.has_acs);
        assert_string_equal(pci_speed_text(c.max_speed), "32.0 GT/s");
        assert_int_equal(c.max_width, 16);
        assert_int_equal(c.link_width, 8);
        assert_int_equal(c.virtual_functions, 32);
        assert_int_equal(c.resizable_to[1], (uint64_t)128 << 30);
        assert_int_equal(c.resizable_to[0], 0);

        /* What the reader may not see, or the card does not have, is not there. */
        assert_true(pci_config_parse(bytes, 64, &c));
        assert_false(c.is_express);
        assert_true(pci_config_parse(bytes, PCI_CONFIG_SIZE, &c));
        assert_true(c.is_express);
        assert_false(c.has_acs);
        assert_false(pci_config_parse(bytes, 63, &c));
        memset(bytes, 0xff, 64);
        assert_false(pci_config_parse(bytes, sizeof(bytes), &c)); /* it has fallen off the bus */
}

/* Capabilities in a circle, and one that points at the header. */
static void test_circles(void **state)
{
        uint8_t bytes[PCI_CONFIG_EXTENDED];
        struct pci_config c;

        (void)state;
        make(bytes);
        put16(bytes, 0x40, 0x4005);
        put32(bytes, 0x100, 0x10000000U | 0x0d);
        assert_true(pci_config_parse(bytes, sizeof(bytes), &c));
        assert_false(c.is_express);
        assert_int_equal(c.virtual_functions, 0);
        bytes[0x34] = 0x04;
        assert_true(pci_config_parse(bytes, sizeof(bytes), &c));
}

/* A dump by "lspci -x": "00:1c.0 PCI bridge: ...", then lines "10: 00 11 ...". */
static size_t read_dump(const char **at, uint8_t bytes[static PCI_CONFIG_EXTENDED],
                        char head[static 128])
{
        size_t size = 0;

        while (**at == '\n')
                ++*at;
        snprintf(head, 128, "%.*s", (int)strcspn(*at, "\n"), *at);
        *at += strcspn(*at, "\n");
        while (**at == '\n' && (*at)[1] != '\n' && (*at)[1] != '\0') {
                char *end;
                size_t offset = strtoul(*at + 1, &end, 16);

                *at = end + (*end == ':');
                for (; **at == ' ' && offset < PCI_CONFIG_EXTENDED; *at = end) {
                        bytes[offset++] = (uint8_t)strtoul(*at, &end, 16);
                        size = offset;
                }
                *at += strcspn(*at, "\n");
        }
        return size;
}

static void check_dump(const char *name, size_t *ret_count, struct pci_config *ret_last)
{
        const char *source = getenv("CLOUDIE_SOURCE"), *at;
        char path[600], head[128], *all = NULL;
        uint8_t bytes[PCI_CONFIG_EXTENDED] = {0};

        snprintf(path, sizeof(path), "%s/../shared/data/hardware/lspci/%s", source ? source : ".",
                 name);
        if (file_read(AT_FDCWD, path, 1 << 20, &all, NULL) < 0) {
                print_message("skipped: no dumps of lspci beside the source tree\n");
                skip();
        }
        *ret_count = 0;
        for (at = all; *at;) {
                const size_t size = read_dump(&at, bytes, head);

                if (size == 0)
                        continue;
                assert_true(pci_config_parse(bytes, size, ret_last));
                assert_int_equal(ret_last->is_bridge, strstr(head, "PCI bridge") != NULL ||
                                                              strstr(head, "CardBus") != NULL);
                ++*ret_count;
        }
        free(all);
}

static void test_dumps(void **state)
{
        struct pci_config c = {0};
        size_t count;

        (void)state;
        check_dump("tree-fujitsu-p8010", &count, &c);
        assert_true(count > 10);
        check_dump("cap-rebar", &count, &c);
        assert_true(count > 0);
        assert_true(c.resizable_to[0] > 0 || c.resizable_to[1] > 0 || c.resizable_to[2] > 0);
        check_dump("broken-ecaps", &count, &c);
        assert_true(count > 0);
}

static void test_modalias(void **state)
{
        static const char good[] = "pci:v00008086d00000D57sv00001AF4sd00001100bc06sc04i01";
        struct pci_config c;

        (void)state;
        assert_true(pci_modalias_parse(good, &c));
        assert_int_equal(c.vendor, 0x8086);
        assert_int_equal(c.device, 0x0d57);
        assert_int_equal(c.subsystem_device, 0x1100);
        assert_int_equal(c.class_code, 0x060401);
        for (size_t len = 0; len < strlen(good); len++) {
                char cut[sizeof(good)] = "";

                memcpy(cut, good, len);
                assert_false(pci_modalias_parse(cut, &c));
        }
        assert_false(pci_modalias_parse("usb:v00008086", &c));
}

static void test_resources(void **state)
{
        const char *at = "0x00000000fd000000 0x00000000fdffffff 0x0000000000040200\n"
                         "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                         "0x0000380000000000 0x0000381fffffffff 0x000000000014220c\n"
                         "0x00000000fd000000 0x00000000fcffffff 0x0000000000040200\n";
        struct pci_resource r;

        (void)state;
        assert_true(pci_resource_next(&at, &r));
        assert_int_equal(r.size, 16 << 20);
        assert_true(r.is_memory && !r.is_prefetchable);
        assert_true(pci_resource_next(&at, &r));
        assert_int_equal(r.size, 0);
        assert_true(pci_resource_next(&at, &r));
        assert_int_equal(r.size, (uint64_t)128 << 30);
        assert_true(r.is_prefetchable);
        assert_false(pci_resource_next(&at, &r)); /* it ends before it begins */
}

static void test_speeds(void **state)
{
        const uint32_t words[] = {1U << 5 | 1U << 12 | 1U << 31, 1U << 4};
        _doc_ struct doc *speeds = ethtool_speeds(words, 2);
        static const int64_t want[] = {1000, 10000, 25000, 100000};

        (void)state;
        assert_int_equal(doc_count(speeds), 4);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(doc_number(doc_at(speeds, i)), want[i]);
        assert_null(ethtool_speeds((const uint32_t[]){0}, 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_card),    cmocka_unit_test(test_circles),
                cmocka_unit_test(test_dumps),     cmocka_unit_test(test_modalias),
                cmocka_unit_test(test_resources), cmocka_unit_test(test_speeds),
                cmocka_unit_test(test_bridges),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
