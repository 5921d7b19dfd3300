/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/efi_entry.h"
#include "discover/test_tree.h"
#include "lib/base/writer.h"

#define GLOBAL "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void put_wide(struct writer *w, const char *text)
{
        for (size_t i = 0; i <= strlen(text); i++)
                writer_le16(w, (uint8_t)text[i]);
}

static void put_node(struct writer *w, uint8_t type, uint8_t subtype, const void *body, size_t size)
{
        writer_u8(w, type);
        writer_u8(w, subtype);
        writer_le16(w, (uint16_t)(size + 4));
        writer_bytes(w, body, size);
}

/* A load option around a path. */
static size_t make(uint8_t *to, const char *name, const struct writer *path)
{
        struct writer w = writer_over(to, 1024);

        writer_le32(&w, 1);
        writer_le16(&w, (uint16_t)(writer_size(path)));
        put_wide(&w, name);
        writer_bytes(&w, path->start, (size_t)writer_size(path));
        return (size_t)writer_size(&w);
}

static size_t make_disk(uint8_t *to)
{
        static const uint8_t disk[38] = {1,    0,    0,    0,    0,    8,    [20] = 0x33, 0x22,
                                         0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88,        0x99,
                                         0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 2,           2};
        uint8_t bytes[512], file[128];
        struct writer path = writer_over(bytes, sizeof(bytes)),
                      wide = writer_over(file, sizeof(file));

        put_wide(&wide, "\\EFI\\debian\\shimx64.efi");
        put_node(&path, 4, 1, disk, sizeof(disk));
        put_node(&path, 4, 4, file, (size_t)writer_size(&wide));
        put_node(&path, 0x7f, 0xff, NULL, 0);
        return make(to, "debian  ", &path);
}

static size_t make_network(uint8_t *to)
{
        static const uint8_t mac[33] = {0x52, 0x54, 0, 1, 2, 3};
        static const uint8_t address[56];
        uint8_t bytes[512];
        struct writer path = writer_over(bytes, sizeof(bytes));

        put_node(&path, 1, 1, "abcdef", 6); /* a PCI function: skipped */
        put_node(&path, 3, 11, mac, sizeof(mac));
        put_node(&path, 3, 13, address, sizeof(address));
        put_node(&path, 3, 24, "http://a/b", 10);
        put_node(&path, 0x7f, 0xff, NULL, 0);
        return make(to, "UEFI HTTPv6", &path);
}

static void test_entries(void **state)
{
        struct efi_entry entry;
        uint8_t bytes[1024];
        size_t size;

        (void)state;
        size = make_disk(bytes);
        assert_true(efi_entry_parse(bytes, size, &entry));
        assert_string_equal(entry.name, "debian");
        assert_string_equal(entry.file, "\\EFI\\debian\\shimx64.efi");
        assert_string_equal(entry.partition, "00112233-4455-6677-8899-aabbccddeeff");
        assert_int_equal(entry.kind, EFI_ENTRY_DISK);
        assert_true(entry.is_active);

        size = make_network(bytes);
        assert_true(efi_entry_parse(bytes, size, &entry));
        assert_string_equal(entry.mac, "52:54:00:01:02:03");
        assert_string_equal(entry.url, "http://a/b");
        assert_int_equal(entry.kind, EFI_ENTRY_NETWORK);
        assert_true(entry.is_ipv6);
        assert_string_equal(entry.partition, "");
}

static void test_what_is_none(void **state)
{
        static const uint8_t longer[] = {1, 0, 0, 0, 9, 0, 'a', 0, 0, 0, 4, 1};
        static const uint8_t half[] = {1, 0, 0, 0, 0, 0, 'a', 0, 0xe4};
        static const uint8_t loop[] = {1, 0, 0, 0, 4, 0, 0xe4, 0, 0, 0, 4, 1, 0, 0};
        struct efi_entry entry;
        uint8_t bytes[1024];
        size_t size = make_disk(bytes);

        (void)state;
        assert_false(efi_entry_parse(longer, sizeof(longer), &entry));
        assert_false(efi_entry_parse(half, sizeof(half), &entry));
        assert_true(efi_entry_parse(loop, sizeof(loop), &entry)); /* a node without a length */
        assert_string_equal(entry.name, "\xc3\xa4");
        assert_int_equal(entry.kind, EFI_ENTRY_OTHER);
        for (size_t cut = 0; cut < size; cut++)
                assert_false(efi_entry_parse(bytes, cut, &entry));
}

