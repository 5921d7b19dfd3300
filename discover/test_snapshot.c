/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A snapshot answers as the machine did; an anonymous one tells nobody whose machine it was. */
#include <fcntl.h>

#include "discover/anonymous.h"
#include "discover/megaraid.h"
#include "discover/smartarray.h"
#include "discover/test_tree.h"

#define SERIAL        "SNAPSERIAL99"
#define SERIAL_TURNED "NSPAESIRLA99"
#define UUID          "00112233-4455-6677-8899-aabbccddeeff"
#define MAC           "52:54:00:ab:cd:ef"
#define ASSET         "ASSET4711"
#define HOST          "rack7-host"
#define PASSWORD      "hunter2"

static const uint8_t key[SIPHASH_KEY_SIZE] = "a key of a test";

/* A machine with one serial at two places, links, and a table. */
static void make_machine(void)
{
        static const uint8_t table[] = {
                1, 27, 0, 0, 0, 0, 0, 1, 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99,
                0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0, 0, 0, 'S', 'N', 'A', 'P', 'S', 'E', 'R', 'I',
                'A', 'L', '9', '9', 0, 0,
                /* a case with an asset tag, and a structure that its maker made up */
                3, 9, 1, 0, 0, 3, 0, 0, 1, 'A', 'S', 'S', 'E', 'T', '4', '7', '1', '1', 0, 0, 221,
                6, 2, 0, 's', 'n', 'S', 'e', 'c', 'r', 'e', 't', 0, 0, 127, 4, 3, 0, 0, 0};
        static const char config[512] = {[0x100] = 3, 0,   1,   0,   'D', 'S',
                                         'N',         'D', 'S', 'N', '8', '8'};

        /* ATA's IDENTIFY: a serial number, firmware and model, of each two letters turned. */
        static const struct {
                uint8_t head[4], before[76], serial[20], other[6], words[48], behind[418];
        } page = {
                {0,     0x89, 0x02, 0x38},
                {0},
                SERIAL_TURNED, {0    },
                "WF10    OMED L", {0    }
        };

        put_bytes("sys/devices/pci0000:00/0000:00:03.0/virtio0/vpd_pg89", &page, sizeof(page));
        put_bytes("sys/firmware/dmi/tables/DMI", table, sizeof(table));
        put("sys/devices/pci0000:00/0000:00:03.0/virtio0/block/vda/size", "2048\n");
        put("sys/devices/pci0000:00/0000:00:03.0/virtio0/block/vda/serial", SERIAL "\n");
        put("sys/devices/pci0000:00/0000:00:03.0/virtio0/block/vda/ro", "0\n");
        put("sys/devices/pci0000:00/0000:00:03.0/modalias",
            "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00\n");
        put("sys/devices/pci0000:00/0000:00:03.0/revision", "0x00\n");
        put("sys/devices/pci0000:00/0000:00:03.0/class", "0x010000\n");
        put_bytes("sys/devices/pci0000:00/0000:00:03.0/config", config, sizeof(config));
        put_bytes("sys/devices/pci0000:00/0000:00:03.0/vpd",
                  "\x90\x19\0SN\x0c" SERIAL "V0\x07"
                  "MacHere"
                  "\x78",
                  3 + 15 + 10 + 1);
        put_link("sys/devices/pci0000:00/0000:00:03.0/driver",
                 "../../../bus/pci/drivers/virtio-pci");
        put("sys/bus/pci/drivers/virtio-pci/bind", "");
        put_link("sys/devices/pci0000:00/0000:00:03.0/virtio0/block/vda/device",
                 "../../../virtio0");
        put_link("sys/block/vda", "../devices/pci0000:00/0000:00:03.0/virtio0/block/vda");
        put_link("sys/bus/pci/devices/0000:00:03.0", "../../../devices/pci0000:00/0000:00:03.0");
        put("sys/class/net/eth0/address", MAC "\n");
        put("sys/class/net/eth0/device/vendor", "0x8086\n");
        put("proc/cmdline",
            "quiet BOOTIF=01-52-54-00-ab-cd-ef root=UUID=" UUID " token=" PASSWORD "\n");
        put("proc/sys/kernel/osrelease", "6.1.0\n");
        put("proc/self/mountinfo", "1 2 254:0 / /srv rw - ext4 /dev/vda rw\n"
                                   "1 2 253:0 / / rw - ext4 /dev/mapper/" HOST "--vg-root rw\n");
        put("sys/block/dm-0/dm/uuid", "LVM-abc\n");
}

static struct doc *inventory_of(const char *path, struct snapshot *snapshot)
{
        struct tree *tree = NULL;
        struct doc *inventory;

        assert_int_equal(tree_open(path, &tree), 0);
        inventory = inventory_keep(tree, NULL, snapshot);
        assert_non_null(inventory);
        assert_true(inventory_is_valid(inventory));
        tree_close(tree);
        (void)doc_remove(inventory, "took_ms");
        return inventory;
}

