/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device that never answers, as the kernel has it: a file system whose server says nothing
 * lies over a part of the tree, so that whoever looks there waits until he is killed.
 */
#include <fcntl.h>
#include <sys/mount.h>

#include "discover/test_tree.h"

static int server = -1;

/* False where that is not allowed: it takes root, and a kernel with FUSE. */
static bool hang(const char *path)
{
        char full[600], options[64];

        snprintf(full, sizeof(full), "%s/%s", root, path);
        server = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        if (server < 0)
                return false;
        snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", server);
        return mount("silent", full, "fuse", MS_NOSUID | MS_NODEV, options) == 0;
}

static void let_go(const char *path)
{
        char full[600];

        snprintf(full, sizeof(full), "%s/%s", root, path);
        (void)umount2(full, MNT_DETACH);
        assert_int_equal(close(server), 0);
}

static bool names_the_hung_one(const struct doc *errors)
{
        for (size_t i = 0; i < doc_count(errors); i++)
                if (strncmp(doc_text(doc_at(errors, i)), "sdb: no answer within", 21) == 0)
                        return true;
        return false;
}

static bool has_name(const struct doc *items, const char *name)
{
        for (size_t i = 0; i < doc_count(items); i++)
                if (strcmp(doc_get_text(doc_at(items, i), "name"), name) == 0)
                        return true;
        return false;
}

static void test_a_disk_that_never_answers(void **state)
{
        struct doc *inventory;
        const struct doc *disks;

        (void)state;
        put("sys/block/sda/size", "2048\n");
        put("sys/block/sdb/device/model", "HUNG\n");
        put("sys/block/sdc/size", "4096\n");
        put("sys/class/net/eth0/device/numa_node", "1\n");
        if (!hang("sys/block/sdb/device")) {
                print_message("skipped: a file system of FUSE cannot be mounted here\n");
                skip();
        }
        inventory = inventory_of_tree("disks,nics,cpu");
        let_go("sys/block/sdb/device");
        disks = doc_get(inventory, "disks.items");
        assert_true(doc_get_bool(inventory, "partial", false));
        assert_true(names_the_hung_one(doc_get(inventory, "disks.errors")));
        assert_int_equal(doc_count(disks), 2);
        assert_true(has_name(disks, "sda"));
        assert_true(has_name(disks, "sdc"));
        assert_int_equal(doc_count(doc_get(inventory, "nics.items")), 1);
        assert_int_equal(doc_count(doc_get(inventory, "nics.errors")), 0);
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_disk_that_never_answers, tree_setup,
                                                tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