static void put_variable(const char *name, const void *value, size_t size)
{
        char path[200];
        uint8_t bytes[1100] = {7};

        snprintf(path, sizeof(path), "sys/firmware/efi/efivars/%s" GLOBAL, name);
        memcpy(bytes + 4, value, size);
        put_bytes(path, bytes, size + 4);
}

static void test_in_an_inventory(void **state)
{
        struct doc *inventory;
        const struct doc *entries;
        uint8_t bytes[1024];
        size_t size;

        (void)state;
        size = make_disk(bytes);
        put_variable("Boot001F", bytes, size);
        size = make_network(bytes);
        put_variable("Boot0002", bytes, size);
        put_variable("BootOrder", "\x1f\0\2\0", 4);
        put_variable("BootCurrent", "\2\0", 2);
        put_variable("BootOptionSupport", "\2\0\0\0", 4);
        put_variable("SecureBoot", "\1", 1);
        inventory = inventory_of_tree("firmware");
        entries = doc_get(inventory, "firmware.boot_entries");
        assert_int_equal(doc_count(entries), 2);
        assert_string_equal(doc_get_text(doc_at(entries, 1), "number"), "001F");
        assert_string_equal(doc_get_text(doc_at(entries, 1), "kind"), "disk");
        assert_string_equal(doc_get_text(doc_at(entries, 0), "ip"), "ipv6");
        assert_string_equal(doc_text(doc_at(doc_get(inventory, "firmware.boot_order"), 0)), "001F");
        assert_string_equal(doc_get_text(inventory, "firmware.boot_current"), "0002");
        assert_null(doc_get(inventory, "firmware.boot_next"));
        assert_true(doc_get_bool(inventory, "firmware.secure_boot", false));
        doc_free(inventory);
}

/* What a disk holds is an answer, too. */
static void test_contents(void **state)
{
        struct doc *inventory;
        const struct doc *list;

        (void)state;
        put("sys/block/vda/size", "2048\n");
        put("sys/block/vdb/size", "2048\n");
        put("sys/block/vdc/size", "2048\n");
        put("sys/block/vda/vda1/partition", "1\n");
        put("sys/block/vda/vda1/size", "64\n");
        put("sys/block/vda/vda2/partition", "2\n");
        put("answers/contents/vda",
            "{\"empty\":false,\"holds\":\"an ext4 file system\",\"table\":\"gpt\",\"contents\":["
            "{\"number\":1,\"size\":1,\"type\":\"0x83\",\"content\":{\"kind\":\"ext4\",\"size\":8}}"
            ","
            "{\"number\":7,\"type\":\"0x82\"}]}");
        put("answers/contents/vdb", "{\"empty\":true}");
        inventory = inventory_of_tree("disks");
        assert_string_equal(doc_get_text(doc_at(doc_get(inventory, "disks.items"), 0), "holds"),
                            "an ext4 file system");
        list = doc_get(doc_at(doc_get(inventory, "disks.items"), 0), "partitions");
        assert_int_equal(doc_count(list), 2); /* the seventh has no device */
        assert_string_equal(doc_get_text(doc_at(list, 0), "type"), "0x83");
        assert_string_equal(doc_get_text(doc_at(list, 0), "content.kind"), "ext4");
        assert_int_equal(doc_get_number(doc_at(list, 0), "size", 0), 64 * 512);
        assert_null(doc_get(doc_at(list, 1), "type"));
        assert_true(doc_get_bool(doc_at(doc_get(inventory, "disks.items"), 1), "empty", false));
        assert_null(doc_get(doc_at(doc_get(inventory, "disks.items"), 2), "empty"));
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_entries),
                cmocka_unit_test(test_what_is_none),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_contents, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