/* Into the folder NAME of the tree; its path. */
static const char *unpack(struct snapshot *snapshot, const char *name)
{
        static char path[200];
        char command[700];
        _free_ char *packed = NULL;
        size_t size;

        assert_int_equal(snapshot_pack(snapshot, &packed, &size), 0);
        snprintf(path, sizeof(path), "%s.tar.zst", name);
        put_bytes(path, packed, size);
        snprintf(command, sizeof(command), "mkdir '%s/%s' && tar -C '%s/%s' --zstd -xf '%s/%s'",
                 root, name, root, name, root, path);
        assert_int_equal(system(command), 0);
        snprintf(path, sizeof(path), "%s/%s", root, name);
        return path;
}

static void check_same(const struct doc *a, const struct doc *b)
{
        _free_ char *one = NULL, *other = NULL;

        assert_int_equal(doc_print(a, DOC_PRETTY, &one), 0);
        assert_int_equal(doc_print(b, DOC_PRETTY, &other), 0);
        assert_string_equal(one, other);
}

static void check_snapshot_of(const char *path)
{
        struct snapshot *snapshot = snapshot_new();
        struct doc *inventory = inventory_of(path, snapshot), *again;

        again = inventory_of(unpack(snapshot, "unpacked"), NULL);
        check_same(inventory, again);
        doc_free(inventory);
        doc_free(again);
        snapshot_free(snapshot);
}

static void test_the_same_answers(void **state)
{
        (void)state;
        make_machine();
        check_snapshot_of(root);
}

/* What its devices answer is in the snapshot; asked nobody is. */
static void test_this_machine(void **state)
{
        (void)state;
        check_snapshot_of("/");
}

/* A capture: links, long paths, files that cannot be read. */
static void test_a_capture(void **state)
{
        const char *source = getenv("CLOUDIE_SOURCE");
        char command[1500], path[300];

        (void)state;
        snprintf(command, sizeof(command),
                 "test -d '%s/../shared/data/hardware' && mkdir '%s/capture' && "
                 "tar -C '%s/capture' -xzf "
                 "'%s/../shared/data/hardware/snapshots/linux-amd64-8581cf3a.tar.gz'",
                 source, root, root, source);
        if (!source || system(command) != 0) {
                print_message("skipped: no captures of real machines beside the source tree\n");
                skip();
        }
        snprintf(path, sizeof(path), "%s/capture", root);
        check_snapshot_of(path);
}

static bool holds(const struct buffer *tar, const char *text, size_t size)
{
        return memmem(tar->bytes, tar->size, text, size);
}

static void test_nobody_is_named(void **state)
{
        static const char *const originals[] = {
                SERIAL,         SERIAL_TURNED,
                UUID,           MAC,
                ASSET,          "52-54-00-ab-cd-ef",
                "525400abcdef", HOST,
                "\xab\xcd\xef", "\xaa\xbb\xcc\xdd\xee\xff",
                PASSWORD,       "Secret",
                "MacHere",      "DSN8",
        };
        struct snapshot *snapshot = snapshot_new();
        struct doc *inventory, *masked, *again;
        _buffer_ struct buffer tar = {0};
        struct mask *mask;

        (void)state;
        make_machine();
        inventory = inventory_of(root, snapshot);
        assert_string_equal(doc_get_text(inventory, "system.serial"), SERIAL);
        assert_string_equal(doc_get_text(inventory, "system.uuid"), UUID);
        assert_string_equal(doc_get_text(inventory, "system.chassis.asset_tag"), ASSET);
        mask = anonymous_mask(inventory, HOST, key);
        assert_non_null(mask);
        assert_int_equal(anonymous_snapshot(mask, snapshot), 0);
        masked = anonymous_document(mask, inventory);
        assert_int_equal(snapshot_tar(snapshot, &tar), 0);
        for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
                if (holds(&tar, originals[i], strlen(originals[i])))
                        fail_msg("%s is still there", originals[i]);
        assert_true(holds(&tar, "token=...", 9));

        /* The same machine but for the names; one serial is one serial still. */
        again = inventory_of(unpack(snapshot, "unpacked"), NULL);
        check_same(masked, again);
        assert_string_equal(doc_get_text(doc_at(doc_get(again, "disks.items"), 0), "model"),
                            "MODEL");
        assert_string_not_equal(doc_get_text(masked, "system.serial"), SERIAL);
        assert_string_equal(doc_get_text(masked, "system.serial"),
                            doc_get_text(doc_at(doc_get(masked, "pci.items"), 0), "vpd.serial"));
        assert_string_equal(doc_get_text(masked, "system.serial"),
                            doc_get_text(doc_at(doc_get(masked, "disks.items"), 0), "serial"));
        assert_true(doc_get_bool(doc_at(doc_get(masked, "nics.items"), 0), "booted_from", false));
        doc_free(inventory);
        doc_free(masked);
        doc_free(again);
        mask_free(mask);
        snapshot_free(snapshot);
}

