/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/raid_signatures.h"

#include "discover/test_tree.h"
#include "lib/base/text.h"

static void put_disk(const char *name, const char *contents)
{
        char path[100];

        snprintf(path, sizeof(path), "sys/block/%s/size", name);
        put(path, "2048\n");
        snprintf(path, sizeof(path), "sys/block/%s/device/model", name);
        put(path, "Disk\n");
        if (!contents)
                return;
        snprintf(path, sizeof(path), "answers/contents/%s", name);
        put(path, contents);
}

#define ISW "{\"content\": {\"kind\": \"isw_raid_member\", \"usage\": \"raid\"}}"
#define DDF(uuid)                                                                                  \
        "{\"content\": {\"kind\": \"ddf_raid_member\", \"usage\": \"raid\", \"uuid\": \"" uuid     \
        "\"}}"

static void test_containers(void **state)
{
        struct doc *inventory;
        const struct doc *list, *set;

        (void)state;
        put_disk("sda", ISW);
        put_disk("sdb", ISW);
        put_disk("sdc", DDF("one"));
        put_disk("sdd", DDF("two"));
        put_disk("sde", "{\"content\": {\"kind\": \"LVM2_member\", \"usage\": \"raid\"}}");
        put_disk("sdf", "{\"contents\": [{\"number\": 1, \"content\": {\"kind\": "
                        "\"linux_raid_member\", \"usage\": \"raid\", \"label\": \"box:0\", "
                        "\"uuid\": \"abc\"}}]}");
        put("sys/block/sdf/sdf1/partition", "1\n");
        put("sys/block/sdf/sdf1/size", "1024\n");
        put("sys/block/sdf/sdf1/start", "8\n");
        put("proc/mdstat",
            "Personalities : \nmd127 : inactive sdb[1](S) sda[0](S)\n"
            "      5544 blocks super external:imsm\n       \nunused devices: <none>\n");
        inventory = inventory_of_tree("disks,raid");
        list = doc_get(inventory, "raid.signatures");
        assert_int_equal(doc_count(list), 4);
        set = doc_at(list, 0);
        assert_string_equal(doc_get_text(set, "kind"), "isw_raid_member");
        assert_int_equal(doc_count(doc_get(set, "disks")), 2);
        assert_string_equal(doc_text(doc_at(doc_get(set, "disks"), 1)), "sdb");
        assert_true(doc_get_bool(set, "in_use", false));
        assert_string_equal(doc_get_text(doc_at(list, 1), "uuid"), "one");
        assert_false(doc_get_bool(doc_at(list, 1), "in_use", true));
        assert_string_equal(doc_get_text(doc_at(list, 2), "uuid"), "two");
        set = doc_at(list, 3);
        assert_string_equal(doc_get_text(set, "label"), "box:0");
        assert_string_equal(doc_text(doc_at(doc_get(set, "disks"), 0)), "sdf1");
        assert_string_equal(doc_get_text(doc_at(doc_get(inventory, "raid.items"), 0), "level"),
                            "container");
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_containers, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