/* What is read of a page is what it was; nothing else is left of it. */
static void test_pages(void **state)
{
        static const struct {
                const char *path;
                bool (*parse)(const void *bytes, size_t size, struct doc *to);
                size_t size, kept;
        } cases[] = {
                {"answers/megaraid/p/01010000-0",  megaraid_info_parse,         2048, 210},
                {"answers/megaraid/p/02020000-7",  megaraid_drive_parse,        512,  85 },
                {"answers/smartarray/p/bmic-10-0", smartarray_volume_parse,     512,  102},
                {"answers/smartarray/p/bmic-11-0", smartarray_controller_parse, 512,  20 },
                {"answers/smartarray/p/bmic-15-7", smartarray_drive_parse,      2560, 112},
                {"answers/smartarray/p/bmic-15-7", smartarray_drive_parse,      132,  111},
                {"answers/smartarray/p/bmic-66-0", smartarray_subsystem_parse,  512,  32 },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *before = doc_object(), *after = doc_object();
                uint8_t bytes[2560];
                size_t kept = 0;

                memset(bytes, '!', sizeof(bytes));
                assert_true(cases[i].parse(bytes, cases[i].size, before));
                anonymous_page(cases[i].path, bytes, cases[i].size);
                assert_true(cases[i].parse(bytes, cases[i].size, after));
                check_same(before, after);
                for (size_t at = 0; at < cases[i].size; at++)
                        kept += bytes[at] != 0;
                assert_int_equal(kept, cases[i].kept);
        }
}

/* Drives, by their addresses and handles alone. */
static void test_list_of_drives(void **state)
{
        uint8_t list[8 + 2 * 24 + 23], after[sizeof(list)];

        (void)state;
        memset(list, '!', sizeof(list));
        memcpy(after, list, sizeof(list));
        memset(after + 16, 0, 8);
        memset(after + 40, 0, 8);
        anonymous_page("answers/smartarray/p/drives", list, sizeof(list));
        assert_memory_equal(list, after, sizeof(list));
        anonymous_page("answers/smartarray/p/drives", list, 3);
        assert_memory_equal(list, after, sizeof(list));
        memset(after + 24, 0, 8);
        memset(after + 48, 0, 8);
        anonymous_page("answers/megaraid/p/02010000-0", list, sizeof(list));
        assert_memory_equal(list, after, sizeof(list));
}

/* A password is in no snapshot, anonymous or not; the same is read, the same bytes come. */
static void test_no_secrets(void **state)
{
        struct buffer tar[2] = {{0}, {0}};

        (void)state;
        make_machine();
        for (size_t i = 0; i < 2; i++) {
                struct snapshot *snapshot = snapshot_new();

                doc_free(inventory_of(root, snapshot));
                assert_int_equal(snapshot_tar(snapshot, &tar[i]), 0);
                snapshot_free(snapshot);
        }
        assert_false(holds(&tar[0], PASSWORD, strlen(PASSWORD)));
        assert_true(holds(&tar[0], SERIAL, strlen(SERIAL)));
        assert_int_equal(tar[0].size, tar[1].size);
        assert_memory_equal(tar[0].bytes, tar[1].bytes, tar[0].size);
        buffer_done(&tar[0]);
        buffer_done(&tar[1]);
}

/* Of two readings the longer counts, of a name and a file the file; long names are whole. */
static void test_entries(void **state)
{
        struct snapshot *snapshot = snapshot_new();
        char path[300], full[600], *text = NULL;
        size_t size;

        (void)state;
        memset(path, 'p', sizeof(path));
        memcpy(path + 140, "/", 1);
        path[280] = '\0';
        snapshot_add(snapshot, TREE_NAME, "a/file", NULL, 0);
        snapshot_add(snapshot, TREE_FILE, "a/file", "long", 4);
        snapshot_add(snapshot, TREE_FILE, "a/file", "lo", 2);
        snapshot_add(snapshot, TREE_FOLDER, "a", NULL, 0);
        snapshot_add(snapshot, TREE_FILE, path, "deep", 4);
        snapshot_add(snapshot, TREE_LINK, "link", path, strlen(path));
        assert_int_equal(snapshot_at(snapshot, 1)->size, 4);
        assert_non_null(snapshot_at(snapshot, 3));
        assert_null(snapshot_at(snapshot, 4));
        snprintf(full, sizeof(full), "%s/link", unpack(snapshot, "entries"));
        assert_int_equal(file_read(AT_FDCWD, full, 100, &text, &size), 0);
        assert_string_equal(text, "deep");
        free(text);
        snapshot_free(snapshot);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_the_same_answers, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_this_machine, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_a_capture, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_nobody_is_named, tree_setup, tree_teardown),
                cmocka_unit_test(test_pages),
                cmocka_unit_test(test_list_of_drives),
                cmocka_unit_test_setup_teardown(test_no_secrets, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(test_entries, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
